"""Who collects when: two test processes first, which compile the tests, and then the others, which find that done.

All at once, each would compile every file for itself.
"""

import fcntl
import tempfile
from pathlib import Path
from typing import Any

import pytest

FIRST = 2  # as many processors as the smallest machines have
_PLACE = "karin_compiled_lock"


class Turns:
    """Lets the test processes that it knows of begin to collect; it lives in the process that runs them."""

    def __init__(self) -> None:
        self._lock = tempfile.NamedTemporaryFile(prefix="karin-", suffix=".collecting")  # noqa: SIM115 - held for long
        self._known = 0
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a process that is about to start what to wait for."""
        self._known += 1
        if self._known > FIRST:
            node.workerinput[_PLACE] = self._lock.name

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self) -> None:
        """Let the others begin."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    def pytest_unconfigure(self) -> None:
        """Remove the lock, which lets go who still waits."""
        self._lock.close()


def wait_for_turn(config: pytest.Config) -> None:
    """Wait until this process may collect, which it may at once if no other runs it."""
    place = getattr(config, "workerinput", {}).get(_PLACE)
    if place:
        with Path(place).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
