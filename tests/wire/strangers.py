"""An endpoint for strangers to attack, whose worker can be watched, and raw connections to attack it with."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.processes import bare_environ, free_port, process, status_of
from tests.support import START_SECONDS, wait_until
from tests.wire.signing import KEYS, TOKEN

MIB = 1024 * 1024


class Fort(NamedTuple):
    """An endpoint with keys and a token, and the processes behind it."""

    url: str
    log: Path
    pids: tuple[int, int]  # of gunicorn's master and of its worker

    def forget_peak(self) -> int:
        """Return how many bytes the worker holds, and measure its peak from now on."""
        Path(f"/proc/{self.pids[1]}/clear_refs").write_text("5", encoding="ascii")
        return self.memory("VmRSS")

    def memory(self, name: str) -> int:
        """Return a figure of the worker's memory, in bytes: ``VmRSS`` now, ``VmHWM`` the peak."""
        lines = Path(f"/proc/{self.pids[1]}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))

    def holds(self, connection: socket.socket) -> bool:
        """Tell whether the worker's side of a connection is still open."""
        ports = [f":{port:04X}" for port in (connection.getpeername()[1], connection.getsockname()[1])]
        rows = [row.split() for row in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()]
        return any(row[1].endswith(ports[0]) and row[2].endswith(ports[1]) and row[3] == "01" for row in rows)

    def connect(self) -> socket.socket:
        """Return a new connection."""
        parts = urlsplit(self.url)
        return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60)


@contextmanager
def running_fort(store_url: str, folder: Path, *, impatient: bool = False) -> Iterator[Fort]:
    """Run an endpoint with keys and a token; an impatient one has the limits of ``tests/wire/impatient.py``."""
    port = free_port()
    url, log = f"http://127.0.0.1:{port}", folder / "log"
    environ = bare_environ(
        REDIS_URL=store_url, KARIN_BIND=f"127.0.0.1:{port}", KARIN_ACCESS_KEYS=KEYS, KARIN_URL_TOKEN=TOKEN
    )
    command = [sys.executable, "-m", "karin", "endpoint"]
    if impatient:
        command = [sys.executable, "-m", "gunicorn", "--config", "python:tests.wire.impatient"]
        environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    with process(command, environ, log) as master:
        wait_until(lambda: status_of(f"{url}/healthz"), "the endpoint answers", START_SECONDS)
        yield Fort(url, log, (master.pid, _child_of(master.pid)))


def ended(connection: socket.socket, seconds: float) -> bytes:
    """Return what comes until the other side ends a connection; fail when it does not within so many seconds."""
    connection.settimeout(seconds)
    try:
        return b"".join(iter(lambda: connection.recv(65_536), b""))
    except ConnectionError:
        return b""


def _child_of(pid: int) -> int:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                after_name = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
            except OSError:
                continue
            if int(after_name.split()[1]) == pid:
                return int(entry.name)
    raise AssertionError(f"process {pid} has no child")
