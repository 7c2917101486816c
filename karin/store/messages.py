"""Commands on the messages of a queue: one method per command, one script for each type of queue."""

import logging
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from karin.sqs.errors import OverLimit, PurgeQueueInProgress
from karin.sqs.fifo import content_deduplication_id, deduplication_missing
from karin.sqs.limits import IN_FLIGHT, PURGE_INTERVAL_MS, REMEMBERED_MS
from karin.sqs.message import Message, ReceivedMessage
from karin.sqs.names import QueueId
from karin.sqs.quotas import bytes_beside
from karin.sqs.receipts import Receipt
from karin.sqs.stored import pack_message, unpack_message
from karin.store import keys
from karin.store.duplicates import FIELD, digest
from karin.store.ids import read_id, stored_id
from karin.store.inspect import SeenMessage
from karin.store.rows import read_number, stored_number
from karin.store.scripts import NO_BOUND, Argument, Scripts, optional_instant, require_queue

MOST_OUTGOING = 1_000  # messages of one send: their script names them to one command, and Lua can pass on 8,000 values
RECORDED_BYTES = 256 * 1024  # of each queue's last invocations

log = logging.getLogger("karin.store")


class Outgoing(msgspec.Struct, frozen=True):
    """A message on its way into a queue.

    ``size`` is what SQS counts in bytes, 0 when the queue's limits do not concern it; ``delay_ms`` None leaves the
    delay to the queue, which alone decides it when it is a FIFO queue. A message that comes from another queue brings
    along how often and since when it was received.
    """

    message: Message
    size: int
    delay_ms: int | None
    receive_count: int = 0
    first_received_at_ms: int = 0


class Fate(msgspec.Struct, frozen=True):
    """What became of one message that was sent: for a duplicate, id and number are those of the first."""

    message_id: str
    sequence_number: str | None
    is_too_long: bool = False
    is_over_limit: bool = False  # the queue has no room for it


class Sent(msgspec.Struct, frozen=True):
    """What became of a send, in order; ``max_bytes`` is the longest message that the queue takes.

    ``held_bytes`` is what the queue holds now, as its limit counts.
    """

    max_bytes: int
    held_bytes: int
    fates: tuple[Fate, ...]


class Call(msgspec.Struct, frozen=True):
    """A function call that a claim is made for, as all schedulers count it.

    ``until_ms`` is when it is taken to be over unless it is renewed; ``max_concurrency`` bounds the mapping's calls in
    flight, whoever makes them.
    """

    mapping_uuid: str
    call_id: str
    until_ms: int
    max_concurrency: int | None = None

    @property
    def member(self) -> str:
        """Return how the store knows it."""
        return f"{self.mapping_uuid} {self.call_id}"


class Claim(msgspec.Struct, frozen=True):
    """Messages taken under a lease, and when the queue is due next (None: it is empty).

    ``dead`` are those that were received too often: they wait, under the same lease, to be moved to the
    ``dead_letter_target``. ``visibility_ms`` is what the lease would be without a floor, ``wait_seconds`` the queue's
    ReceiveMessageWaitTimeSeconds. With ``is_busy`` the mapping has as many calls in flight as it may.
    """

    messages: tuple[ReceivedMessage, ...]
    dead: tuple[ReceivedMessage, ...]
    dead_letter_target: QueueId | None
    visibility_ms: int
    wait_seconds: int
    next_due_at_ms: int | None
    is_busy: bool = False


class Verdict(StrEnum):
    """What is to become of a message that was received."""

    DELETE = "delete"  # whoever holds it now
    DELETE_HELD = "delete_held"  # only if this receive still holds it: the rule of FIFO queues
    EXTEND = "extend"  # hidden until the given instant, from the caller's point of view
    HOLD = "hold"  # leased at least until the given instant, while its function runs
    RETRY = "retry"  # due again at the given instant, or when its function said; the receive counts
    GIVE_BACK = "give_back"  # due again at the given instant; the receive does not count


class Settlement(msgspec.Struct, frozen=True):
    """One message's verdict; its receipt tells which receive speaks, so that a later holder is left alone."""

    receipt: Receipt
    verdict: Verdict
    due_at_ms: int = 0


class Effect(StrEnum):
    """What a settlement did."""

    DONE = "done"
    GONE = "gone"  # the message is not there any more
    LOST = "lost"  # someone received it since, or, in a FIFO queue, its lease ran out


class Settled(msgspec.Struct, frozen=True):
    """What settling did to each message, in order, and when the queue is due next (None: it is empty)."""

    effects: tuple[Effect, ...]
    next_due_at_ms: int | None


class Rescheduled(StrEnum):
    """What became of a message that a person wanted moved to another instant, or deleted."""

    DONE = "ok"
    GONE = "gone"  # it is not there any more
    CHANGED = "changed"  # it was received or moved since it was seen
    EXPIRED = "expired"  # its retention is over: the next claim that comes to it drops it
    BEHIND = "behind"  # it is not the first of its group in a FIFO queue


class MessageCommands:
    """Sends, claims, settles, moves and purges; every method is one Redis command and may raise StoreUnavailable."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def send(
        self, queue: QueueId, now_ms: int, outgoing: Sequence[Outgoing], *, most_held_bytes: int | None = None
    ) -> Sent:
        """Store messages, each once: sending an id, or in a FIFO queue a deduplication id, again changes nothing.

        There may be MOST_OUTGOING of them. One for which the queue would hold more than ``most_held_bytes`` is not
        stored. Raises QueueDoesNotExist; InvalidParameterValue when a FIFO queue has no way to tell duplicates.
        """
        args: list[Argument] = [now_ms, str(queue), keys.WAKES]
        args += (NO_BOUND if most_held_bytes is None else most_held_bytes, bytes_beside(queue))
        if fifo := queue.is_fifo:
            args.append(REMEMBERED_MS)
            for one in outgoing:
                args += _for_fifo(queue, one)
            status, reply = self._scripts.call("send_fifo", keys.of_queue_and_messages(queue), args)
        else:
            args.append(max([one.size for one in outgoing], default=0))
            for one in outgoing:
                args += _for_standard(queue, one)
            status, reply = self._scripts.call("send", keys.of_sending(queue), args)
        require_queue(status)
        if status == "no_deduplication_id":
            raise deduplication_missing()
        max_bytes, held_bytes, *words = reply
        if fifo:
            ids, numbers = map(read_id, words[1::3]), map(read_number, words[2::3])
            fates = [_fate(*told) for told in zip(words[::3], ids, numbers, strict=True)]
        elif words:  # each message keeps the id that it was sent with
            fates = [_fate(word, one.message.message_id) for word, one in zip(words, outgoing, strict=True)]
        else:  # all are sent, as nearly always
            fates = [Fate(one.message.message_id, None) for one in outgoing]
        return Sent(max_bytes, held_bytes, tuple(fates))

    def claim(
        self,
        queue: QueueId,
        now_ms: int,
        *,
        most: int,
        most_bytes: int,
        visibility_ms: int | None = None,
        floor_ms: int = 0,
        attempt_id: str = "",
        counts: bool = True,
        call: Call | None = None,
        window_ms: int = 0,
    ) -> Claim:
        """Take up to ``most`` due messages under a lease.

        The lease is ``visibility_ms``, else the queue's own, and at least ``floor_ms``. ``most_bytes`` bounds the
        messages taken, as if none were stored compressed; the first is taken whatever its size. In a FIFO queue the
        same ``attempt_id`` gets the same messages again for five minutes. Without ``counts`` the receive is not
        counted, and no message is dead. A ``call`` is noted when it gets messages. In a standard queue, fewer messages
        than ``most`` are left where they are until the first of them has been due for ``window_ms``.

        Raises QueueDoesNotExist; OverLimit when a standard queue has too many messages in flight.
        """
        args: list[Argument] = [now_ms, most, most_bytes, -1 if visibility_ms is None else visibility_ms, floor_ms]
        args += [int(counts), IN_FLIGHT]
        args += [f"{call.mapping_uuid} ", call.call_id, call.until_ms] if call else ["", "", 0]
        args.append((call and call.max_concurrency) or NO_BOUND)
        taken_keys = [*keys.of_queue_and_messages(queue), keys.calls(queue)]
        if queue.is_fifo:
            status, reply = self._scripts.call("claim_fifo", taken_keys, [*args, attempt_id, REMEMBERED_MS])
        else:
            status, reply = self._scripts.call("claim", taken_keys, [*args, window_ms])
        require_queue(status)
        if status == "busy":
            return Claim((), (), None, 0, 0, reply[0], is_busy=True)
        if status == "over_limit":
            raise OverLimit(f"Too many messages in flight: a queue may have {IN_FLIGHT}.")
        messages: list[ReceivedMessage] = []
        dead: list[ReceivedMessage] = []
        if queue.is_fifo:
            lease_ms, wait_seconds, target, next_due_at_ms, *rest = reply
            for fate, *taken in zip(*[iter(rest)] * 7, strict=True):
                if (received := _received(queue, *taken)) is not None:
                    (dead if fate == b"dead" else messages).append(received)
        else:
            lease_ms, wait_seconds, target, next_due_at_ms, rest_dead, *rest = reply
            for told, into in ((rest_dead, dead), (rest, messages)):
                for id_, count, first_at_ms, packed in zip(*[iter(told)] * 4, strict=True):
                    if (received := _received(queue, id_, count, first_at_ms, now_ms, b"", packed)) is not None:
                        into.append(received)
        return Claim(
            tuple(messages),
            tuple(dead),
            QueueId.parse(target.decode()) if target else None,
            lease_ms,
            wait_seconds,
            optional_instant(next_due_at_ms),
        )

    def settle(
        self,
        queue: QueueId,
        now_ms: int,
        settlements: Sequence[Settlement],
        *,
        call: Call | None = None,
        goes_on: bool = False,
        invocation: bytes = b"",
    ) -> Settled:
        """Write what is to become of messages that were received, and that their ``call`` is over or ``goes_on``.

        ``invocation`` is kept with the last ones of the queue. Raises QueueDoesNotExist.
        """
        args: list[Argument] = [now_ms, str(queue), keys.WAKES]
        args += [call.member if call else "", call.until_ms if call and goes_on else 0]
        args += [int(call is not None and not goes_on and call.max_concurrency is not None), invocation, RECORDED_BYTES]
        for one in settlements:
            receipt = one.receipt
            args += [stored_id(receipt.message_id), receipt.receive_count, receipt.group_id or ""]
            args += [stored_number(receipt.sequence_number)] if queue.is_fifo else []
            args += [one.verdict.value, one.due_at_ms]
        taken_keys = [*keys.of_queue_and_messages(queue), *keys.of_calls(queue)]
        if queue.is_fifo:
            status, reply = self._scripts.call("settle_fifo", taken_keys, args)
        else:
            status, reply = self._scripts.call("settle", taken_keys, args)
        require_queue(status)
        next_due_at_ms, *words = reply
        effects = tuple(Effect(word.decode()) for word in words) or (Effect.DONE,) * len(settlements)
        return Settled(effects, optional_instant(next_due_at_ms))

    def reschedule(self, queue: QueueId, now_ms: int, seen: SeenMessage, due_at_ms: int | None) -> Rescheduled:
        """Move a message to another instant, or with None delete it, if it still stands as it was seen one by one.

        Raises QueueDoesNotExist.
        """
        message = seen.message
        args: list[Argument] = [now_ms, str(queue), keys.WAKES, stored_id(message.message_id), message.group_id or ""]
        args += [stored_number(message.sequence_number)] if queue.is_fifo else []
        args += [seen.due_at_ms, seen.receive_count, -1 if due_at_ms is None else due_at_ms]
        taken_keys = keys.of_queue_and_messages(queue)
        if queue.is_fifo:
            status, _ = self._scripts.call("reschedule_fifo", taken_keys, args)
        else:
            status, _ = self._scripts.call("reschedule", taken_keys, args)
        require_queue(status)
        return Rescheduled(status)

    def forget_duplicates(self, queue: QueueId, messages: Sequence[Message]) -> None:
        """Let messages be sent to a FIFO queue once more though they were within five minutes."""
        ids = [(one.group_id or "", one.deduplication_id or content_deduplication_id(one.body)) for one in messages]
        fields = [FIELD + digest(scope, id_) for group, id_ in ids for scope in ("", group)]
        self._scripts.call("forget_duplicates", [keys.remembered(queue)], fields)

    def purge(self, queue: QueueId, now_ms: int) -> int:
        """Remove all messages and return how many; raises QueueDoesNotExist or PurgeQueueInProgress."""
        status, reply = self._scripts.call("purge", keys.of_queue_and_messages(queue), [now_ms, PURGE_INTERVAL_MS])
        require_queue(status)
        if status == "purged_recently":
            raise PurgeQueueInProgress(queue.name)
        removed: int = reply[0]
        return removed


def _for_standard(queue: QueueId, one: Outgoing) -> tuple[Argument, ...]:
    message, delay_ms, rest = one.message, -1 if one.delay_ms is None else one.delay_ms, ""
    if one.receive_count or message.group_id:
        rest = f"{one.receive_count} {one.first_received_at_ms} {message.group_id or ''}"
    return stored_id(message.message_id), one.size, delay_ms, pack_message(message, queue.account), rest


def _for_fifo(queue: QueueId, one: Outgoing) -> tuple[Argument, ...]:
    given_id, group = one.message.deduplication_id, one.message.group_id or ""
    deduplication_id = given_id or content_deduplication_id(one.message.body)
    message = msgspec.structs.replace(one.message, deduplication_id=deduplication_id)
    digests = digest("", deduplication_id) + digest(group, deduplication_id)
    received = f"{one.receive_count} {one.first_received_at_ms}" if one.receive_count else ""
    of_any = (stored_id(one.message.message_id), one.size, group, received)
    return (*of_any, int(bool(given_id)), digests, pack_message(message, queue.account))


def _fate(word: bytes, message_id: str, sequence_number: str | None = None) -> Fate:
    return Fate(message_id, sequence_number, word == b"too_long", word == b"over_limit")


def _received(
    queue: QueueId,
    id_: bytes,
    receive_count: int,
    first_received_at_ms: int,
    received_at_ms: int,
    sequence_number: bytes,
    packed: bytes,
) -> ReceivedMessage | None:
    """Return a message that was taken; None for one that cannot be read, which stays where it is until it expires."""
    message_id, number = read_id(id_), read_number(sequence_number)
    try:
        message = unpack_message(message_id, packed, queue.account, number)
    except (msgspec.DecodeError, ValueError) as error:
        log.error("message %s of %s cannot be read and is left where it is: %s", message_id, queue.name, error)
        return None
    receipt = Receipt(queue, message_id, receive_count, received_at_ms, message.group_id, number)
    return ReceivedMessage(message, receipt, first_received_at_ms)
