"""What karin-tui costs: how soon it shows something, its memory, the bytes it writes and the commands it sends.

In a real pseudo-terminal of 80x24 on one core, against a real karin: at rest, under load, and left alone. Each state
lasts ``KARIN_BENCH_STATE_SECONDS``, 60 unless told; ``terminal_soak`` is about what grows.
"""

import contextlib
import fcntl
import hashlib
import os
import pty
import select
import signal
import statistics
import struct
import sys
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from benchmarks.harness import Karin, print_table, running_karin
from karin.store.scripts import SCRIPTS

QUEUES = [f"bench-{number}" for number in range(20)]
STARTS = 7
FIRST_SIGHT = b"FEEDS"  # the last title of the table of queues
MESSAGES_PER_SECOND = 20
STATE_SECONDS = int(os.environ.get("KARIN_BENCH_STATE_SECONDS", "60"))  # noqa: TID251 - a benchmark's own setting


@dataclass
class Screen:
    """karin-tui in a terminal, and how many bytes came from it."""

    pid: int
    fd: int
    written: int = 0

    def read(self, seconds: float, until: bytes = b"") -> bytes:
        """Take what is written, for so long or until something is seen."""
        seen, end = b"", time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not (until and until in seen):
            if select.select([self.fd], [], [], left)[0]:
                chunk = os.read(self.fd, 1 << 16)
                self.written += len(chunk)
                seen += chunk
        return seen

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self.fd, keys)

    def pss_bytes(self) -> int:
        """Return the memory that is its own, and its share of what it shares."""
        text = Path(f"/proc/{self.pid}/smaps_rollup").read_text(encoding="ascii")
        return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))


@contextlib.contextmanager
def opened(karin: Karin, columns: int = 80, lines: int = 24, prefix: Sequence[str] = ()) -> Iterator[Screen]:
    """Open karin-tui on one core; ``prefix`` are words that come before its command."""
    command = [*prefix, str(Path(sys.executable).with_name("karin-tui"))]
    environ = {
        "KARIN_HOME": str(karin.home),
        "TERM": "xterm-256color",
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
    }
    pid, fd = pty.fork()
    if pid == 0:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        os.execve(command[0], command, environ)  # noqa: S606 - there is no shell to need
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    try:
        yield Screen(pid, fd)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(fd)


def _starts(karin: Karin) -> list[float]:
    seconds = []
    for _ in range(STARTS):
        began = time.monotonic()
        with opened(karin) as screen:
            assert FIRST_SIGHT in screen.read(20, FIRST_SIGHT)
            seconds.append(time.monotonic() - began)
    return seconds


@contextlib.contextmanager
def load(karin: Karin) -> Iterator[None]:
    """Send messages steadily."""
    done = threading.Event()
    sqs = karin.client()

    def send() -> None:
        number = 0
        while not done.wait(1 / MESSAGES_PER_SECOND):
            number += 1
            url = f"{karin.url}/000000000000/{QUEUES[number % len(QUEUES)]}"
            sqs.send_message(QueueUrl=url, MessageBody=f"{number % 3} message {number}", DelaySeconds=number % 3)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class Watch:
    """Counts the commands that only a terminal UI sends, and its share of those that others send as well."""

    SCRIPTS = ("survey", "agenda", "list_invocations", "peek", "look")
    OTHERS = ("SUBSCRIBE", "HGETALL karin:", "HKEYS karin:overrides", "GET karin:snapshot", "ZRANGEBYLEX karin:queues")

    def __init__(self, karin: Karin) -> None:
        self._count = 0
        hashes = [hashlib.sha1(SCRIPTS[name].encode()).hexdigest() for name in self.SCRIPTS]
        self._starts = (*(f"EVALSHA {one}" for one in hashes), *self.OTHERS)
        client: Any = redis.Redis(unix_socket_path=str(karin.home / "store.sock"), socket_timeout=None, protocol=2)
        threading.Thread(target=self._listen, args=(client,), daemon=True).start()

    def commands(self) -> int:
        """Return how many there were until now."""
        return self._count

    def _listen(self, client: Any) -> None:
        with contextlib.suppress(redis.ConnectionError), client.monitor() as monitor:
            for entry in monitor.listen():
                self._count += entry["client_type"] != "lua" and entry["command"].startswith(self._starts)


def _watched(screen: Screen, watch: Watch, title: str, keys: bytes = b"") -> tuple[object, ...]:
    """Return a row of figures; a key now and then means that someone looks."""
    commands, written, began = watch.commands(), screen.written, time.monotonic()
    while (left := began + STATE_SECONDS - time.monotonic()) > 0:
        screen.read(min(20, left))
        if keys:
            screen.press(keys)
    seconds = time.monotonic() - began
    return (
        title,
        f"{(screen.written - written) / seconds:,.0f}",
        f"{(watch.commands() - commands) / seconds * 60:.1f}",
        f"{screen.pss_bytes() / 1e6:.1f}",
    )


def main() -> None:
    """Print the figures."""
    with running_karin(QUEUES) as karin:
        starts = _starts(karin)
        watch = Watch(karin)
        with opened(karin) as screen:
            screen.read(5)
            rows: list[tuple[object, ...]] = [("", "bytes a second", "commands a minute", "PSS MB")]
            rows.append(_watched(screen, watch, "queues, at rest", b"j"))
            with load(karin):
                rows.append(_watched(screen, watch, f"queues, {MESSAGES_PER_SECOND} messages a second", b"j"))
                screen.press(b"4")
                rows.append(_watched(screen, watch, f"invocations, {MESSAGES_PER_SECOND} messages a second", b"j"))
                screen.press(b"6")
                rows.append(_watched(screen, watch, f"log, {MESSAGES_PER_SECOND} messages a second", b"G"))
                screen.press(b"1")
                screen.read(61)
                rows.append(_watched(screen, watch, "left alone for a minute, under load"))
            screen.press(b"j")
            rows.append(_watched(screen, watch, "queues, at rest again", b"j"))
    median = f"{statistics.median(starts):.2f}"
    print_table(
        f"karin-tui: seconds from its start to the table of queues, on one core, {STARTS} starts",
        [("median", "best", "worst"), (median, f"{min(starts):.2f}", f"{max(starts):.2f}")],
    )
    print_table(f"karin-tui in 80x24 over {len(QUEUES)} queues, {STATE_SECONDS} s each", rows)
