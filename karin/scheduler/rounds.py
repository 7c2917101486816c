"""Rounds of delivery in a bounded pool of threads: each wake is one round, and each round tells when the next is due.

A round occupies its thread while the function runs, so the pool's size is the number of Lambda calls in flight.
Nothing is claimed before a thread is free for it, and rounds wait in line by queue, so no queue starves another.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from karin.scheduler.beats import Beats
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


class Rounds:
    """Runs rounds, which ``wakes`` ask for; ``beats`` do what does not go by the clock."""

    def __init__(
        self, dispatcher: Dispatcher, max_concurrency: int, wait_ms: Callable[[QueueId], int] = lambda _queue: 0
    ) -> None:
        self._dispatcher = dispatcher
        self._pool = ThreadPoolExecutor(max_concurrency, thread_name_prefix="round")
        self._line = Line(max_concurrency)
        self._changed = threading.Condition()  # guards the line
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
        with self._changed:
            self._line.join(queue, due_at_ms)
            self._begin()

    def stop(self, limit_seconds: float) -> int:
        """Claim no more, wait for calls in flight, and return how many did not end in time.

        Of those it is written that nobody knows how they end.
        """
        self._stopping.set()
        self.beats.stop()
        self.wakes.stop()
        with self._changed:
            self._pool.shutdown(wait=False)
            if self._changed.wait_for(lambda: self._line.running == 0, limit_seconds):
                return 0
        return self._dispatcher.abandon()

    def _begin(self) -> None:
        """Start every round that may begin now."""
        is_only_one = self._dispatcher.served.is_only_one()
        while not self._stopping.is_set() and (begun := self._line.next(is_only_one=is_only_one)):
            self._pool.submit(self._round, *begun)

    def _round(self, queue: QueueId, due_at_ms: int | None) -> None:
        try:
            if not self._stopping.is_set():
                self._claim_and_deliver(queue, due_at_ms)
        except Exception:
            log.exception("a round of %s failed for a reason that is karin's own fault", queue)
            self._try_again(queue, due_at_ms)
        finally:
            with self._changed:
                self._line.leave(queue)
                self._begin()
                self._changed.notify_all()

    def _claim_and_deliver(self, queue: QueueId, due_at_ms: int | None) -> None:
        news = self.wakes.news(queue)
        try:
            flight, next_due_at_ms = self._dispatcher.claim(queue, due_at_ms)
        except QueueDoesNotExist:
            self.wakes.learn(queue, None, news)
            return
        except StoreUnavailable as error:
            log.debug("cannot claim from %s: %s", queue.name, error)  # told once for all that fails meanwhile
            self._try_again(queue, due_at_ms)
            return
        except OverLimit as error:
            log.warning("cannot claim from %s: %s", queue.name, error.message)
            self._try_again(queue, due_at_ms, RETRY_OVER_LIMIT_MS)
            return
        self.wakes.learn(queue, next_due_at_ms, news)
        if flight is None:
            return
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
                self.wakes.learn(queue, next_due_at_ms, news)
                return
