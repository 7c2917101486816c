"""The message move tasks that this scheduler knows of: one thread, in which they take turns, a step at a time.

One thread is enough: a step is a handful of commands, and several would only contend for the store with the deliveries.
It is started by the first task.
"""

import heapq
import itertools
import logging
import threading
from collections.abc import Iterable

from karin.clock import SteadyClock
from karin.operations.context import Context
from karin.scheduler.mover import Mover
from karin.sqs.moves import ActiveMove
from karin.store.connection import StoreUnavailable

RETRY_MS = 1_000

log = logging.getLogger("karin.scheduler")


class Moves:
    """Works on tasks until each is over, or belongs to another scheduler for good."""

    def __init__(self, context: Context, scheduler_id: str) -> None:
        self._context = context
        self._scheduler_id = scheduler_id
        self._changed = threading.Condition()
        self._known: set[ActiveMove] = set()
        self._steady = SteadyClock()
        self._turns: list[tuple[int, int, Mover]] = []  # a heap by the steady instant at which the next step is due
        self._order = itertools.count()  # among those due at once
        self._is_stopping = False
        self._thread: threading.Thread | None = None

    def take_up(self, tasks: Iterable[ActiveMove]) -> None:
        """Begin to work on tasks, but for those that are known."""
        with self._changed:
            new = set(tasks) - self._known
            if not new or self._is_stopping:
                return
            self._known |= new
            for active in new:
                self._line_up(self._context.clock.now_ms(), Mover(self._context, self._scheduler_id, active))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="moves", daemon=True)
                self._thread.start()
            self._changed.notify()

    def stop(self, limit_seconds: float) -> None:
        """Finish the step under way, and leave every task in such order that another scheduler can go on at once."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(limit_seconds)

    def _work(self) -> None:
        while (mover := self._next()) is not None:
            due_at_ms = self._step(mover)
            with self._changed:
                if due_at_ms is None:
                    self._known.discard(mover.active)
                else:
                    self._line_up(due_at_ms, mover)
        for _, _, mover in self._turns:
            try:
                mover.release()
            except StoreUnavailable as error:
                log.warning("%s", error)

    def _next(self) -> Mover | None:
        """Wait for the next step's turn; None: there are to be no more."""
        with self._changed:
            while not self._is_stopping:
                if not self._turns:
                    self._changed.wait()
                    continue
                wait_ms = self._turns[0][0] - self._steady.now_ms()
                if wait_ms <= 0:
                    return heapq.heappop(self._turns)[2]
                self._changed.wait(wait_ms / 1000)
            return None

    def _step(self, mover: Mover) -> int | None:
        try:
            return mover.step()
        except StoreUnavailable as error:
            log.debug("cannot move messages of %s just now: %s", mover.active.source.name, error)
            return self._context.clock.now_ms() + RETRY_MS
        except Exception:  # the next sweep takes the task up anew
            log.exception("moving messages of %s failed for a reason that is karin's own fault", mover.active.source)
            return None

    def _line_up(self, due_at_ms: int, mover: Mover) -> None:
        # What the clock says now: who waits for a step must not wait for longer because it is set back meanwhile.
        wait_ms = max(0, due_at_ms - self._context.clock.now_ms())
        heapq.heappush(self._turns, (self._steady.now_ms() + wait_ms, next(self._order), mover))
