"""A person at a terminal of their own: what a command shows them, and what they type."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

END_OF_INPUT = "\x04"  # Ctrl-D


class Person:
    """Reads and types; ``process`` is the command."""

    def __init__(self, fileno: int, process: "subprocess.Popen[bytes]") -> None:
        self._fileno = fileno
        self.process = process

    def read_until(self, text: str) -> str:
        """Read until a text has been shown; return all that was shown since the last look."""
        seen = ""
        while text not in seen:
            try:
                seen += os.read(self._fileno, 4096).decode()
            except OSError:  # the command has ended
                break
        assert text in seen, seen
        return seen

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._fileno, text.encode())

    def press_ctrl_c(self) -> None:
        """Interrupt the command."""
        self.process.send_signal(signal.SIGINT)


@contextmanager
def person_at(
    environ: Mapping[str, str], *arguments: str, stdout: IO[bytes] | None = None, columns: int = 0
) -> Iterator[Person]:
    """Run a command of karin on a terminal; its output may go elsewhere, its width of 0 is that of one unknown."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-m", "karin", *arguments],
        env=dict(environ),
        stdin=theirs,
        stdout=stdout or theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            yield Person(ours, process)
        finally:
            process.kill()
            os.close(ours)
