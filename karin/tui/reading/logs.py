"""The last lines of karin's log on this machine, each with its level; what was read is not read again."""

import re
import sys
from pathlib import Path

from karin.logring import LOG_FOLDER, LogEntry, LogFollower
from karin.tui.levels import told
from karin.tui.world import LogLine

MOST_LINES = 500  # each takes a kilobyte, its row included
SUPERVISOR = "karin"  # as it calls itself in the log

# What the supervisor says of a child that did not end as it was told to, and of itself when something is in its way.
_SUPERVISOR_WARNS = re.compile(r"starting it again|ended \((?!exit code 0\))|killing|cannot ")
_TRACEBACK_BEGINS = re.compile(
    r"Traceback \(most recent call last\)|Exception (in|ignored)\b|During handling of |The above exception "
)


class LogTail:
    """The end of one karin's log."""

    def __init__(self, home: Path) -> None:
        """Look at the log of a KARIN_HOME; nothing is opened yet."""
        self._folder = home / LOG_FOLDER
        self._follower = LogFollower(home)
        self._lines: tuple[LogLine, ...] = ()
        self._last_at_ms = 0
        self._in_traceback: set[str] = set()  # origins

    def read(self) -> tuple[tuple[LogLine, ...], str]:
        """Return the last MOST_LINES lines, oldest first, and "", or none and why; as long as nothing is new, the same.

        The words say where to look instead.
        """
        try:
            new = self._follower.read(MOST_LINES)
        except FileNotFoundError:
            return (), (
                f"no log is here (nothing in {self._folder}): karin runs on another machine, or its parts were started"
                " one by one; look at the output of whatever started them, such as `fly logs` or `docker logs`"
            )
        except OSError as error:
            return (), f"the log in {self._folder} cannot be read: {error.strerror}"
        if new:
            self._lines = (*self._lines, *map(self._read_line, new))[-MOST_LINES:]
        return self._lines, ""

    def _read_line(self, line: str) -> LogLine:
        try:
            entry = LogEntry.parse(line)
        except ValueError:  # such as half a line, from when the disk was full
            entry = LogEntry(self._last_at_ms, "-", line)
        self._last_at_ms = entry.at_ms
        return LogLine(entry.at_ms, sys.intern(entry.origin), self._level(entry.origin, entry.text), entry.text)

    def _level(self, origin: str, text: str) -> str:
        level = told(text).level
        if level is None and _TRACEBACK_BEGINS.match(text):
            self._in_traceback.add(origin)
            return "ERROR"
        if level is None and origin in self._in_traceback:
            if not text[:1].isspace():
                self._in_traceback.discard(origin)  # the exception itself, which ends it
            return "ERROR"
        self._in_traceback.discard(origin)
        if level is None and origin == SUPERVISOR and _SUPERVISOR_WARNS.search(text):
            return "WARNING"
        return level or "INFO"
