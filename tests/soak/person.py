"""A person at karin-tui, who looks at one view after the other, in a real pseudo-terminal that is always read."""

import contextlib
import fcntl
import os
import pty
import random
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "j", "j", "k", "\r", "\x1b")
PAUSE_SECONDS = 1.5
LINES, COLUMNS = 40, 120


@contextlib.contextmanager
def person(environ: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run karin-tui with somebody before it; yield its process."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    program = str(Path(sys.executable).with_name("karin-tui"))
    running = subprocess.Popen(
        [program],
        env={**environ, "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    leaving = threading.Event()
    threads = [threading.Thread(target=one, args=(ours, leaving), daemon=True) for one in (_look, _press)]
    for thread in threads:
        thread.start()
    try:
        yield running
        assert running.poll() is None, f"karin-tui ended with {running.returncode}"
    finally:
        leaving.set()
        running.kill()
        running.wait()
        for thread in threads:
            thread.join()
        os.close(ours)


def _look(terminal: int, _leaving: threading.Event) -> None:
    with contextlib.suppress(OSError):  # the program has ended
        while os.read(terminal, 1 << 16):
            pass


def _press(terminal: int, leaving: threading.Event) -> None:
    chance = random.Random("person")  # noqa: S311 - no secret
    while not leaving.wait(PAUSE_SECONDS):
        os.write(terminal, chance.choice(KEYS).encode())
