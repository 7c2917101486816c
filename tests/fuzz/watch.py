"""The bounds that every input is held to: how much processor time it takes, and how much memory stays behind it.

Time is this process's own on the processor, so what else runs on the machine does not count. An input that takes too
long is given again: only its quickest try counts, since a collection of garbage or a cold cache is not its doing.
"""

import ctypes
import gc
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TypeVar

T = TypeVar("T")
BOUND_MS = 100.0
HANG_SECONDS = 10.0  # on the processor: then the input is interrupted where it is
TRIES = 3
WARM_INPUTS = 2_000  # at most: caches and pools fill; growth is measured from here on
GROWTH_BYTES = 16 * 1024 * 1024


class Watch:
    """What was seen of one run of a target."""

    def __init__(self, bound_ms: float = BOUND_MS, warm_inputs: int = WARM_INPUTS) -> None:
        self.begun = 0
        self.inputs = 0
        self.slowest_ms = 0.0
        self.before_bytes = 0
        self._bound_ms = bound_ms
        self._warm_inputs = warm_inputs

    def see(self, give: Callable[[], T]) -> T:
        """Let one input be given and return what comes of it the first time; raises AssertionError for a slow one."""
        self.begun += 1
        result, took_ms = _timed_ms(give)
        tries = 1
        while took_ms > self._bound_ms and tries < TRIES:
            took_ms = min(took_ms, _timed_ms(give)[1])
            tries += 1
        self.inputs += 1
        self.slowest_ms = max(self.slowest_ms, took_ms)
        assert took_ms <= self._bound_ms, f"an input took {took_ms:.0f} ms, {self._bound_ms:.0f} are allowed"
        if self.inputs == self._warm_inputs:
            self.before_bytes = resident_bytes()
        return result


def resident_bytes() -> int:
    """Return how much memory this process holds once what it does not need is collected, and given back by malloc."""
    gc.collect()
    with suppress(OSError, AttributeError):  # another C library than glibc
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


@contextmanager
def no_hangs(watch: Watch) -> Iterator[None]:
    """Interrupt, by an AssertionError, whatever input takes about HANG_SECONDS on the processor."""
    seen = -1

    def look(_number: int, _frame: FrameType | None) -> None:
        nonlocal seen
        if seen == watch.begun:
            raise AssertionError(f"an input takes {HANG_SECONDS:g} s and longer: it was interrupted")
        seen = watch.begun

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS, HANG_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _timed_ms(give: Callable[[], T]) -> tuple[T, float]:
    started = time.process_time()
    result = give()
    return result, (time.process_time() - started) * 1000
