"""The log ring in ``KARIN_HOME/log``: two files of bounded size, the newer one appended to, and how to tail them.

It needs nothing of the supervisor, so that any program may tail the log of a running karin.
"""

import os
from collections import deque
from pathlib import Path

LOG_FOLDER = "log"
NEWER, OLDER = "karin.log", "karin.log.1"
MAX_FILE_BYTES = 512 * 1024
_BLOCK_BYTES = 16 * 1024


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
        """Write one line, its newline included. Raises OSError, such as when the disk is full."""
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


def tail(home: Path, lines: int) -> list[str]:
    """Return the last lines of the log of a KARIN_HOME, the newest last; fewer when there are no more."""
    folder = home / LOG_FOLDER
    newer = _last_lines(folder / NEWER, lines)
    if len(newer) >= lines:
        return newer
    return _last_lines(folder / OLDER, lines - len(newer)) + newer


def _last_lines(path: Path, wanted: int) -> list[str]:
    """Read a file backwards by blocks until it has given enough lines."""
    if wanted <= 0:
        return []
    blocks: deque[bytes] = deque()
    newlines = 0
    try:
        with path.open("rb") as file:
            position = file.seek(0, os.SEEK_END)
            while position > 0 and newlines <= wanted:
                size = min(_BLOCK_BYTES, position)
                position -= size
                file.seek(position)
                blocks.appendleft(file.read(size))
                newlines += blocks[0].count(b"\n")
    except OSError:  # not there yet, or just being rotated away
        return []
    return [line.decode(errors="replace") for line in b"".join(blocks).splitlines()][-wanted:]
