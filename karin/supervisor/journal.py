"""Where the lines of the supervisor and of its children go: its own standard output, and the log ring."""

import os
import select
from collections.abc import Iterator, Sequence

from karin.clock import Clock
from karin.logring import LogEntry, LogRing

STDOUT = 1
PATIENCE_SECONDS = 0.1  # how long a slow reader of our output may hold up the supervision, once


class Journal:
    """Prefixes each line with time and origin, shows it and keeps it. Neither a full disk nor a stuck pipe stops it."""

    def __init__(self, ring: LogRing, clock: Clock) -> None:
        """Write to a log ring and to standard output."""
        self._ring = ring
        self._clock = clock
        self._ring_works = True
        self._reader_is_slow = False
        self._shown = True

    def write(self, origin: str, *texts: str) -> None:
        """Write lines that came from a child at one time."""
        now_ms = self._clock.now_ms()
        lines = [f"{LogEntry(now_ms, origin, text)}\n".encode(errors="replace") for text in texts]
        for piece in _pieces(lines):
            try:
                self._ring.append(piece)
                self._ring_works = True
            except OSError as error:
                if self._ring_works:
                    self._show(f"karin: cannot write the log: {error.strerror}\n".encode())
                self._ring_works = False
            self._show(piece)

    def say(self, text: str) -> None:
        """Write one line of the supervisor's own."""
        self.write("karin", text)

    def _show(self, line: bytes) -> None:
        """Write to standard output unless nobody reads it: a stopped terminal must not stop the queues."""
        if not self._shown:
            return
        patience = 0 if self._reader_is_slow else PATIENCE_SECONDS
        try:
            ready = select.select([], [STDOUT], [], patience)[1]
            self._reader_is_slow = not ready
            if ready:
                os.write(STDOUT, line)
        except OSError:  # closed for good; the log ring goes on
            self._shown = False


def _pieces(lines: Sequence[bytes]) -> Iterator[bytes]:
    """Yield lines together as far as a pipe takes them whole or not at all."""
    piece = b""
    for line in lines:
        if piece and len(piece) + len(line) > select.PIPE_BUF:
            yield piece
            piece = b""
        piece += line
    if piece:
        yield piece
