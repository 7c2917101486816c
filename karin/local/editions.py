"""Whether a function's code has changed on disk, told from the names, sizes and times of its files.

Nothing watches: the files are looked at when the function is called, and a look may cost a twentieth of the time.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from karin.clock import Clock
from karin.local.definition import Function

LOOK_AT_MOST_EVERY_MS = 100
LOOK_SHARE = 20  # a look that took 10 ms is not repeated within 200
NOT_CODE = ("node_modules", "__pycache__", "venv")  # beside folders whose names begin with a dot
CODE_SUFFIXES = (
    "", ".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".json", ".yml", ".yaml", ".toml", ".ini", ".so", ".node",
    ".wasm", ".sql", ".html", ".j2",
)  # fmt: skip

Edition = int


class Editions:
    """Tells which edition of its code a function has now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], Edition] = {}
        self._good_until_ms: dict[tuple[str, str], int] = {}

    def of(self, function: Function) -> Edition:
        """Return a value that changes with the function's code; never raises."""
        # A bundle may lie in a folder that is otherwise passed over, such as .build/: the handler's own is looked at.
        handler_folder = str(Path(function.code, function.handler).parent)
        key = function.code, handler_folder
        started_at_ms = self._clock.now_ms()
        if started_at_ms < self._good_until_ms.get(key, 0):
            return self._known[key]
        files = set(_files(function.code))
        if not handler_folder.startswith("..") and handler_folder != function.code:
            files |= set(_files(handler_folder))
        self._known[key] = hash(frozenset(files))
        now_ms = self._clock.now_ms()
        pause_ms = max(LOOK_AT_MOST_EVERY_MS, LOOK_SHARE * (now_ms - started_at_ms))
        self._good_until_ms[key] = now_ms + pause_ms
        return self._known[key]


def _files(folder: str) -> Iterator[tuple[str, int, int]]:
    """Yield path, time of change in ns and size of each file of code within a folder."""
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or entry.name in NOT_CODE:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif os.path.splitext(entry.name)[1] in CODE_SUFFIXES:  # noqa: PTH122 - a Path per file costs more than its stat
                        found = entry.stat()
                        yield entry.path, found.st_mtime_ns, found.st_size
        except OSError:  # gone meanwhile, or not ours to read
            continue
