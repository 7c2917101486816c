"""Sending messages: one Redis command for one message or a batch of ten."""

from collections.abc import Sequence

import msgspec

from karin.operations.context import Context
from karin.sqs.batches import check_batch_bytes, check_entry_ids
from karin.sqs.digests import md5_of_attributes, md5_of_body
from karin.sqs.errors import SqsError
from karin.sqs.fifo import deduplication_missing
from karin.sqs.ids import new_id
from karin.sqs.message import Message
from karin.sqs.names import QueueId
from karin.sqs.quotas import queue_is_full
from karin.sqs.sending import ENTRY, Send, check_groups, check_send, send_bytes, too_long
from karin.store.messages import Fate, Outgoing, Sent


class Sender(msgspec.Struct, frozen=True):
    """Who sends: SenderId, and the X-Ray trace header that came with the HTTP request."""

    id: str
    trace_header: str | None = None


class SentMessage(msgspec.Struct, frozen=True):
    """What a caller learns of an accepted message."""

    message_id: str
    md5_of_body: str
    md5_of_attributes: str | None
    md5_of_system_attributes: str | None
    sequence_number: str | None = None


def send_message(context: Context, queue: QueueId, send: Send, sender: Sender) -> SentMessage:
    """Send one message; raises the SqsError that AWS would give."""
    now_ms = context.clock.now_ms()
    try:
        outgoing = _outgoing(context, send, send_bytes(send), sender, now_ms, queue.is_fifo)
    except SqsError:
        _require_queue(context, queue)
        raise
    if refusal := context.quotas.refusal(queue, outgoing.size, now_ms):
        _require_queue(context, queue)
        raise refusal
    sent = _store(context, queue, now_ms, [outgoing])
    result = _result(context, queue, sent, sent.fates[0], send, False)
    if isinstance(result, SqsError):
        raise result
    return result


def send_message_batch(
    context: Context, queue: QueueId, ids: Sequence[str | None], sends: Sequence[Send], sender: Sender
) -> list[SentMessage | SqsError]:
    """Send up to ten messages, each with the id of its entry; return what became of each, in order.

    Raises an SqsError when the batch is refused as a whole, and then stores nothing.
    """
    now_ms, fifo = context.clock.now_ms(), queue.is_fifo
    try:
        check_entry_ids(ids, ENTRY)
        sizes = [send_bytes(send) for send in sends]
        check_batch_bytes(sum(sizes))
        if fifo:
            check_groups(sends)
    except SqsError:
        _require_queue(context, queue)
        raise
    checked = [
        _checked(context, send, size, sender, now_ms, fifo, place)
        for place, (send, size) in enumerate(zip(sends, sizes, strict=True), start=1)
    ]
    if fifo:
        _require_deduplication(context, queue, sends, checked)
    accepted = [one for one in checked if isinstance(one, Outgoing)]
    total = sum([one.size for one in accepted])
    if accepted and context.quotas.refusal(queue, total, now_ms, len(accepted)):
        checked = _check_room(context, queue, checked, now_ms)
        accepted = [one for one in checked if isinstance(one, Outgoing)]
    if not accepted:
        _require_queue(context, queue)
        return [one for one in checked if isinstance(one, SqsError)]
    sent = _store(context, queue, now_ms, accepted)
    fates = iter(sent.fates)
    return [
        _result(context, queue, sent, next(fates), send, True) if isinstance(one, Outgoing) else one
        for send, one in zip(sends, checked, strict=True)
    ]


def _outgoing(
    context: Context, send: Send, size: int, sender: Sender, now_ms: int, fifo: bool, entry: int | None = None
) -> Outgoing:
    """Return a message of ``send_bytes`` size on its way; raises the SqsError that AWS would give."""
    trace_header = check_send(send, fifo=fifo, max_delay_seconds=context.max_delay_seconds, entry=entry)
    message = Message(
        new_id(),
        send.body or "",
        now_ms,
        sender.id,
        send.attributes or {},
        trace_header or sender.trace_header,
        send.group_id,
        send.deduplication_id,
    )
    return Outgoing(message, size, None if send.delay_seconds is None else send.delay_seconds * 1000)


def _checked(
    context: Context, send: Send, size: int, sender: Sender, now_ms: int, fifo: bool, entry: int
) -> Outgoing | SqsError:
    try:
        return _outgoing(context, send, size, sender, now_ms, fifo, entry)
    except SqsError as error:
        return error


def _store(context: Context, queue: QueueId, now_ms: int, outgoing: Sequence[Outgoing]) -> Sent:
    """Send within the queue's limit, and learn what it holds then."""
    limit = context.quotas.limits.queue_bytes
    sent = context.store.messages.send(queue, now_ms, outgoing, most_held_bytes=limit)
    context.quotas.learn(queue, sent.held_bytes)
    return sent


def _result(
    context: Context, queue: QueueId, sent: Sent, fate: Fate, send: Send, in_batch: bool
) -> SentMessage | SqsError:
    """Return what a caller learns of a message."""
    if fate.is_too_long:
        return too_long(sent.max_bytes, in_batch=in_batch)
    if fate.is_over_limit:
        return queue_is_full(queue, sent.held_bytes, context.quotas.limits)
    return SentMessage(
        fate.message_id,
        md5_of_body(send.body or ""),
        md5_of_attributes(send.attributes),
        md5_of_attributes(send.system_attributes),
        fate.sequence_number,
    )


def _check_room(
    context: Context, queue: QueueId, checked: list[Outgoing | SqsError], now_ms: int
) -> list[Outgoing | SqsError]:
    """Refuse the entries for which all queues together have no room, now that there is none for all of them."""
    return [
        (context.quotas.refusal(queue, one.size, now_ms) or one) if isinstance(one, Outgoing) else one
        for one in checked
    ]


def _require_deduplication(
    context: Context, queue: QueueId, sends: Sequence[Send], checked: Sequence[Outgoing | SqsError]
) -> None:
    """Refuse the whole batch when an entry, refused anyway, has no deduplication id in a FIFO queue that makes none.

    The store says so of the entries that it sees; of the others nobody would.
    """
    refused = [send for send, one in zip(sends, checked, strict=True) if isinstance(one, SqsError)]
    if any(send.deduplication_id is None for send in refused):
        state = context.store.queues.describe(queue, context.clock.now_ms())
        if state.attributes["ContentBasedDeduplication"] != "true":
            raise deduplication_missing()


def _require_queue(context: Context, queue: QueueId) -> None:
    """Let a missing queue win over any other fault, as on AWS, at the cost of a command only when there is a fault."""
    context.store.queues.describe(queue, context.clock.now_ms())
