"""Where the lines of the supervisor and of its children go: its own standard output, and the log ring."""

import os
import select

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

    def write(self, origin: str, text: str) -> None:
        """Write one line that came from a child."""
        line = f"{LogEntry(self._clock.now_ms(), origin, text)}\n".encode(errors="replace")
        try:
            self._ring.append(line)
            self._ring_works = True
        except OSError as error:
            if self._ring_works:
                self._show(f"karin: cannot write the log: {error.strerror}\n".encode())
            self._ring_works = False
        self._show(line)

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
