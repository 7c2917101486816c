"""The threads in which rounds run: no more than there is work for, and the same few as long as those are enough."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Job = TypeVar("Job")


class _Seat(Generic[Job]):
    """Where a thread rests."""

    def __init__(self) -> None:
        self.called = threading.Lock()  # released by whoever has something for the thread
        self.called.acquire()
        self.job: Job | None = None


class Crew(Generic[Job]):
    """At most so many threads, each started when it is first needed.

    Of those that rest the one that rested last is called: its stack is still in the processor's cache, and the others'
    need never be in memory. concurrent.futures calls them in turn, and wraps each job in a future that nobody reads.
    ``work(job)`` may return the next job for its own thread, which saves waking another.
    """

    def __init__(self, most: int, work: Callable[[Job], Job | None], name: str) -> None:
        self._most = most
        self._work = work
        self._name = name
        self._lock = threading.Lock()
        self._waiting: deque[Job] = deque()
        self._resting: list[_Seat[Job]] = []
        self._threads = 0
        self._is_stopped = False

    def start(self, job: Job) -> None:
        """Have a job done, as soon as a thread is free for it."""
        with self._lock:
            if self._resting:
                seat = self._resting.pop()
                seat.job = job
                seat.called.release()
                return
            self._waiting.append(job)
            if self._threads == self._most:
                return  # whoever is free next takes it
            self._threads += 1
        threading.Thread(target=self._live, name=f"{self._name}_{self._threads}", daemon=True).start()

    def stop(self) -> None:
        """End the threads, each when nothing is left for it; wait for none."""
        with self._lock:
            self._is_stopped = True
            while self._resting:
                self._resting.pop().called.release()

    def _live(self) -> None:
        seat: _Seat[Job] = _Seat()
        job: Job | None = None
        while True:
            if job is None and (job := self._rest(seat)) is None:
                return
            job = self._work(job)

    def _rest(self, seat: _Seat[Job]) -> Job | None:
        """Return what is to be done next, None when it is time to end."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if self._is_stopped:
                return None
            self._resting.append(seat)
        seat.called.acquire()
        job, seat.job = seat.job, None
        return job
