"""Time for waiting: a machine that sets its clock back at boot must not wait the difference before a restart."""

from karin.clock import Clock


class SteadyClock:
    """A clock that stands still while the one behind it is set back, and goes on from there."""

    def __init__(self, clock: Clock) -> None:
        """Follow a clock."""
        self._clock = clock
        self._ahead_ms = 0
        self._last_ms = clock.now_ms()

    def now_ms(self) -> int:
        """Return an instant in milliseconds that is never earlier than the one returned before."""
        now_ms = self._clock.now_ms() + self._ahead_ms
        if now_ms < self._last_ms:
            self._ahead_ms += self._last_ms - now_ms
            now_ms = self._last_ms
        self._last_ms = now_ms
        return now_ms
