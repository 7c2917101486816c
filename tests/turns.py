"""Who runs when: tests marked ``alone`` one after the other in one process while none runs in any other, files whole.

A promise of a time cannot be kept on a machine that three test processes keep busy.
"""

import fcntl
import os
import tempfile
from pathlib import Path
from typing import IO

import pytest
from xdist.scheduler import LoadGroupScheduling

TESTS = Path(__file__).parent
LOCK = Path(tempfile.gettempdir()) / f"karin-tests-{os.getuid()}.lock"
DOOR = LOCK.with_suffix(".door")
ALONE = "alone"
# Folders whose tests wait for real processes are first: what only computes fills the gaps, and no long one is last.
SLOWEST_FIRST = ("chaos", "faults", "many", "system", "scheduler", "local", "wire", "tui", "clients")


def is_alone(item: pytest.Item | None) -> bool:
    """Tell whether a test is to run while no other does."""
    return item is not None and item.get_closest_marker(ALONE) is not None


def arrange(items: list[pytest.Item]) -> None:
    """Put those that run alone first, as one group: later each would wait for the end of whatever runs beside it."""
    items.sort(key=lambda item: (not is_alone(item), _rank(item.path)))
    for item in filter(is_alone, items):
        item.add_marker(pytest.mark.xdist_group(ALONE))


def _rank(path: Path) -> int:
    folder = path.relative_to(TESTS).parts[0]
    return SLOWEST_FIRST.index(folder) if folder in SLOWEST_FIRST else len(SLOWEST_FIRST)


class FilesWhole(LoadGroupScheduling):  # type: ignore[misc]
    """Gives each file to one test process, which then starts only once what its tests share."""

    def _split_scope(self, nodeid: str) -> str:
        group: str = super()._split_scope(nodeid)
        return group if group == ALONE else nodeid.partition("::")[0]


class House:
    """What test processes run in: many at a time, or one that is alone.

    Whoever waits to be alone keeps the door shut, so that no other test begins meanwhile: it would wait for ever.
    """

    def __init__(self) -> None:
        self._held: IO[str] | None = None

    def enter(self, *, alone: bool) -> None:
        """Wait for the turn of a test; whoever is alone already stays so."""
        if self._held is not None:
            return
        self._held = LOCK.open("w")
        with DOOR.open("w") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(self._held, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)

    def leave(self) -> None:
        """Let others in."""
        if self._held is not None:
            self._held.close()
            self._held = None
