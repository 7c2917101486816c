"""An event on its way to a function: in memory until it is sent, and no longer.

A call may last a quarter of an hour and its event may have 6 MB, so hundreds of calls in flight must not keep theirs.
"""

from collections.abc import Callable

SMALL_BYTES = 64 * 1024  # what is no longer than this may stay in memory as long as it likes


class Payload:
    """The bytes of an event, until someone drops them; ``on_drop`` is told once. One thread at a time.

    ``trace_header`` is sent along as X-Amzn-Trace-Id, so that the function's trace continues karin's.
    """

    def __init__(self, data: bytes, on_drop: Callable[[], None] | None = None) -> None:
        self.size = len(data)
        self.trace_header: str | None = None
        self._data: bytes | None = data
        self._on_drop = on_drop

    @property
    def data(self) -> bytes:
        """Return the bytes; raises ValueError when they were dropped."""
        if self._data is None:
            raise ValueError("the event was dropped after it was sent")
        return self._data

    def drop(self) -> None:
        """Forget the bytes: they were sent, or will not be."""
        if self._data is None:
            return
        self._data = None
        if self._on_drop is not None:
            self._on_drop()
