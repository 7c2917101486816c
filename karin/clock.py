"""The only reader of the clock: everything else is told what time it is, so that tests own time."""

import time
from typing import Protocol


class Clock(Protocol):
    """Anything that tells the time as milliseconds since the Unix epoch."""

    def now_ms(self) -> int:
        """Return the current instant in milliseconds since the Unix epoch, UTC."""
        ...


class SystemClock:
    """The machine's wall clock."""

    def now_ms(self) -> int:
        """Return the current instant in milliseconds, rounded down: never later than it is."""
        return time.time_ns() // 1_000_000


class SteadyClock:
    """Time that only passes, whatever the machine's clock is set to: for waiting.

    Its instants mean nothing but in comparison with others of the same boot of the machine.
    """

    def now_ms(self) -> int:
        """Return an instant in milliseconds that is never earlier than one returned before."""
        return time.monotonic_ns() // 1_000_000

    def now_us(self) -> int:
        """Return an instant as now_ms does, in microseconds: for what takes less than a millisecond."""
        return time.monotonic_ns() // 1_000
