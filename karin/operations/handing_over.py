"""Handing a queue's messages over to another queue server, such as the real SQS: the way out of karin.

A message is taken under a lease, sent there, and deleted here once the other server has said that it has it. So
nothing is lost wherever this stops, and starting it again goes on; what was sent and not yet deleted is then sent
twice, but for FIFO queues, whose deduplication ids go along. One that is delayed is sent ahead, with what is left of
its delay, as soon as that is no longer than SQS allows: never so that it would show there before it is due.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec
from msgspec.structs import replace

from karin.mapping.model import Mapping
from karin.mapping.pause import PausedBy
from karin.operations import pausing
from karin.operations.context import Context
from karin.operations.remaining import Remaining, ahead_ms, delayed_pages, remaining
from karin.sqs.destination import Deposit, Deposited, QueueFacts
from karin.sqs.errors import OverLimit, QueueDoesNotExist
from karin.sqs.limits import BATCH_ENTRIES
from karin.sqs.message import Message, message_bytes
from karin.sqs.names import QueueId
from karin.sqs.receipts import Receipt
from karin.sqs.source import SourceFailed
from karin.store.connection import StoreUnavailable
from karin.store.inspect import SeenMessage
from karin.store.messages import Rescheduled, Settlement, Verdict

LEASE_MS = 180_000  # longer than a client of AWS tries to send something; a kill hides ten messages for so long
LOAD_BYTES = 256 * 1024  # of one send: less than SQS takes, more than it bills as one request by far
PAUSED_BECAUSE = "its messages were handed over to SQS"


class Destination(Protocol):
    """The queue to hand over to; every method may raise SourceFailed."""

    def facts(self) -> QueueFacts:
        """Return what the queue there says of itself."""
        ...

    def send(self, deposits: Sequence[Deposit]) -> list[Deposited]:
        """Store up to ten messages there; return what became of each, in order."""
        ...


class HandedOver(msgspec.Struct, frozen=True):
    """What was done: messages that are there now, and why others are refused there, by their ids.

    ``waiting`` were taken there for ones that it had minutes ago: they are kept here and sent again later.
    """

    messages: int = 0
    refused: dict[str, str] = {}
    waiting: int = 0


class _Taken(msgspec.Struct, frozen=True):
    """A message that nobody else is given for a while.

    ``held`` is how a delayed one stands meanwhile whose due time was too near; None when it stands where it stood.
    """

    message: Message
    receipt: Receipt
    due_at_ms: int = 0
    is_claimed: bool = False
    held: SeenMessage | None = None


def hold_back(context: Context, queue: QueueId) -> tuple[list[Mapping], bool]:
    """Pause the mappings of a FIFO queue: what karin delivered of a group would overtake what is with the other server.

    Return those that are paused, and whether any was not before. A standard queue's are left alone: each of its
    messages is taken either by karin or for the handover. Raises StoreUnavailable.
    """
    snapshot = context.store.deployment.snapshot()
    found = [one for one in snapshot.mappings if one.queue == queue] if snapshot and queue.is_fifo else []
    pauses = context.store.pauses.all() if found else {}
    new = [one for one in found if one.uuid not in pauses or pauses[one.uuid].by is not PausedBy.USER]
    for one in new:
        pausing.pause(context, one, PAUSED_BECAUSE)
    return found, bool(new)


class Handover:
    """Hands one queue over; ``tell`` hears of every step, and ``check`` raises before each what is to end it."""

    def __init__(
        self,
        context: Context,
        queue: QueueId,
        destination: Destination,
        tell: Callable[[HandedOver], None] = lambda _: None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._context = context
        self._queue = queue
        self._destination = destination
        self._tell = tell
        self._check = check
        self._facts: QueueFacts | None = None
        self._kept: dict[str, Receipt] = {}  # refused ones, under a lease until the end: they are not to come again
        self.done = HandedOver()

    @property
    def ahead_ms(self) -> int:
        """Return how long before it is due a message is sent; the first time costs a request."""
        if self._facts is None:
            self._facts = self._destination.facts()
        return ahead_ms(self._queue, self._facts)

    def run(self) -> Remaining:
        """Hand over whatever can be now, and return what remains.

        Raises SourceFailed, QueueDoesNotExist, StoreUnavailable, and what the check raises: all that was taken is then
        given back as far as that is possible, and starting again goes on.
        """
        ahead = self.ahead_ms
        self.done = replace(self.done, refused={}, waiting=0)
        try:
            self._all_ready()
            if ahead:
                self._all_ahead(ahead)
                self._all_ready()
        finally:
            self._let_go()
        return remaining(self._context, self._queue, ahead)

    def _all_ready(self) -> None:
        while True:
            try:
                claim = self._context.store.messages.claim(
                    self._queue,
                    self._now_ms(),
                    most=BATCH_ENTRIES,
                    most_bytes=LOAD_BYTES,
                    visibility_ms=LEASE_MS,
                    counts=False,
                )
            except OverLimit:  # too many are in flight
                return
            if not claim.messages:
                return
            self._hand_over([_Taken(one.message, one.receipt, is_claimed=True) for one in claim.messages])

    def _all_ahead(self, ahead: int) -> None:
        for page in delayed_pages(self._context, self._queue, most=BATCH_ENTRIES, whole=True):
            now_ms = self._now_ms()
            near = [seen for seen in page if seen.due_at_ms <= now_ms + ahead]
            self._hand_over([taken for seen in near if (taken := self._held(seen, now_ms)) is not None])
            if len(near) < len(page):  # they come as they are due
                return

    def _held(self, seen: SeenMessage, now_ms: int) -> _Taken | None:
        """Return a delayed message that stays where it is until it is sent, None when someone has moved it.

        One that is due soon is put off: until then somebody may have received it.
        """
        receipt = Receipt(self._queue, seen.message.message_id, seen.receive_count, 0, seen.message.group_id)
        if seen.due_at_ms > now_ms + LEASE_MS:
            return _Taken(seen.message, receipt, seen.due_at_ms)
        put_off_ms = now_ms + LEASE_MS
        if self._context.store.messages.reschedule(self._queue, now_ms, seen, put_off_ms) is not Rescheduled.DONE:
            return None
        return _Taken(seen.message, receipt, seen.due_at_ms, held=replace(seen, due_at_ms=put_off_ms))

    def _hand_over(self, taken: Sequence[_Taken]) -> None:
        """Send messages in order and delete them here; give back those that were not sent."""
        here = {one.receipt.message_id: one for one in taken}
        try:
            stuck: set[str] = set()  # groups of a FIFO queue of which one message was not sent, so none behind it is
            for load in _loads(self._sendable(taken, here, stuck), fifo=self._queue.is_fifo):
                wanted = [one for one in load if one.message.group_id not in stuck]
                if wanted:
                    self._send(wanted, here, stuck)
        finally:
            self._give_back(here.values())

    def _sendable(self, taken: Iterable[_Taken], here: dict[str, _Taken], stuck: set[str]) -> Iterator[_Taken]:
        """Yield those that are short enough for the queue there."""
        most = self._facts.max_message_bytes if self._facts else 0
        for one in taken:
            size = message_bytes(one.message.body, one.message.attributes)
            if size <= most:
                yield one
                continue
            self._keep(one, here, stuck, f"it has {size:,} bytes, and the queue there takes {most:,} at most")

    def _send(self, load: Sequence[_Taken], here: dict[str, _Taken], stuck: set[str]) -> None:
        """Send messages at once and delete those that are there."""
        self._check()
        now_ms = self._now_ms()
        became = self._destination.send([Deposit(one.message, _seconds(one.due_at_ms - now_ms)) for one in load])
        pairs = list(zip(load, became, strict=True))
        self._delete([one for one, it in pairs if it.message_id not in ("", one.receipt.message_id)], here)
        problem = ""
        for one, it in pairs:
            if it.message_id == one.receipt.message_id:
                # The other server had this very message, deleted it when it came here, and does not take it again yet.
                self._wait(one, here, stuck)
            elif it.is_refused:
                self._keep(one, here, stuck, it.problem)
            elif it.problem:
                problem = problem or it.problem
        self._tell(self.done)
        if problem:
            raise SourceFailed(f"not all messages were taken ({problem}): start it again")

    def _delete(self, sent: Sequence[_Taken], here: dict[str, _Taken]) -> None:
        if not sent:
            return
        if self._queue.is_fifo:  # so that it can be sent here again, should it come back
            self._context.store.messages.forget_duplicates(self._queue, [one.message for one in sent])
        settlements = [Settlement(one.receipt, Verdict.DELETE) for one in sent]
        self._context.store.messages.settle(self._queue, self._now_ms(), settlements)
        for one in sent:
            del here[one.receipt.message_id]
        self.done = replace(self.done, messages=self.done.messages + len(sent))

    def _keep(self, one: _Taken, here: dict[str, _Taken], stuck: set[str], reason: str) -> None:
        """Keep a message that is refused there, and all behind it of a FIFO group."""
        if self._queue.is_fifo and one.message.group_id is not None:
            stuck.add(one.message.group_id)
        if one.is_claimed:
            self._kept[one.receipt.message_id] = one.receipt
            del here[one.receipt.message_id]
        self.done = replace(self.done, refused=self.done.refused | {one.receipt.message_id: reason})

    def _wait(self, one: _Taken, here: dict[str, _Taken], stuck: set[str]) -> None:
        """Leave a message under its lease."""
        if self._queue.is_fifo and one.message.group_id is not None:
            stuck.add(one.message.group_id)
        del here[one.receipt.message_id]
        self.done = replace(self.done, waiting=self.done.waiting + 1)

    def _give_back(self, taken: Iterable[_Taken]) -> None:
        """Let others have messages again; what cannot be given back is theirs when the lease ends."""
        now_ms = self._now_ms()
        messages = self._context.store.messages
        with suppress(StoreUnavailable, QueueDoesNotExist):
            for one in taken:
                if one.held is not None:
                    messages.reschedule(self._queue, now_ms, one.held, max(one.due_at_ms, now_ms))
                elif one.is_claimed:
                    messages.settle(self._queue, now_ms, [_ready_again(one.receipt, now_ms)])

    def _let_go(self) -> None:
        """Let others have what was refused."""
        now_ms = self._now_ms()
        settlements = [_ready_again(receipt, now_ms) for receipt in self._kept.values()]
        with suppress(StoreUnavailable, QueueDoesNotExist):
            for start in range(0, len(settlements), BATCH_ENTRIES):
                self._context.store.messages.settle(self._queue, now_ms, settlements[start : start + BATCH_ENTRIES])
        self._kept.clear()

    def _now_ms(self) -> int:
        return self._context.clock.now_ms()


def _loads(taken: Iterable[_Taken], *, fifo: bool) -> Iterator[list[_Taken]]:
    """Yield messages in order, as many at a time as one send may have.

    Of a FIFO group it has one only: should that not be sent, one behind it would overtake it.
    """
    load: list[_Taken] = []
    load_bytes = 0
    for one in taken:
        size = message_bytes(one.message.body, one.message.attributes)
        is_behind = fifo and any(other.message.group_id == one.message.group_id for other in load)
        if load and (is_behind or len(load) == BATCH_ENTRIES or load_bytes + size > LOAD_BYTES):
            yield load
            load, load_bytes = [], 0
        load.append(one)
        load_bytes += size
    if load:
        yield load


def _ready_again(receipt: Receipt, now_ms: int) -> Settlement:
    return Settlement(receipt, Verdict.RETRY, now_ms)  # not GIVE_BACK: the claim did not count as a receive


def _seconds(wait_ms: int) -> int:
    """Return a wait in whole seconds, rounded up: it must not be over too early."""
    return max(0, -(-wait_ms // 1000))
