"""Long polls: callers that wait until a queue has messages, in a line for each queue, first come, first served.

A waiter is a sleeping greenlet. It asks Redis nothing and holds no connection to it. Each line knows from the replies
of the store and from nudges when its queue is due next; at that instant one waiter looks, and only when there is more
does the next. What is received goes to a client that is still there, or back to the queue.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import gevent
from gevent.event import Event
from msgspec.structs import replace

from karin.clock import Clock
from karin.sqs.message import ReceivedMessage
from karin.sqs.names import QueueId
from karin.store.connection import StoreUnavailable
from karin.store.messages import Claim
from karin.store.signals import Nudge, Signals
from karin.wsgi.connection import Connection
from karin.wsgi.nudges import NudgeListener

REST_MS = 5  # after a look that found nothing: a queue may seem due and yield nothing
RETRY_PAUSE_MS = 500  # after a look that the store did not answer

log = logging.getLogger("karin.endpoint")

Messages = tuple[ReceivedMessage, ...]


@dataclass(frozen=True, slots=True)
class Poll:
    """One caller's wish for messages; ``wait_seconds`` None leaves it to the queue how long it waits.

    ``claim`` takes what is due now. ``give_back`` undoes a claim and returns when the queue is due next.
    """

    claim: Callable[[], Claim]
    give_back: Callable[[Claim], int | None]
    connection: Connection
    wait_seconds: int | None

    def look(self) -> Claim:
        """Claim for a client that is still there when the reply is: otherwise the claim is given back and empty."""
        claim = self.claim()
        if claim.messages and self.connection.is_gone():
            return replace(claim, messages=(), next_due_at_ms=self.give_back(claim))
        return claim


class LongPolls:
    """The polls of one worker."""

    def __init__(self, signals: Signals, clock: Clock) -> None:
        self._clock = clock
        self._lines: dict[QueueId, Line] = {}
        self._nudges = NudgeListener(signals, self._look_everywhere, self._hear)
        self._is_over = False

    def receive(self, queue: QueueId, poll: Poll) -> Messages:
        """Return messages as soon as there are any; none when the wait is over. Raises what the poll's claim raises."""
        if poll.wait_seconds == 0:
            return poll.look().messages
        # The line is there before the first look: no nudge is missed while its reply is on its way.
        with self._line(queue) as line:
            claim = line.look(poll)
            wait_seconds = claim.wait_seconds if poll.wait_seconds is None else poll.wait_seconds
            if claim.messages or not wait_seconds or self._is_over:
                return claim.messages
            # If nobody listened until now, a nudge may have been missed all the same: the line looks again as soon as
            # somebody does.
            with self._nudges.wanted():
                return line.wait(poll, wait_seconds)

    def end(self) -> None:
        """Send everyone home, and let nobody wait any more."""
        self._is_over = True
        for line in self._lines.values():
            line.end()

    @contextmanager
    def _line(self, queue: QueueId) -> Iterator["Line"]:
        line = self._lines.setdefault(queue, Line(self._clock))
        line.polls += 1
        try:
            yield line
        finally:
            line.polls -= 1
            if not line.polls:
                del self._lines[queue]

    def _hear(self, nudge: Nudge) -> None:
        if line := self._lines.get(nudge.queue):
            line.hear(nudge.due_at_ms)

    def _look_everywhere(self) -> None:
        for line in self._lines.values():
            line.hear(self._clock.now_ms())


class Line:
    """The waiters for one queue, and the instant at which the first of them looks.

    Nothing here switches to another greenlet but a look and a waiter's sleep, so nothing needs a lock.
    """

    def __init__(self, clock: Clock) -> None:
        self.polls = 0  # under way, waiting or not
        self._clock = clock
        self._waiters: dict[Waiter, None] = {}  # in the order in which they came
        self._turn: Waiter | None = None  # who looks now, or is about to
        self._due_at_ms: int | None = None
        self._rested_from_ms = self._rest_until_ms = 0
        self._news = 0  # counts what was learnt, to tell old news from new
        self._alarm: Any = None  # gevent's timer for the next turn

    def look(self, poll: Poll) -> Claim:
        """Look whether the queue has messages now, and learn when it is due next."""
        news = self._news
        claim = poll.look()
        self._learn(claim.next_due_at_ms, is_current=news == self._news)
        return claim

    def wait(self, poll: Poll, seconds: float) -> Messages:
        """Wait in line until one's turn brings messages; return none when the wait is over before."""
        waiter = Waiter()
        self._waiters[waiter] = None
        try:
            with _timer(seconds, waiter.end), poll.connection.watched(waiter.end):
                self._give_turn()
                while waiter.sleep() and not poll.connection.is_gone():
                    if messages := self._look_in_turn(poll):
                        return messages
            return ()
        finally:
            del self._waiters[waiter]
            if self._turn is waiter:
                self._turn = None
            self._give_turn()

    def hear(self, due_at_ms: int) -> None:
        """Take a nudge in. A later instant is left to the truth, but is news: a reply on its way may not know of it."""
        self._learn(due_at_ms, is_current=False)

    def end(self) -> None:
        """End every wait."""
        for waiter in self._waiters:
            waiter.end()

    def _look_in_turn(self, poll: Poll) -> Messages:
        rest_ms = RETRY_PAUSE_MS
        try:
            messages = self.look(poll).messages
            rest_ms = 0 if messages else REST_MS
        except StoreUnavailable as error:
            log.debug("a long poll cannot look for messages, it tries again: %s", error)
            messages = ()
        self._rested_from_ms = self._clock.now_ms()
        self._rest_until_ms = self._rested_from_ms + rest_ms
        self._turn = None
        self._give_turn()
        return messages

    def _learn(self, due_at_ms: int | None, *, is_current: bool) -> None:
        """Note when the queue is due next. What may be old can only move that earlier: the worst is a look in vain."""
        self._news += 1
        if is_current:
            self._due_at_ms = due_at_ms
        elif due_at_ms is not None:
            self._due_at_ms = due_at_ms if self._due_at_ms is None else min(due_at_ms, self._due_at_ms)
        self._give_turn()

    def _give_turn(self) -> None:
        """Wake the first in line if the queue is due and nobody looks; if it is not yet due, set the alarm."""
        self._silence()
        if self._turn or not self._waiters or self._due_at_ms is None:
            return
        now_ms = self._clock.now_ms()
        is_resting = now_ms >= self._rested_from_ms  # or the clock was set back since
        wait_ms = max(self._due_at_ms - now_ms, self._rest_until_ms - now_ms if is_resting else 0)
        if wait_ms > 0:
            self._alarm = gevent.get_hub().loop.timer(wait_ms / 1000)
            self._alarm.start(self._give_turn, update=True)
        else:
            self._turn = next(iter(self._waiters))
            self._turn.wake()

    def _silence(self) -> None:
        if self._alarm:
            self._alarm.close()
            self._alarm = None


class Waiter:
    """A poll in its line, asleep until it is its turn or its wait is over."""

    def __init__(self) -> None:
        self._woken = Event()
        self._is_over = False

    def sleep(self) -> bool:
        """Sleep; return whether it is one's turn."""
        self._woken.wait()
        self._woken.clear()
        return not self._is_over

    def wake(self) -> None:
        """Tell that it is one's turn."""
        self._woken.set()

    def end(self) -> None:
        """Tell that the wait is over."""
        self._is_over = True
        self._woken.set()


@contextmanager
def _timer(seconds: float, ring: Callable[[], None]) -> Iterator[None]:
    with gevent.get_hub().loop.timer(seconds) as timer:
        timer.start(ring, update=True)
        yield
