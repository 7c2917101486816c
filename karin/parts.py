"""Which part of the karin on this machine is down: by its supervisor's word, the kernel's, and the endpoint's own.

A scheduler is otherwise known by its last sweep alone, which tells of its death minutes later, and an endpoint by
nothing. None of it costs a Redis command. Of parts that no supervisor on this KARIN_HOME runs nothing is known.
"""

import os
import socket
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from karin import runtime
from karin.runtime import RuntimeInfo
from karin.settings import Settings

ALIVE_PATH = "/livez"  # the endpoint answers there without asking the store
DOWN, STOPPED, SILENT = "down", "stopped", "does not answer"
CONNECT_SECONDS = 0.2  # a port of this machine accepts or refuses at once
ANSWER_SECONDS = 5.0  # for how long the endpoint is waited for
SCHEDULER, ENDPOINT = "scheduler", "endpoint"

_PROC = Path("/proc")
_STOPPED_STATES, _DEAD_STATES = ("T", "t"), ("Z", "X")  # proc(5), "/proc/pid/stat"


class Parts(NamedTuple):
    """What is wrong with each part, in one or two words; "" where nothing is known to be."""

    endpoint: str = ""
    scheduler: str = ""


ALL_DOWN = Parts(DOWN, DOWN)


def running_here(settings: Settings) -> RuntimeInfo | None:
    """Return the karin that runs on this KARIN_HOME if it is the one whose store the settings name."""
    running = runtime.read(settings.home)
    return running if running and running.store_url == settings.store_url else None


def processes_of(running: RuntimeInfo) -> Parts:
    """Return how the processes are: ended and not started again yet, or stopped by a signal."""
    return Parts(_process(running.children.get(ENDPOINT)), _process(running.children.get(SCHEDULER)))


def look(settings: Settings) -> Parts | None:
    """Return how all parts are, None when no karin runs here; waits for the endpoint for ANSWER_SECONDS at most."""
    running = running_here(settings)
    if running is None:
        return None
    parts = processes_of(running)
    return parts if parts.endpoint or _answers(running.endpoint_url) else parts._replace(endpoint=SILENT)


def new_scheduler_id(supervisor_pid: int) -> str:
    """Return an id for a supervisor's scheduler to sweep under; it keeps it when it is started again."""
    return f"{_of_supervisor(supervisor_pid)}{os.urandom(4).hex()}"


def is_down_here(swept: str, running: RuntimeInfo | None) -> bool:
    """Tell whether a scheduler, by the id under which it swept, is the one that runs here and is down or stopped."""
    if running is None or not swept.startswith(_of_supervisor(running.pid)):
        return False
    return processes_of(running).scheduler != ""


def _of_supervisor(pid: int) -> str:
    return f"{socket.gethostname()}-{pid}-"


def _process(pid: int | None) -> str:
    if pid is None:
        return DOWN
    try:
        # The name before it, in brackets, may hold anything.
        state = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return DOWN if _PROC.joinpath("self").exists() else ""
    except (OSError, IndexError):
        return ""
    return STOPPED if state in _STOPPED_STATES else DOWN if state in _DEAD_STATES else ""


def ask(endpoint_url: str) -> socket.socket:
    """Ask the endpoint whether it is there; whatever can then be read is its answer. Raises OSError.

    A plain socket: those who ask are many and small, and no proxy is to answer.
    """
    address = urlsplit(endpoint_url)
    connection = socket.create_connection((address.hostname, address.port or 80), CONNECT_SECONDS)
    try:
        connection.sendall(f"GET {ALIVE_PATH} HTTP/1.1\r\nHost: karin\r\nConnection: close\r\n\r\n".encode())
    except OSError:
        connection.close()
        raise
    return connection


def _answers(endpoint_url: str) -> bool:
    try:
        with ask(endpoint_url) as connection:
            connection.settimeout(ANSWER_SECONDS)
            return bool(connection.recv(1))
    except OSError:
        return False
