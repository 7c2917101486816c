"""Finding the running karin: by the environment, else by what ``karin up`` left in KARIN_HOME.

How a karin works it says itself: what a shell says of that, such as AWS_REGION, is about something else. The one rule
for every program that looks at a karin from outside: the command line and the terminal UI.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from karin import runtime
from karin.budget.opening import open_ledger
from karin.clock import SystemClock
from karin.embedded import store_answers
from karin.operations.context import Context
from karin.settings import Settings, mask_url, with_shared
from karin.store.connection import StoreUnavailable
from karin.store.store import Store


class NotRunning(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """No karin runs here; the message is one line that says where it was looked for and what to do."""


@dataclass(frozen=True, slots=True)
class Running:
    """A karin that was found: what operations need, the settings that lead to it, and where its endpoint is."""

    context: Context
    settings: Settings
    endpoint_url: str

    @property
    def has_embedded_store(self) -> bool:
        """Tell whether the store is the one that karin runs itself."""
        return self.settings.store_url == f"unix://{self.settings.socket_path}"

    @property
    def store_title(self) -> str:
        """Return the store as people name it, without its password."""
        return "embedded" if self.has_embedded_store else mask_url(self.settings.store_url)


def find(environ: Mapping[str, str], *, of_any_karin: bool = False) -> Running:
    """Return the running karin, with one connection for commands. Raises NotRunning, SettingsError, NewerStore.

    ``of_any_karin`` is for those who read nothing of the store: one that a newer karin wrote is given as well.

    A store that the environment names is taken at its word: whether it answers, its next command tells. A karin that
    runs here on another store is then not the one that is meant.
    """
    settings = Settings.from_env(environ)
    running = runtime.read(settings.home)
    if running is not None and settings.redis_url not in (None, running.store_url):
        running = None
    if running is not None:
        if running.variables is not None:
            settings = Settings.from_env(with_shared(environ, running.variables))
        settings = replace(settings, redis_url=running.store_url)
    elif settings.redis_url is None and not store_answers(settings.socket_path):
        raise NotRunning(
            f"karin is not running here (nothing in {settings.home}): start it with `karin up`, or set REDIS_URL"
        )
    clock = SystemClock()
    ledger = open_ledger(settings, clock)
    charged = ledger.cells("visit") if ledger and ledger.is_kept else None
    store = Store.open(settings.store_url, max_connections=1, charged=charged)
    if not of_any_karin:
        with suppress(StoreUnavailable):
            store.schema.check()
    context = Context.of(store, clock, settings)
    return Running(context, settings, running.endpoint_url if running else settings.endpoint_url)
