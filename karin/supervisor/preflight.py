"""What must be true before anything starts: a usable KARIN_HOME, no other karin on it, a free address."""

import errno
import fcntl
import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from karin import runtime
from karin.settings import DEFAULT_METRICS_BIND, Settings

LOCK_FILE = "lock"
LEFT_STORE_TRIES = 50  # 5 s: a store whose supervisor was killed needs a moment to close its log
LEFT_STORE_PAUSE_SECONDS = 0.1


class StartError(Exception):
    """Karin cannot start; the message is one line that says what happened and what to do."""


def prepare_home(home: Path) -> None:
    """Create KARIN_HOME for its owner only. Raises StartError.

    A folder that is there already keeps its mode (it may be a mounted volume, or shared by mistake): what is secret in
    it has a mode of its own.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unusable_home(home, error) from error


@contextmanager
def locked(home: Path) -> Iterator[int]:
    """Hold the lock of a KARIN_HOME and give its file descriptor. Raises StartError when another karin has it.

    The kernel drops the lock when every process that inherited it is gone, so nothing is left to clean up.
    """
    try:
        lock = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise unusable_home(home, error) from error
    try:
        _take(lock, home)
        yield lock
    finally:
        os.close(lock)


def require_private_metrics(settings: Settings) -> None:
    """Raise StartError if metrics would have the endpoint's port, whatever the address."""
    if settings.metrics_bind and settings.metrics_bind[1] == settings.bind_port:
        raise StartError(
            f"KARIN_METRICS_BIND has the endpoint's port {settings.bind_port}, which strangers may reach: choose"
            f" another, such as {DEFAULT_METRICS_BIND}"
        )


def require_free_address(host: str, port: int, name: str = "KARIN_BIND") -> None:
    """Raise StartError unless whatever the setting of a name is for will be able to listen there."""
    asked = f"{name}={host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise StartError(f"{asked} has no address: {host} is unknown, so choose an address of this machine") from error
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the endpoint: old connections do not count
        try:
            probe.bind(address)
        except OSError as error:
            raise StartError(f"{asked} {_why_not(error)}") from error


def unusable_home(home: Path, error: OSError) -> StartError:
    """Return what to tell a person whose KARIN_HOME cannot be written to."""
    reason = error.strerror or str(error)
    return StartError(f"KARIN_HOME={home} cannot be used: {reason}; make it writable or choose another folder")


def _take(lock: int, home: Path) -> None:
    for _ in range(LEFT_STORE_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if owner := runtime.read(home):
                raise StartError(
                    f"karin is already running on KARIN_HOME={home} (pid {owner.pid}):"
                    " stop it or choose another KARIN_HOME"
                ) from None
            select.select((), (), (), LEFT_STORE_PAUSE_SECONDS)
        else:
            return
    raise StartError(
        f"KARIN_HOME={home} is locked by a karin that is ending or starting: wait, or choose another KARIN_HOME"
    )


def _why_not(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "is already in use: stop the other program or choose another port"
        case errno.EADDRNOTAVAIL:
            return "is not an address of this machine: bind 127.0.0.1, 0.0.0.0 or one that it has"
        case errno.EACCES:
            return "is reserved for root: choose a port from 1024 on"
        case _:
            return f"cannot be bound: {error.strerror}"
