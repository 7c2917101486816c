"""Wakes: one timer per queue at the instant at which its next message is due, and nothing that polls.

APScheduler arms and fires; it decides nothing. Redis holds the truth, so jobs live in memory, are never shared or
pickled, and are armed anew from what each command and sweep tells. What is due already needs no timer: while a backlog
drains that is every wake, and a timer for each would take longer than all the rest. Nor is one set at once for what is
far off: a claim tells of the end of its own lease, which the end of its call takes back a moment later.
"""

import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

from karin.clock import Clock, SystemClock
from karin.sqs.names import QueueId

FAR_MS = 2_000  # what is due later gets its timer ...
SET_AFTER_SECONDS = 0.5  # ... together with all that is still to come by then

Fire = Callable[[QueueId, int], None]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Wakes:
    """The timers of all queues.

    ``fire(queue, due_at_ms)`` is called at each wake, in APScheduler's thread or, when it is due already, in that of
    whoever tells: it must be quick, and may not arm its own queue. ``wait_ms`` tells for how long after that instant a
    queue is left to other schedulers.
    """

    def __init__(
        self, fire: Fire, wait_ms: Callable[[QueueId], int] = lambda _queue: 0, clock: Clock | None = None
    ) -> None:
        self._fire = fire
        self._wait_ms = wait_ms
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._is_running = False
        self._is_stopped = False
        self._due_at_ms: dict[QueueId, int] = {}
        self._timers: dict[QueueId, int] = {}  # those of them that APScheduler knows
        self._far: set[QueueId] = set()  # the others
        self._any_far = threading.Event()
        self._setter: threading.Thread | None = None
        self._ended = threading.Event()
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
        self._is_running = True

    def stop(self) -> None:
        """Fire no more, and arm nothing any more."""
        with self._lock:
            self._is_running, self._is_stopped = False, True
            self._ended.set()
            self._any_far.set()
            # APScheduler ends in a traceback when it is shut down in the middle of a wake: this waits for the middle
            # to be over, and leaves none to come.
            self._scheduler.remove_all_jobs()
        self._scheduler.shutdown(wait=False)

    def look_at_clock(self) -> None:
        """Fire what is due now: APScheduler waits for as long as it took when it last looked, however the clock is set.

        To be called when the clock was set.
        """
        self._set_far()
        self._scheduler.wakeup()

    def news(self, queue: QueueId) -> int:
        """Return how much is known of a queue: taken before a command, it tells ``learn`` how old the reply is."""
        with self._lock:
            self._note_fired()
            return self._news.get(queue, 0)

    def nudge(self, queue: QueueId, due_at_ms: int) -> None:
        """Move a wake earlier; a later one is left to the truth.

        A later one is news all the same: the reply to a command may be on its way that does not know of it yet.
        """
        is_due = False
        with self._lock:
            self._note_fired()
            armed_at_ms = self._due_at_ms.get(queue)
            if armed_at_ms is None or due_at_ms < armed_at_ms:
                is_due = self._arm(queue, due_at_ms)
            else:
                self._note(queue)
        if is_due:
            self._fire(queue, due_at_ms)

    def learn(self, queue: QueueId, due_at_ms: int | None, news: int, fire: Fire | None = None) -> None:
        """Arm a queue as the store says: at an instant, or not at all.

        When something else was learnt since ``news`` was taken, this may be old: then it can only move a wake earlier,
        and the worst is a wake that finds nothing. Of one that is due already ``fire`` is told, if it is given.
        """
        is_due = False
        with self._lock:
            self._note_fired()
            armed_at_ms = self._due_at_ms.get(queue)
            is_current = self._news.get(queue, 0) == news
            if due_at_ms is None:
                if is_current and armed_at_ms is not None:
                    self._disarm(queue)
            elif armed_at_ms is None or due_at_ms < armed_at_ms or (is_current and due_at_ms != armed_at_ms):
                is_due = self._arm(queue, due_at_ms)
            else:
                self._note(queue)
        if is_due and due_at_ms is not None:
            (fire or self._fire)(queue, due_at_ms)

    def forget(self, queue: QueueId) -> None:
        """Disarm a queue that is no longer mapped."""
        with self._lock:
            self._note_fired()
            if queue in self._due_at_ms:
                self._disarm(queue)

    def armed(self) -> dict[QueueId, int]:
        """Return queue -> the instant in ms at which it wakes."""
        with self._lock:
            self._note_fired()
            return dict(self._due_at_ms)

    def _arm(self, queue: QueueId, due_at_ms: int) -> bool:
        """Set a queue's timer; tell whether it wakes now instead, because it is due."""
        if self._is_stopped:
            return False
        self._note(queue)
        ahead_ms = due_at_ms + self._wait_ms(queue) - self._clock.now_ms()
        if self._is_running and ahead_ms <= 0:
            self._drop(queue)
            return True
        self._due_at_ms[queue] = due_at_ms
        if self._is_running and ahead_ms > FAR_MS:
            self._drop_timer(queue)
            self._far.add(queue)
            if self._setter is None:
                self._setter = threading.Thread(target=self._set_far_for_ever, name="timers", daemon=True)
                self._setter.start()
            if not self._any_far.is_set():
                self._any_far.set()
        else:
            self._set_timer(queue, due_at_ms)
        return False

    def _disarm(self, queue: QueueId) -> None:
        self._note(queue)
        self._drop(queue)

    def _drop(self, queue: QueueId) -> None:
        self._due_at_ms.pop(queue, None)
        self._drop_timer(queue)

    def _drop_timer(self, queue: QueueId) -> None:
        self._far.discard(queue)
        if self._timers.pop(queue, None) is not None:
            try:
                self._scheduler.remove_job(str(queue))
            except JobLookupError:
                return  # it fires at this very moment

    def _set_timer(self, queue: QueueId, due_at_ms: int) -> None:
        self._far.discard(queue)
        self._timers[queue] = due_at_ms
        at = _EPOCH + timedelta(milliseconds=due_at_ms + self._wait_ms(queue))
        self._scheduler.add_job(self._wake, DateTrigger(at), [queue, due_at_ms], id=str(queue), replace_existing=True)

    def _set_far(self) -> None:
        """Set the timers of all that have none."""
        self._any_far.clear()
        with self._lock:
            queues = tuple(self._far)
        for queue in queues:  # one by one: a thousand take a while, and what is due meanwhile is not to wait
            with self._lock:
                if queue in self._far and not self._is_stopped:
                    self._set_timer(queue, self._due_at_ms[queue])

    def _set_far_for_ever(self) -> None:
        while self._any_far.wait() and not self._ended.wait(SET_AFTER_SECONDS):
            self._set_far()

    def _note(self, queue: QueueId) -> None:
        self._news[queue] = self._news.get(queue, 0) + 1

    def _note_fired(self) -> None:
        """Take out what APScheduler has fired."""
        while self._fired:
            queue, due_at_ms = self._fired.popleft()
            if self._timers.get(queue) == due_at_ms:
                del self._timers[queue]
            if self._due_at_ms.get(queue) == due_at_ms:
                del self._due_at_ms[queue]
                self._far.discard(queue)
            self._note(queue)

    def _wake(self, queue: QueueId, due_at_ms: int) -> None:
        # APScheduler holds its lock here, and whoever arms a wake asks for that lock while it holds ours: to take ours
        # now would be a deadlock. So the wake is only written down; whoever next takes our lock reads it first.
        self._fired.append((queue, due_at_ms))
        self._fire(queue, due_at_ms)
