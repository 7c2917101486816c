"""The lines in which greenlets wait, for a connection to Redis or for room in memory: first come, first served."""

from collections import deque
from queue import Empty, Full
from typing import Any

import gevent.timeout
from gevent.event import AsyncResult


class FairLine:
    """A queue for redis-py's pool. What is put back goes straight to whoever waits longest.

    The queues of the standard library and of gevent let a running greenlet take it first, and it is always the busy
    ones that run: with 16 callers and 3 connections the slowest hundredth then waited fifty times the median.
    """

    def __init__(self, maxsize: int) -> None:
        self._maxsize = maxsize
        self._items: list[Any] = []
        self._waiting: deque[AsyncResult] = deque()

    @property
    def queue(self) -> list[Any]:
        """Return what nobody uses now; redis-py counts it."""
        return self._items

    def full(self) -> bool:
        """Tell whether nothing more can be put back."""
        return len(self._items) >= self._maxsize

    def put_nowait(self, item: Any) -> None:
        """Give an item to the first in line, else keep it; raises Full."""
        if self._waiting:
            self._waiting.popleft().set(item)
        elif self.full():
            raise Full
        else:
            self._items.append(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take the item that was used last, or wait for one at most ``timeout`` seconds; raises Empty."""
        if self._items:
            return self._items.pop()
        if not block:
            raise Empty
        place = AsyncResult()
        self._waiting.append(place)
        try:
            return place.get(timeout=timeout)
        except gevent.timeout.Timeout:
            if place.ready():
                return place.value
            self._waiting.remove(place)
            raise Empty from None

    def get_nowait(self) -> Any:
        """Take an item; raises Empty."""
        return self.get(block=False)


class Room:
    """An amount that greenlets share: each takes a part and gives it back. Whoever finds too little waits in line."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: deque[tuple[int, AsyncResult]] = deque()

    def take(self, part: int, seconds: float) -> bool:
        """Take a part, at most the whole size; tell whether that was possible within so many seconds."""
        place = AsyncResult()
        self._waiting.append((part, place))
        self._serve()
        try:
            place.get(timeout=seconds)
        except gevent.timeout.Timeout:
            if not place.ready():
                self._waiting.remove((part, place))
                self._serve()  # whoever stands behind may need less
                return False
        return True

    def give(self, part: int) -> None:
        """Give a part back."""
        self._free += part
        self._serve()

    def _serve(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free:
            part, place = self._waiting.popleft()
            self._free -= part
            place.set(part)
