"""Wakes: one timer per queue at the instant at which its next message is due, and nothing that polls.

APScheduler arms and fires; it decides nothing. Redis holds the truth, so jobs live in memory, are never shared or
pickled, and are armed anew from what each command and sweep tells.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

from karin.sqs.names import QueueId

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Wakes:
    """The timers of all queues.

    ``fire(queue, due_at_ms)`` is called at each wake, in APScheduler's thread: it must be quick, and may not arm its
    own queue. ``wait_ms`` tells for how long after that instant a queue is left to other schedulers.
    """

    def __init__(
        self, fire: Callable[[QueueId, int], None], wait_ms: Callable[[QueueId], int] = lambda _queue: 0
    ) -> None:
        self._fire = fire
        self._wait_ms = wait_ms
        self._lock = threading.Lock()
        self._is_stopped = False
        self._due_at_ms: dict[QueueId, int] = {}
        self._news: dict[QueueId, int] = {}  # counts what was learnt of a queue, to tell old news from new
        self._fired: deque[tuple[QueueId, int]] = deque()  # wakes that are not yet taken out of _due_at_ms
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            # A wake only hands its queue to the pool of callers, so it needs no thread of its own.
            executors={"default": DebugExecutor()},
            # By default a job more than a second late is dropped, and its messages would never be delivered.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        """Begin to fire."""
        self._scheduler.start()

    def stop(self) -> None:
        """Fire no more, and arm nothing any more."""
        with self._state():
            self._is_stopped = True
            # APScheduler ends in a traceback when it is shut down in the middle of a wake: this waits for the middle
            # to be over, and leaves none to come.
            self._scheduler.remove_all_jobs()
        self._scheduler.shutdown(wait=False)

    def look_at_clock(self) -> None:
        """Fire what is due now: APScheduler waits for as long as it took when it last looked, however the clock is set.

        To be called when the clock was set.
        """
        self._scheduler.wakeup()

    def news(self, queue: QueueId) -> int:
        """Return how much is known of a queue: taken before a command, it tells ``learn`` how old the reply is."""
        with self._state():
            return self._news.get(queue, 0)

    def nudge(self, queue: QueueId, due_at_ms: int) -> None:
        """Move a wake earlier; a later one is left to the truth.

        A later one is news all the same: the reply to a command may be on its way that does not know of it yet.
        """
        with self._state():
            armed_at_ms = self._due_at_ms.get(queue)
            if armed_at_ms is None or due_at_ms < armed_at_ms:
                self._arm(queue, due_at_ms)
            else:
                self._note(queue)

    def learn(self, queue: QueueId, due_at_ms: int | None, news: int) -> None:
        """Arm a queue as the store says: at an instant, or not at all.

        When something else was learnt since ``news`` was taken, this may be old: then it can only move a wake earlier,
        and the worst is a wake that finds nothing.
        """
        with self._state():
            armed_at_ms = self._due_at_ms.get(queue)
            is_current = self._news.get(queue, 0) == news
            if due_at_ms is None:
                if is_current and armed_at_ms is not None:
                    self._disarm(queue)
            elif armed_at_ms is None or due_at_ms < armed_at_ms or (is_current and due_at_ms != armed_at_ms):
                self._arm(queue, due_at_ms)
            else:
                self._note(queue)

    def forget(self, queue: QueueId) -> None:
        """Disarm a queue that is no longer mapped."""
        with self._state():
            if queue in self._due_at_ms:
                self._disarm(queue)

    def armed(self) -> dict[QueueId, int]:
        """Return queue -> the instant in ms at which it wakes."""
        with self._state():
            return dict(self._due_at_ms)

    @contextmanager
    def _state(self) -> Iterator[None]:
        with self._lock:
            while self._fired:
                queue, due_at_ms = self._fired.popleft()
                if self._due_at_ms.get(queue) == due_at_ms:
                    del self._due_at_ms[queue]
                self._note(queue)
            yield

    def _arm(self, queue: QueueId, due_at_ms: int) -> None:
        if self._is_stopped:
            return
        self._note(queue)
        self._due_at_ms[queue] = due_at_ms
        at = _EPOCH + timedelta(milliseconds=due_at_ms + self._wait_ms(queue))
        self._scheduler.add_job(self._wake, DateTrigger(at), [queue, due_at_ms], id=str(queue), replace_existing=True)

    def _disarm(self, queue: QueueId) -> None:
        self._note(queue)
        del self._due_at_ms[queue]
        try:
            self._scheduler.remove_job(str(queue))
        except JobLookupError:
            return  # it fires at this very moment

    def _note(self, queue: QueueId) -> None:
        self._news[queue] = self._news.get(queue, 0) + 1

    def _wake(self, queue: QueueId, due_at_ms: int) -> None:
        # APScheduler holds its lock here, and whoever arms a wake asks for that lock while it holds ours: to take ours
        # now would be a deadlock. So the wake is only written down; whoever next takes our lock reads it first.
        self._fired.append((queue, due_at_ms))
        self._fire(queue, due_at_ms)
