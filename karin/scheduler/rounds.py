"""Rounds of delivery in a bounded pool of threads: each wake is one round, and each round tells when the next is due.

A round occupies its thread while the function runs, so the pool's size is the number of Lambda calls in flight.
Nothing is claimed before a thread is free for it, and rounds wait in line by queue, so no queue starves another.
"""

import logging
import threading
from collections.abc import Callable

from karin.scheduler.beats import Beats
from karin.scheduler.crew import Crew
from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.flight import Flight
from karin.scheduler.landing import Landing
from karin.scheduler.line import Line
from karin.scheduler.wakes import Wakes
from karin.sqs.errors import OverLimit, QueueDoesNotExist
from karin.sqs.names import QueueId
from karin.store.connection import StoreUnavailable

RETRY_CLAIM_MS = 500  # the store itself is left alone for longer, if that is called for (karin.store.faults)
RETRY_OVER_LIMIT_MS = 2_000  # whoever holds the messages settles them one by one
SETTLE_PAUSES_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0)  # a restarting store is back within these

log = logging.getLogger("karin.scheduler")

_Turn = tuple[QueueId, int | None]  # a queue whose round it is, and when it was due, if that is known


class Rounds:
    """Runs rounds, which ``wakes`` ask for; ``beats`` do what does not go by the clock."""

    def __init__(
        self, dispatcher: Dispatcher, max_concurrency: int, wait_ms: Callable[[QueueId], int] = lambda _queue: 0
    ) -> None:
        self._dispatcher = dispatcher
        self._crew: Crew[_Turn] = Crew(max_concurrency, self._round, "round")
        self._line = Line(max_concurrency)
        self._lock = threading.Lock()  # guards the line
        self._all_left = threading.Condition(self._lock)
        self._stopping = threading.Event()
        self.wakes = Wakes(self.request, wait_ms)
        self.beats = Beats()
        self.beats.when_clock_is_set(self.wakes.look_at_clock)

    def start(self) -> None:
        """Begin."""
        self.wakes.start()
        self.beats.start()

    def request(self, queue: QueueId, due_at_ms: int | None = None) -> None:
        """Ask for a round of a queue, due since an instant if that is known; one that waits already serves."""
        with self._lock:
            self._line.join(queue, due_at_ms)
            self._begin()

    def stop(self, limit_seconds: float) -> int:
        """Claim no more, wait for calls in flight, and return how many did not end in time.

        Of those it is written that nobody knows how they end.
        """
        self._stopping.set()
        self.beats.stop()
        self.wakes.stop()
        with self._lock:
            self._crew.stop()
            if self._all_left.wait_for(lambda: self._line.running == 0, limit_seconds):
                return 0
        return self._dispatcher.abandon()

    def _next(self) -> _Turn | None:
        """Begin the next round, if one may begin now."""
        if self._stopping.is_set():
            return None
        return self._line.next(is_only_one=self._dispatcher.served.is_only_one())

    def _begin(self) -> None:
        """Start every round that may begin now."""
        while turn := self._next():
            self._crew.start(turn)

    def _round(self, turn: _Turn) -> _Turn | None:
        """Run a round; return the one that its thread is to run next."""
        queue, due_at_ms = turn
        try:
            flight = self._claim(queue, due_at_ms)
            if flight is not None:
                self._deliver(flight)
        except Exception:
            log.exception("a round of %s failed for a reason that is karin's own fault", queue)
            self._try_again(queue, due_at_ms)
        with self._lock:
            self._line.leave(queue)
            following = self._next()
            self._begin()
            if not self._line.running:
                self._all_left.notify_all()
        return following

    def _join(self, queue: QueueId, due_at_ms: int | None) -> None:
        """Ask for a round that may begin when this thread's step is over: it may be this thread that has it."""
        with self._lock:
            self._line.join(queue, due_at_ms)

    def _claim(self, queue: QueueId, due_at_ms: int | None) -> Flight | None:
        """Claim a batch, if there is one to be delivered now; let the queue's next round begin if there is more."""
        flight: Flight | None = None
        try:
            if not self._stopping.is_set():
                flight = self._claim_if_possible(queue, due_at_ms)
        finally:
            with self._lock:
                self._line.claimed(queue)
                if flight is not None:
                    self._begin()
        return flight

    def _claim_if_possible(self, queue: QueueId, due_at_ms: int | None) -> Flight | None:
        news = self.wakes.news(queue)
        try:
            flight, next_due_at_ms = self._dispatcher.claim(queue, due_at_ms)
        except QueueDoesNotExist:
            self.wakes.learn(queue, None, news)
            return None
        except StoreUnavailable as error:
            log.debug("cannot claim from %s: %s", queue.name, error)  # told once for all that fails meanwhile
            self._try_again(queue, due_at_ms)
            return None
        except OverLimit as error:
            log.warning("cannot claim from %s: %s", queue.name, error.message)
            self._try_again(queue, due_at_ms, RETRY_OVER_LIMIT_MS)
            return None
        self.wakes.learn(queue, next_due_at_ms, news, self._join)
        return flight

    def _deliver(self, flight: Flight) -> None:
        try:
            landing = self._dispatcher.deliver(flight)
        finally:
            self._dispatcher.end(flight)
        self._settle(flight, landing)

    def _try_again(self, queue: QueueId, due_at_ms: int | None, pause_ms: int = RETRY_CLAIM_MS) -> None:
        self.beats.once(pause_ms, lambda: self.request(queue, due_at_ms), f"retry {queue}")

    def _settle(self, flight: Flight, landing: Landing) -> None:
        queue = flight.queue
        for pause_seconds in (*SETTLE_PAUSES_SECONDS, None):
            news = self.wakes.news(queue)
            try:
                next_due_at_ms = self._dispatcher.settle(flight, landing)
            except StoreUnavailable as error:
                if pause_seconds is None:
                    count = len(landing.settlements)
                    log.error("cannot settle %d messages of %s, they will come again: %s", count, queue.name, error)
                    self._try_again(queue, None)
                    return
                threading.Event().wait(pause_seconds)
            except QueueDoesNotExist:  # deleted while the function ran
                self.wakes.learn(queue, None, news)
                return
            else:
                self.wakes.learn(queue, next_due_at_ms, news, self._join)
                return
