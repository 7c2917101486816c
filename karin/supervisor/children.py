"""What the supervisor runs: the parts of karin as command lines, each with its way of telling that it is up."""

import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from karin.embedded import store_answers, store_command
from karin.settings import Settings

# Python's arguments. Not by way of karin's own command line, which takes a quarter of a second of a core to load.
SCHEDULER = ("-m", "karin.scheduler")
ENDPOINT = ("-m", "gunicorn", "--config", "python:karin.wsgi.gunicorn_config")
WEB_PASSWORD = "KARIN_WEB_PASSWORD"  # noqa: S105 - the variable, of karin-tui alone
_OF_DOORS = frozenset({"KARIN_BIND", "KARIN_ACCESS_KEYS", "KARIN_URL_TOKEN", "KARIN_INDEX", WEB_PASSWORD})
_REGIONS = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION"})  # in ARNs
CONNECT_TIMEOUT_SECONDS = 0.2  # the port is on this machine: it accepts or refuses at once


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One child. A child starts when every earlier one that has a probe is up; they are drained in reverse."""

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    probe: Callable[[], bool] | None = None  # quick, never raises; None: it is up when it has stayed up
    stop_signal: signal.Signals = signal.SIGTERM
    reload_signal: signal.Signals | None = None  # what it gets when the supervisor gets HUP
    holds_lock: bool = False  # it keeps the lock of KARIN_HOME as long as it lives, whatever became of the supervisor


def karin_children(
    settings: Settings, environ: Mapping[str, str], swept_as: Sequence[str] = ()
) -> tuple[ChildSpec, ...]:
    """Return karin's own children in the order in which they start. Raises StoreBinaryError.

    ``swept_as`` are the id of the scheduler, which is the same when it is started again, so that nobody takes both for
    alive, and that of one which it replaces.
    """
    inherited = {**environ, "REDIS_URL": settings.store_url}
    scheduler = ChildSpec("scheduler", (sys.executable, *SCHEDULER, *swept_as), _without_doors(inherited))
    endpoint = ChildSpec(
        "endpoint",
        (sys.executable, *ENDPOINT),
        _of_endpoint(inherited, calls_functions=settings.index),
        probe=lambda: accepts_connections(settings.endpoint_url),
        reload_signal=signal.SIGHUP,
    )
    if settings.redis_url is not None:
        return scheduler, endpoint
    store = ChildSpec(
        "store",
        tuple(store_command(settings)),
        # No environment: it reads nothing from it, and the secrets in it are none of its business.
        probe=lambda: store_answers(settings.socket_path),
        # Two stores that append to one log would ruin it: the next karin waits until this one has ended.
        holds_lock=True,
    )
    return store, scheduler, endpoint


def _without_doors(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what locks the doors: whoever calls functions lets nobody in."""
    return {name: value for name, value in environ.items() if name not in _OF_DOORS}


def _of_endpoint(environ: Mapping[str, str], *, calls_functions: bool) -> dict[str, str]:
    """Return an environment for the part that strangers reach: unless it calls functions, it must not be able to."""
    return {
        name: value
        for name, value in environ.items()
        if name in _REGIONS or ((calls_functions or not name.startswith("AWS_")) and name != WEB_PASSWORD)
    }


def accepts_connections(url: str) -> bool:
    """Say whether something accepts TCP connections at the host and port of a URL."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port or 80), CONNECT_TIMEOUT_SECONDS).close()
    except OSError:
        return False
    return True
