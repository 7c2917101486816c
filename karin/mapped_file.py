"""Files of whole numbers that a process has to itself while it lives, and that others read."""

import fcntl
import mmap
import os
from pathlib import Path

MOST_FILES = 128  # of one kind; 64 workers, and those that a reload replaces


def take(folder: Path, role: str, suffix: str, size: int) -> mmap.mmap:
    """Return a file in a folder that no living process has, mapped; it is locked as long as this process lives.

    What it holds is its last owner's, or zeros. Raises OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(MOST_FILES):
        file = os.open(folder / f"{role}-{number}{suffix}", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        # All of it is on the disk from the start: a full disk would kill whoever writes to a page that is not.
        try:
            os.posix_fallocate(file, 0, size)
        except OSError:
            os.close(file)
            raise
        return mmap.mmap(file, size)
    raise OSError(f"{folder} has no free file")
