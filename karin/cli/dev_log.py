"""What ``karin dev`` shows: its own words, and the lines of the functions and of karin as they come."""

import os
import re
import sys
import threading
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.text import Text

from karin.cli.dev_words import is_worth_showing, log_line
from karin.cli.layout import terminal_columns
from karin.clock import SystemClock

_OF_KARIN = re.compile(r"\S+Z (\w+) +\| (?:INFO )?(.*)")
_OF_FUNCTION = re.compile(r"([\w.-]+): ?(.*)")
_DELIVERY = re.compile(r"(?:WARNING )?\S+ -> \S+: \d+ message")
_SHOWN_OF_KARIN = ("scheduler", "endpoint")  # what the supervisor and the store say matters when karin does not come up
JOIN_SECONDS = 2


class Log:
    """Two pipes that processes write to, each followed by a thread; their lines are shown once ``show`` is called."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True, emoji=False, markup=False)
        self._clock = SystemClock()
        self._lock = threading.RLock()
        self._early: list[Text] | None = []  # lines from before anything is shown
        self._karin_is_ending = False
        self._functions, self.functions_fd = os.pipe()
        self._karin, self.karin_fd = os.pipe()
        self._threads: list[threading.Thread] = []
        self.last_of_karin = ""

    @property
    def columns(self) -> int | None:
        """Return how wide the terminal is, None where there is none."""
        return terminal_columns(sys.stdout)

    def follow(self) -> None:
        """Begin to read; every process that writes must have been started."""
        for read_fd, write_fd, take in (
            (self._karin, self.karin_fd, self._take_of_karin),
            (self._functions, self.functions_fd, self._take_of_functions),
        ):
            os.close(write_fd)
            thread = threading.Thread(target=_read, args=(read_fd, take), daemon=True)
            thread.start()
            self._threads.append(thread)

    def show(self) -> None:
        """Show lines from now on as they come."""
        with self._lock:
            self.say(self._early or ())
            self._early = None

    def hide_karin(self) -> None:
        """Show what functions write, and nothing of karin any more: it is being ended."""
        with self._lock:
            self._karin_is_ending = True

    def say(self, lines: Sequence[str | Text]) -> None:
        """Show lines."""
        with self._lock:
            for line in lines:
                self._console.print(line)

    def read_all_of_karin(self) -> None:
        """Wait until what karin wrote before it ended has been read."""
        self._threads[0].join(JOIN_SECONDS)

    def close(self) -> None:
        """Read to the end; the processes have ended."""
        for thread in self._threads:
            thread.join(JOIN_SECONDS)

    def _take_of_karin(self, line: str) -> None:
        self.last_of_karin = line
        found = _OF_KARIN.fullmatch(line)
        if not found or found[1] not in _SHOWN_OF_KARIN or self._karin_is_ending:
            return
        if self._early is None or _DELIVERY.match(found[2]):  # while it starts, it also tells what the summary tells
            self._take(log_line(self._clock.now_ms(), found[1], found[2]))

    def _take_of_functions(self, line: str) -> None:
        if not is_worth_showing(line):
            return
        found = _OF_FUNCTION.fullmatch(line)
        self._take(log_line(self._clock.now_ms(), *(found.groups() if found else ("functions", line))))

    def _take(self, line: Text) -> None:
        with self._lock:
            if self._early is None:
                self.say([line])
            else:
                self._early.append(line)


def _read(read_fd: int, take: Callable[[str], None]) -> None:
    with os.fdopen(read_fd, encoding="utf-8", errors="replace", newline="\n") as pipe:
        for line in pipe:
            take(line.rstrip("\n"))
