"""A real program at the end of a line: every byte that it writes to its terminal, as it writes it."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tests.support import wait_until

PATIENCE_SECONDS = 20
# The last of a sequence may be still to come.
PIECE = re.compile(rb"\x1b\[(\d+);(\d+)H|\x1b\[[0-?]*[ -/]*(?:[@-~]|\Z)|\x1b(?:[^\[]|\Z)|(\r)|(\n)|([^\x1b\r\n]+)")


class Line:
    """What a program in a terminal has written, and what is typed to it. No terminal answers its questions."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], columns: int, lines: int) -> None:
        self._own, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._lines = lines
        self._process = subprocess.Popen(
            command, env=dict(environ), stdin=its, stdout=its, stderr=its, start_new_session=True
        )
        os.close(its)
        self._written = bytearray()
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

    def press(self, keys: str, *, shows: str = "", hides: str = "") -> None:
        """Press keys, and wait until a person sees what they do: a text that was not there, or one no longer there.

        A text that is written is no sign: what lies below a dialog is written anew now and then. The next keys would
        follow an ESC at once, and be taken for one key with it.
        """
        seen = self.screen()
        assert hides or shows not in seen, f"{shows!r} is there before {keys!r}"
        assert hides in seen, f"{hides!r} is not there before {keys!r}"
        looked_at = len(self._written)
        os.write(self._own, keys.encode())

        def is_seen() -> bool:
            nonlocal looked_at
            if len(self._written) == looked_at:
                return False
            looked_at = len(self._written)
            seen = self.screen()
            return shows in seen and (not hides or hides not in seen)

        try:
            wait_until(is_seen, f"{keys!r} shows {shows!r} and hides {hides!r}", PATIENCE_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.screen()}") from None

    def screen(self) -> str:
        """Return what is seen, where each letter is one cell wide."""
        return screen_of(self.written, self._lines)

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


def screen_of(written: bytes, lines: int) -> str:
    """Return what a terminal shows of the texts that were written to it, of what else moves its cursor nothing."""
    cells: list[dict[int, str]] = [{} for _ in range(lines)]
    line = column = 0
    for place in PIECE.finditer(written):
        to_line, to_column, back, down, text = place.groups()
        if to_line:
            line, column = int(to_line) - 1, int(to_column) - 1
        elif back:
            column = 0
        elif down:
            line = min(line + 1, lines - 1)
        elif text:
            letters = text.decode(errors="replace")
            cells[line].update(enumerate(letters, column))
            column += len(letters)
    return "\n".join("".join(row.get(x, " ") for x in range(max(row, default=-1) + 1)).rstrip() for row in cells)
