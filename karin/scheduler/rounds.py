"""Rounds of delivery in a bounded pool of threads: each wake is one round, and each round tells when the next is due.

A round occupies its thread while the function runs, so the pool's size is the number of Lambda calls in flight.
Nothing is claimed before a thread is free for it, and rounds wait in line by queue, so no queue starves another.
"""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.wakes import Wakes
from karin.sqs.errors import OverLimit, QueueDoesNotExist
from karin.sqs.names import QueueId
from karin.store.connection import StoreUnavailable
from karin.store.messages import Settlement

RETRY_CLAIM_MS = 500
RETRY_OVER_LIMIT_MS = 2_000  # whoever holds the messages settles them one by one
SETTLE_PAUSES_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0)  # a restarting store is back within these

log = logging.getLogger("karin.scheduler")


class Rounds:
    """Runs rounds; ``wakes`` must be given before the first."""

    def __init__(self, dispatcher: Dispatcher, max_concurrency: int) -> None:
        self._dispatcher = dispatcher
        self._pool = ThreadPoolExecutor(max_concurrency, thread_name_prefix="round")
        self._lock = threading.Lock()
        self._waiting: set[QueueId] = set()
        self._stopping = threading.Event()
        self._in_flight = 0
        self._all_settled = threading.Condition(self._lock)
        self.wakes = Wakes(self.request)

    def request(self, queue: QueueId) -> None:
        """Ask for a round of a queue; one that waits for a thread already serves."""
        with self._lock:
            if queue in self._waiting or self._stopping.is_set():
                return
            self._waiting.add(queue)
        self._pool.submit(self._round, queue)

    def stop(self, limit_seconds: float) -> int:
        """Claim no more, wait for calls in flight, and return how many did not end in time."""
        self._stopping.set()
        self.wakes.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._all_settled:
            self._all_settled.wait_for(lambda: self._in_flight == 0, limit_seconds)
            return self._in_flight

    def _round(self, queue: QueueId) -> None:
        with self._lock:
            self._waiting.discard(queue)
            if self._stopping.is_set():
                return
            self._in_flight += 1
        try:
            self._claim_and_deliver(queue)
        except Exception:
            log.exception("a round of %s failed for a reason that is karin's own fault", queue)
            self._try_again(queue)
        finally:
            with self._all_settled:
                self._in_flight -= 1
                self._all_settled.notify_all()

    def _claim_and_deliver(self, queue: QueueId) -> None:
        news = self.wakes.news(queue)
        try:
            batch, next_due_at_ms = self._dispatcher.claim(queue)
        except QueueDoesNotExist:
            self.wakes.learn(queue, None, news)
            return
        except StoreUnavailable as error:
            log.warning("cannot claim from %s: %s", queue.name, error)
            self._try_again(queue)
            return
        except OverLimit as error:
            log.warning("cannot claim from %s: %s", queue.name, error.message)
            self._try_again(queue, RETRY_OVER_LIMIT_MS)
            return
        self.wakes.learn(queue, next_due_at_ms, news)
        if batch is None:
            return
        settlements = self._dispatcher.deliver(batch)
        self._settle(queue, settlements)

    def _try_again(self, queue: QueueId, pause_ms: int = RETRY_CLAIM_MS) -> None:
        self.wakes.once(pause_ms, lambda: self.request(queue), f"retry {queue}")

    def _settle(self, queue: QueueId, settlements: list[Settlement]) -> None:
        for pause_seconds in (*SETTLE_PAUSES_SECONDS, None):
            news = self.wakes.news(queue)
            try:
                next_due_at_ms = self._dispatcher.settle(queue, settlements)
            except StoreUnavailable as error:
                if pause_seconds is None:
                    log.error(
                        "cannot settle %d messages of %s, they will come again: %s", len(settlements), queue.name, error
                    )
                    return
                threading.Event().wait(pause_seconds)
            except QueueDoesNotExist:  # deleted while the function ran
                self.wakes.learn(queue, None, news)
                return
            else:
                self.wakes.learn(queue, next_due_at_ms, news)
                return
