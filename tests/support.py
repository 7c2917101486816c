"""What every kind of test may need: waiting for an event, never for time."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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
