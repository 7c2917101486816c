"""A clock for karin's processes that can be set, while the machine's, by which senders and checker go, is left alone.

Every Python process that is started with ``environ`` goes by it (settable/sitecustomize.py). The store is none: its
clock stays true, and it decides by karin's own, which it is told with each command.
"""

import mmap
from collections.abc import Mapping
from pathlib import Path

from tests.chaos.ledger import Setting, Wall, now_ms

FILE_NAME = "clock"


class SettableClock:
    """The clock of a rig; what it was set to is written down in ``wall``."""

    def __init__(self, folder: Path, wall: Wall) -> None:
        path = folder / FILE_NAME
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._offset = memoryview(mmap.mmap(file.fileno(), 8)).cast("q")  # one store: no reader sees a half
        self._wall = wall
        self.environ: Mapping[str, str] = {
            "PYTHONPATH": str(Path(__file__).parent / "settable"),
            "TESTS_CLOCK": str(path),
        }

    def turn(self, by_ms: int) -> None:
        """Set it forward, or back if that is negative."""
        before_ms = now_ms()
        self._offset[0] += by_ms * 1_000_000
        self._wall.settings.append(Setting(before_ms, now_ms(), self._offset[0] / 1e6))
