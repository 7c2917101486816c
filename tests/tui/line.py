"""A real program at the end of a line: every byte that it writes to its terminal, as it writes it."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tests.support import wait_until

PATIENCE_SECONDS = 20
REST_SECONDS = 0.1  # less than between two blinks of a cursor


class Line:
    """What a program in a terminal has written, and what is typed to it. No terminal answers its questions."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], columns: int, lines: int) -> None:
        self._own, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._process = subprocess.Popen(
            command, env=dict(environ), stdin=its, stdout=its, stderr=its, start_new_session=True
        )
        os.close(its)
        self._written = bytearray()
        self._heard = threading.Event()
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()

    @property
    def written(self) -> bytes:
        """Return everything that was written so far."""
        return bytes(self._written)

    def shows(self, text: str, after: int = 0) -> None:
        """Wait until a text was written, after the first ``after`` bytes."""
        try:
            wait_until(lambda: text.encode() in self._written[after:], f"{text!r} was written", PATIENCE_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.written[-2000:]!r}") from None

    def press(self, keys: str, then: str) -> None:
        """Press keys when all is written that comes by itself, and wait until a text is written after that."""
        while self._heard.wait(REST_SECONDS):
            self._heard.clear()
        before = len(self._written)
        os.write(self._own, keys.encode())
        self.shows(then, before)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._own, keys.encode())

    def exit_code(self) -> int:
        """Wait for the program's end; return its exit code."""
        code = self._process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        return code

    def close(self) -> None:
        """End the program if it is still there."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        os.close(self._own)

    def _collect(self) -> None:
        while True:
            try:
                self._written += os.read(self._own, 65_536)
                self._heard.set()
            except OSError:  # the other end is closed: how Linux says that a terminal is gone
                return


@contextmanager
def line(command: Sequence[str], environ: Mapping[str, str], columns: int = 80, lines: int = 24) -> Iterator[Line]:
    """Yield a program that runs in a terminal; end it in the end."""
    begun = Line(command, environ, columns, lines)
    try:
        yield begun
    finally:
        begun.close()
