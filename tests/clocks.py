"""A clock that stands still until a test turns it."""


class ManualClock:
    """Tells the instant it was set to."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Return the current instant in milliseconds."""
        return self._now_ms

    def advance(self, *, ms: int = 0, seconds: int = 0) -> int:
        """Let time pass; return the new instant."""
        self._now_ms += ms + seconds * 1000
        return self._now_ms
