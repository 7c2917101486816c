"""Sending messages: one Redis command for one message or a batch of ten."""

from collections.abc import Sequence

import msgspec

from karin.operations.context import Context
from karin.sqs.batches import check_batch_bytes, check_entry_ids
from karin.sqs.digests import md5_of_attributes
from karin.sqs.errors import SqsError
from karin.sqs.fifo import deduplication_missing
from karin.sqs.ids import new_id
from karin.sqs.message import Message
from karin.sqs.names import QueueId
from karin.sqs.quotas import queue_is_full
from karin.sqs.sending import ENTRY, CheckedSend, Send, check_groups, check_send, send_bytes, too_long
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
    try:
        checked = check_send(send, send_bytes(send), fifo=queue.is_fifo, max_delay_seconds=context.max_delay_seconds)
    except SqsError:
        _require_queue(context, queue)
        raise
    now_ms = context.clock.now_ms()
    outgoing = _outgoing(checked, sender, now_ms)
    if refusal := context.quotas.refusal(queue, checked.size, now_ms):
        _require_queue(context, queue)
        raise refusal
    sent = _store(context, queue, now_ms, [outgoing])
    fate = sent.fates[0]
    if fate.is_too_long:
        raise too_long(sent.max_bytes, in_batch=False)
    if fate.is_over_limit:
        raise queue_is_full(queue, sent.held_bytes, context.quotas.limits)
    return _sent_message(fate, outgoing.message, checked)


def send_message_batch(
    context: Context, queue: QueueId, entries: Sequence[tuple[str | None, Send]], sender: Sender
) -> list[tuple[str, SentMessage | SqsError]]:
    """Send up to ten messages; return each entry's id with what became of it, in order.

    Raises an SqsError when the batch is refused as a whole, and then stores nothing.
    """
    try:
        check_entry_ids([entry_id for entry_id, _ in entries], ENTRY)
        sizes = [send_bytes(send) for _, send in entries]
        check_batch_bytes(sum(sizes))
        if queue.is_fifo:
            check_groups(send for _, send in entries)
        checks = [
            (entry_id or "", _check_entry(context, queue, place, send, size))
            for place, ((entry_id, send), size) in enumerate(zip(entries, sizes, strict=True), start=1)
        ]
    except SqsError:
        _require_queue(context, queue)
        raise
    refused = [send for (_, send), (_, check) in zip(entries, checks, strict=True) if isinstance(check, SqsError)]
    _require_deduplication(context, queue, refused)
    now_ms = context.clock.now_ms()
    checks = _check_room(context, queue, checks, now_ms)
    accepted = [check for _, check in checks if isinstance(check, CheckedSend)]
    if not accepted:
        _require_queue(context, queue)
        return [(entry_id, check) for entry_id, check in checks if isinstance(check, SqsError)]
    outgoing = [_outgoing(check, sender, now_ms) for check in accepted]
    sent = _store(context, queue, now_ms, outgoing)
    fates = iter(zip(outgoing, sent.fates, strict=True))
    results: list[tuple[str, SentMessage | SqsError]] = []
    for entry_id, check in checks:
        if isinstance(check, SqsError):
            results.append((entry_id, check))
            continue
        one, fate = next(fates)
        if fate.is_too_long:
            results.append((entry_id, too_long(sent.max_bytes, in_batch=True)))
        elif fate.is_over_limit:
            results.append((entry_id, queue_is_full(queue, sent.held_bytes, context.quotas.limits)))
        else:
            results.append((entry_id, _sent_message(fate, one.message, check)))
    return results


def _store(context: Context, queue: QueueId, now_ms: int, outgoing: Sequence[Outgoing]) -> Sent:
    """Send within the queue's limit, and learn what it holds then."""
    limit = context.quotas.limits.queue_bytes
    sent = context.store.messages.send(queue, now_ms, outgoing, most_held_bytes=limit)
    context.quotas.learn(queue, sent.held_bytes)
    return sent


def _check_room(
    context: Context, queue: QueueId, checks: list[tuple[str, CheckedSend | SqsError]], now_ms: int
) -> list[tuple[str, CheckedSend | SqsError]]:
    """Refuse the entries for which all queues together have no room."""
    sizes = [check.size for _, check in checks if isinstance(check, CheckedSend)]
    if not sizes or context.quotas.refusal(queue, sum(sizes), now_ms, len(sizes)) is None:
        return checks  # there is room for all, as nearly always
    return [
        (entry_id, context.quotas.refusal(queue, check.size, now_ms) or check)
        if isinstance(check, CheckedSend)
        else (entry_id, check)
        for entry_id, check in checks
    ]


def _check_entry(context: Context, queue: QueueId, place: int, send: Send, size: int) -> CheckedSend | SqsError:
    try:
        return check_send(send, size, fifo=queue.is_fifo, max_delay_seconds=context.max_delay_seconds, entry=place)
    except SqsError as error:
        return error


def _require_deduplication(context: Context, queue: QueueId, refused: Sequence[Send]) -> None:
    """Refuse the whole batch when an entry, refused anyway, has no deduplication id in a queue that makes none.

    The store says so of the entries that it sees; of the others nobody would.
    """
    if queue.is_fifo and any(send.deduplication_id is None for send in refused):
        state = context.store.queues.describe(queue, context.clock.now_ms())
        if state.attributes["ContentBasedDeduplication"] != "true":
            raise deduplication_missing()


def _require_queue(context: Context, queue: QueueId) -> None:
    """Let a missing queue win over any other fault, as on AWS, at the cost of a command only when there is a fault."""
    context.store.queues.describe(queue, context.clock.now_ms())


def _outgoing(checked: CheckedSend, sender: Sender, now_ms: int) -> Outgoing:
    send = checked.send
    message = Message(
        message_id=new_id(),
        body=checked.body,
        sent_at_ms=now_ms,
        sender_id=sender.id,
        attributes=dict(send.attributes),
        trace_header=checked.trace_header or sender.trace_header,
        group_id=send.group_id,
        deduplication_id=send.deduplication_id,
    )
    delay_ms = None if send.delay_seconds is None else send.delay_seconds * 1000
    return Outgoing(message, checked.size, delay_ms)


def _sent_message(fate: Fate, message: Message, checked: CheckedSend) -> SentMessage:
    return SentMessage(
        fate.message_id,
        message.md5_of_body,
        message.md5_of_attributes,
        md5_of_attributes(checked.send.system_attributes),
        fate.sequence_number,
    )
