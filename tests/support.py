"""What every kind of test may need: waiting for an event, never for time, and a folder with a short path."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.01, 0.05
PAUSE_OF_WAIT = 0.05  # who has waited for seconds looks less often: many a look costs what it waits for its time
START_SECONDS = 60  # for a process to serve; on an idle machine it takes two

T = TypeVar("T")


def wait_until(predicate: Callable[[], T | None], description: str, timeout_s: float = 10.0) -> T:
    """Return the predicate's first truthy value; fail with the description when none comes in time."""
    begun = datetime.now(UTC)
    pause = threading.Event()
    while not (value := predicate()):
        waited = datetime.now(UTC) - begun
        if waited > timedelta(seconds=timeout_s):
            raise AssertionError(f"after {timeout_s:g} s still not: {description}")
        proportionate = waited.total_seconds() * PAUSE_OF_WAIT
        pause.wait(min(max(proportionate, SHORTEST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS))
    return value


@contextmanager
def short_folder() -> Iterator[Path]:
    """Make a folder whose path leaves room for the name of a store's socket; remove it in the end."""
    with tempfile.TemporaryDirectory(prefix="karin-", dir="/tmp") as folder:
        yield Path(folder)
