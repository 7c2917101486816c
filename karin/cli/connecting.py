"""Finding the running karin: by the environment, else by what ``karin up`` left in KARIN_HOME."""

from collections.abc import Mapping
from dataclasses import replace

from karin.cli.main import CommandError
from karin.clock import SystemClock
from karin.operations.context import Context
from karin.settings import Settings
from karin.store.store import Store
from karin.supervisor import runtime


def connect(environ: Mapping[str, str]) -> tuple[Context, Settings]:
    """Return a context over the running karin's store; raises CommandError when none can be found."""
    settings = Settings.from_env(environ)
    running = runtime.read(settings.home)
    if settings.redis_url is None and running is not None:
        settings = replace(settings, redis_url=running.store_url)
    elif settings.redis_url is None and not settings.socket_path.exists():
        raise CommandError(
            f"karin is not running here (nothing in {settings.home}): start it with `karin up`, or set REDIS_URL"
        )
    store = Store.open(settings.store_url, max_connections=1)
    return Context.of(store, SystemClock(), settings), settings
