"""What every kind of test may need: waiting for an event, never for time, and a folder with a short path."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

POLL_SECONDS = 0.01

T = TypeVar("T")


def wait_until(predicate: Callable[[], T | None], description: str, timeout_s: float = 10.0) -> T:
    """Return the predicate's first truthy value; fail with the description when none comes in time."""
    deadline = datetime.now(UTC) + timedelta(seconds=timeout_s)
    pause = threading.Event()
    while not (value := predicate()):
        if datetime.now(UTC) > deadline:
            raise AssertionError(f"after {timeout_s:g} s still not: {description}")
        pause.wait(POLL_SECONDS)
    return value


@contextmanager
def short_folder() -> Iterator[Path]:
    """Make a folder whose path leaves room for the name of a store's socket; remove it in the end."""
    with tempfile.TemporaryDirectory(prefix="karin-", dir="/tmp") as folder:
        yield Path(folder)
