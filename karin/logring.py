"""The log of a running karin in ``KARIN_HOME/log``: two files of bounded size, how they are written and followed.

It needs nothing of the supervisor, which writes it, so that any program may follow it.
"""

import errno
import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

LOG_FOLDER = "log"
NEWER, OLDER = "karin.log", "karin.log.1"
MAX_FILE_BYTES = 512 * 1024
ORIGIN_WIDTH = 9  # of "scheduler", the longest
_MARK_BYTES = 256  # of a file, up to where it was read: its lines begin with the time, no other file has the same


class LogEntry(NamedTuple):
    """One line: when it was written, by which part of karin, and what it says."""

    at_ms: int
    origin: str
    text: str

    def __str__(self) -> str:
        instant = datetime.fromtimestamp(self.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
        return f"{instant.removesuffix('+00:00')}Z {self.origin:<{ORIGIN_WIDTH}} | {self.text}"

    @classmethod
    def parse(cls, line: str) -> "LogEntry":
        """Read a line back; raises ValueError when it is not one."""
        head, bar, text = line.partition(" | ")
        stamp, _, origin = head.partition(" ")
        if not bar:
            raise ValueError(f"{line!r} is no line of the log")
        at = datetime.fromisoformat(stamp)
        return cls(round(at.timestamp() * 1000), origin.strip(), text)


class LogRing:
    """Appends lines to a log that never takes more than two files of ``MAX_FILE_BYTES``."""

    def __init__(self, home: Path) -> None:
        """Open the log of a KARIN_HOME, creating it readable by its owner only. Raises OSError."""
        folder = home / LOG_FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        self._newer, self._older = folder / NEWER, folder / OLDER
        self._file = -1
        self._size = 0
        self._open()

    def append(self, line: bytes) -> None:
        """Write a line, its newline included, or several. Raises OSError, such as when the disk is full."""
        if self._size and self._size + len(line) > MAX_FILE_BYTES:
            self.close()
            self._newer.replace(self._older)
        if self._file < 0:
            self._open()
        os.write(self._file, line)
        self._size += len(line)

    def close(self) -> None:
        """Close the file; the next line would open it again."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self) -> None:
        self._file = os.open(self._newer, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._size = os.fstat(self._file).st_size


class LogFollower:
    """Reads a log from where it read last, whatever is written and rotated meanwhile."""

    def __init__(self, home: Path) -> None:
        """Follow the log of a KARIN_HOME from its beginning; nothing is opened yet."""
        self._folder = home / LOG_FOLDER
        self._place = 0  # bytes that were read of the file that has the mark before this place
        self._mark = b""

    def read(self, most: int) -> list[str]:
        """Return the lines that were written since the last call, of many only the last ones, oldest first.

        What was rotated away between two calls is lost. Raises OSError when there is no log, or it may not be read.
        """
        with ExitStack() as stack:
            written = self._unread(stack)
        lines = written.rsplit(b"\n", most + 1)[-most - 1 : -1]
        return [line.decode(errors="replace") for line in lines]

    def _unread(self, stack: ExitStack) -> bytes:
        newer = self._open(stack, NEWER)
        if newer and self._is_known(newer):
            return self._rest(newer, self._place, self._mark)
        older = self._open(stack, OLDER)
        if newer is None and older is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._folder))
        if newer and older and os.path.sameopenfile(newer.fileno(), older.fileno()):
            older = None  # rotated between the two: what follows is read the next time
        unread = b""
        if older:
            unread = self._rest(older, self._place, self._mark) if self._is_known(older) else self._rest(older)
        return unread + self._rest(newer) if newer else unread

    def _open(self, stack: ExitStack, name: str) -> BinaryIO | None:
        try:
            return stack.enter_context((self._folder / name).open("rb"))
        except FileNotFoundError:
            return None

    def _is_known(self, file: BinaryIO) -> bool:
        """Tell whether a file is the one that was read last."""
        file.seek(self._place - len(self._mark))
        return bool(self._mark) and file.read(len(self._mark)) == self._mark

    def _rest(self, file: BinaryIO, place: int = 0, mark: bytes = b"") -> bytes:
        """Return the whole lines that follow a place in a file, and take note of where they end."""
        file.seek(place)
        read = file.read()
        lines = read[: read.rfind(b"\n") + 1]
        if lines:
            self._place, self._mark = place + len(lines), (mark + lines)[-_MARK_BYTES:]
        return lines
