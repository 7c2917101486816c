"""One message move task as a scheduler works on it, step by step: claim in the source, send, note, delete.

Plain code without threads. Source and destination live in different slots, so a crash may fall between any two of
these; the order makes up for it. What was sent is noted, and counted, before it is deleted in the source: whoever goes
on with the task deletes it first. What was sent and not noted comes again when its lease ends, and is sent under the
same id as before, which changes nothing.
"""

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from karin.operations.context import Context
from karin.sqs.errors import OverLimit, QueueDoesNotExist
from karin.sqs.message import ReceivedMessage
from karin.sqs.moves import (
    CANNOT_TELL_SOURCE,
    NO_DESTINATION,
    ActiveMove,
    MoveStatus,
    MoveTask,
    moved_message,
    pace,
)
from karin.sqs.names import QueueId, queue_id_from_arn
from karin.store.messages import Outgoing, Settlement, Verdict
from karin.store.moves import Busy, Report, Standing

LEASE_MS = 30_000  # for the claim, the sends and the note of one step
OWNED_MS = 10_000  # after each step: a scheduler that was silent for so long is replaced
LOOK_AGAIN_MS = 5_000
MOST_MESSAGES = 100  # of one step, so that the store has its hands free for others after a millisecond or two
MOST_BYTES = 1024 * 1024  # of one step: the machine may be small
MOST_KEPT = 1_000  # messages that cannot be moved: a task that finds so many will not end well
ORPHAN_MS = 60_000  # a name without a task is older than that if whoever put it on the list has crashed

log = logging.getLogger("karin.scheduler")


class Mover:
    """Works on one task; not to be shared between threads."""

    def __init__(self, context: Context, scheduler_id: str, active: ActiveMove) -> None:
        self.active = active
        self._source = active.source
        self._context = context
        self._scheduler_id = scheduler_id
        self._start_over()

    def _start_over(self) -> None:
        self._has_begun = False
        self._report: Report | None = None  # of the last step, until its messages are deleted in the source
        self._settled_report_id = ""
        self._back: list[Settlement] = []  # messages to be ready again in the source
        self._kept: set[str] = set()  # ids of messages that cannot be moved
        self._failure: str | None = None
        self._is_exhausted = False
        self._found_nothing_at_ms: int | None = None
        self._sent_at_ms = 0
        self._gap_ms = 0  # between that and the next send

    def step(self) -> int | None:
        """Do one step; return when the next is due in ms, or None when this scheduler has nothing more to do here.

        Raises StoreUnavailable: the step is then to be repeated, and nothing is lost or done twice by that.
        """
        standing = self._advance(OWNED_MS)
        if isinstance(standing, Busy):
            self._start_over()
            return standing.until_ms
        if standing is None:
            self._forget()
            return None
        self._has_begun = True
        self._settle(standing)
        if (ending := self._ending(standing.task)) is not None:
            return self._end(ending)
        if rest_ms := self._rest_ms():
            return self._now_ms() + rest_ms
        try:
            return self._move_some(standing.task)
        except QueueDoesNotExist:  # the source was deleted, and the task with it
            return self._now_ms() + LOOK_AGAIN_MS

    def release(self) -> None:
        """Leave the task to another scheduler, as soon as its pace allows. Raises StoreUnavailable."""
        standing = self._advance(self._rest_ms())
        if isinstance(standing, Standing):
            self._settle(standing)

    def _rest_ms(self) -> int:
        """Return for how long to send nothing, to keep the pace; a clock that was set back ends that."""
        passed_ms = self._now_ms() - self._sent_at_ms
        return self._gap_ms - passed_ms if 0 <= passed_ms < self._gap_ms else 0

    def _advance(self, owned_ms: int) -> Standing | Busy | None:
        now_ms = self._now_ms()
        return self._context.store.moves.advance(self.active, now_ms, self._scheduler_id, owned_ms, self._report)

    def _settle(self, standing: Standing) -> None:
        """Delete what was moved, by whomever, and give back what was claimed in vain."""
        last = standing.last
        settlements = list(self._back)
        if last.report_id != self._settled_report_id:
            settlements += (Settlement(receipt, Verdict.DELETE) for receipt in last.moved)
        if settlements:
            try:
                self._context.store.messages.settle(self._source, self._now_ms(), settlements)
            except QueueDoesNotExist:
                log.info("queue %s was deleted while its messages were moved", self._source.name)
        self._settled_report_id = last.report_id
        self._report = None
        self._back.clear()

    def _ending(self, task: MoveTask) -> MoveTask | None:
        """Return the task as it ends, or None when it goes on."""
        if task.status is MoveStatus.CANCELLING:
            return replace(task, status=MoveStatus.CANCELLED)
        is_over = task.moved + len(self._kept) >= task.to_move or len(self._kept) >= MOST_KEPT or self._is_exhausted
        is_hopeless = self._failure is not None and task.destination_arn is not None
        if not is_over and not is_hopeless:
            return None
        if self._failure is not None:
            return replace(task, status=MoveStatus.FAILED, failure_reason=self._failure)
        return replace(task, status=MoveStatus.COMPLETED)

    def _end(self, task: MoveTask) -> int | None:
        if not self._context.store.moves.end(self.active, self._now_ms(), self._scheduler_id, task):
            return self._now_ms()
        self._context.store.moves.forget(self.active)
        reason = f" ({task.failure_reason})" if task.failure_reason else ""
        log.info(
            "moved %d of %d messages of %s: %s%s", task.moved, task.to_move, self._source.name, task.status, reason
        )
        return None

    def _forget(self) -> None:
        """Drop the name of a task that is over, or never was, unless it is so young that it may yet begin."""
        if self._has_begun or self._now_ms() - self.active.started_at_ms >= ORPHAN_MS:
            self._context.store.moves.forget(self.active)

    def _move_some(self, task: MoveTask) -> int:
        size, gap_ms = (MOST_MESSAGES, 0) if task.max_per_second is None else pace(task.max_per_second)
        claimed_at_ms = self._now_ms()
        try:
            claim = self._context.store.messages.claim(
                self._source,
                claimed_at_ms,
                # In a FIFO queue what cannot be moved stays at the head of its group, and is claimed with what follows.
                most=size + len(self._kept) if self._source.is_fifo else size,
                most_bytes=MOST_BYTES,
                visibility_ms=0,
                floor_ms=LEASE_MS,
                counts=False,
            )
        except OverLimit:
            return claimed_at_ms + LOOK_AGAIN_MS
        fresh = [received for received in claim.messages if received.message.message_id not in self._kept]
        self._give_back(received for received in claim.messages if received.message.message_id in self._kept)
        if not fresh:
            return self._found_nothing(claimed_at_ms, claim.next_due_at_ms)
        self._found_nothing_at_ms = None
        self._give_back(fresh[size:])
        if self._now_ms() >= claimed_at_ms + LEASE_MS:  # this process was held up: the messages may be anyone's by now
            self._back.clear()
            return self._now_ms()
        self._send(task, fresh[:size])
        if self._report is not None:
            self._sent_at_ms, self._gap_ms = self._now_ms(), gap_ms
        return self._now_ms()

    def _found_nothing(self, now_ms: int, next_due_at_ms: int | None) -> int:
        """Return when to look again: messages that a crashed scheduler had claimed are ready when their lease ends."""
        if self._found_nothing_at_ms is None:
            self._found_nothing_at_ms = now_ms
        if next_due_at_ms is None or next_due_at_ms >= self._found_nothing_at_ms + LEASE_MS:
            self._is_exhausted = True
            return now_ms
        return min(max(next_due_at_ms, now_ms), now_ms + LOOK_AGAIN_MS)

    def _send(self, task: MoveTask, messages: Sequence[ReceivedMessage]) -> None:
        """Send messages to where each belongs, and report what was sent, even if the store gives up on the way."""
        by_destination: defaultdict[QueueId | None, list[ReceivedMessage]] = defaultdict(list)
        for received in messages:
            arn = task.destination_arn or received.message.dead_letter_source_arn
            by_destination[queue_id_from_arn(arn) if arn else None].append(received)
        unsent = list(by_destination.items())
        try:
            while unsent:
                destination, load = unsent[0]
                if destination is None:
                    self._keep(load, CANNOT_TELL_SOURCE)
                else:
                    self._send_to(destination, task, load)
                unsent.pop(0)
        finally:
            for _, load in unsent:
                self._give_back(load)

    def _send_to(self, destination: QueueId, task: MoveTask, load: Sequence[ReceivedMessage]) -> None:
        now_ms = self._now_ms()
        outgoing = [
            Outgoing(
                moved_message(task.task_id, received.message, now_ms, to_fifo=destination.is_fifo),
                size=0,  # it was accepted once
                delay_ms=None,
            )
            for received in load
        ]
        try:
            self._context.store.messages.send(destination, now_ms, outgoing)
        except QueueDoesNotExist:
            self._keep(load, NO_DESTINATION)
            return
        before = self._report.moved if self._report else ()
        self._report = Report(uuid.uuid4().hex, before + tuple(received.receipt for received in load))

    def _keep(self, messages: Sequence[ReceivedMessage], reason: str) -> None:
        self._failure = reason
        self._kept.update(received.message.message_id for received in messages)
        self._give_back(messages)

    def _give_back(self, messages: Iterable[ReceivedMessage]) -> None:
        # Not GIVE_BACK: the claim did not count as a receive, so that none is to be taken off.
        self._back += (Settlement(received.receipt, Verdict.RETRY) for received in messages)

    def _now_ms(self) -> int:
        return self._context.clock.now_ms()
