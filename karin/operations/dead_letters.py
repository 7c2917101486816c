"""Moving messages that were received too often to their queue's dead-letter queue.

Source and target live in different slots, so a move is two commands: the message is sent to the target under the id
that it has, then deleted in the source. A crash between the two repeats the first when the message's lease ends, which
changes nothing (SQS developer guide, "Using dead-letter queues in Amazon SQS").
"""

import logging
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from karin.operations.context import Context
from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.message import ReceivedMessage, message_bytes
from karin.sqs.names import QueueId
from karin.store.connection import StoreUnavailable
from karin.store.messages import MOST_OUTGOING, Claim, Outgoing, Settlement, Verdict

MOST_SEND_BYTES = 2 * 1024 * 1024  # of bodies and attributes in one command; the longest message alone is half of it
WARNING_INTERVAL_MS = 60_000

log = logging.getLogger("karin.operations")


def move_dead(context: Context, queue: QueueId, claim: Claim) -> int:
    """Move what a claim found dead to the dead-letter queue and return how many messages were moved.

    Without dead messages it costs nothing. It raises nothing: what cannot be moved stays hidden in the source until its
    lease ends, is then found dead again, and must not keep the claim's other messages from being delivered.
    """
    target = claim.dead_letter_target
    if not claim.dead or target is None:
        return 0
    moved = 0
    try:
        for load in _loads(claim.dead):
            if not _send(context, queue, target, load):
                break
            _delete(context, queue, load)
            moved += len(load)
    except StoreUnavailable as error:
        _warn(context, queue, f"cannot move messages from {queue.name} to {target.name} now: {error}")
    return moved


def _loads(dead: Sequence[ReceivedMessage]) -> Iterator[list[ReceivedMessage]]:
    """Yield the messages in order, as many at a time as one command may carry."""
    load: list[ReceivedMessage] = []
    load_bytes = 0
    for received in dead:
        size = message_bytes(received.message.body, received.message.attributes)
        if load and (load_bytes + size > MOST_SEND_BYTES or len(load) == MOST_OUTGOING):
            yield load
            load, load_bytes = [], 0
        load.append(received)
        load_bytes += size
    yield load


def _send(context: Context, queue: QueueId, target: QueueId, dead: Sequence[ReceivedMessage]) -> bool:
    """Send dead messages to their target and tell whether it exists."""
    outgoing = [_outgoing(context, queue, target, received) for received in dead]
    try:
        context.store.messages.send(target, context.clock.now_ms(), outgoing)
    except QueueDoesNotExist:
        _warn(
            context,
            queue,
            f"the dead-letter queue {target.name} of {queue.name} does not exist: what was received too often stays"
            f" in {queue.name}, undelivered; create {target.name}, or sync again if it is deployed",
        )
        return False
    return True


def _outgoing(context: Context, queue: QueueId, target: QueueId, received: ReceivedMessage) -> Outgoing:
    """Return a dead message as it arrives: the same message, which remembers its source and its receives."""
    message = replace(received.message, dead_letter_source_arn=context.arn(queue))
    if target.is_fifo:
        message = replace(message, deduplication_id=message.message_id)
    return Outgoing(
        message,
        size=0,  # it was accepted once
        delay_ms=0,
        receive_count=received.receive_count,
        first_received_at_ms=received.first_received_at_ms,
    )


def _delete(context: Context, queue: QueueId, moved: Sequence[ReceivedMessage]) -> None:
    settlements = [Settlement(received.receipt, Verdict.DELETE) for received in moved]
    try:
        context.store.messages.settle(queue, context.clock.now_ms(), settlements)
    except QueueDoesNotExist:
        return  # deleted meanwhile, and with it what was to be deleted here


def _warn(context: Context, queue: QueueId, text: str) -> None:
    """Log a line, at most one a minute for each source: it is said anew at every claim otherwise."""
    now_ms = context.clock.now_ms()
    last_ms = context.warned_at_ms.get(queue)
    if last_ms is None or not last_ms <= now_ms < last_ms + WARNING_INTERVAL_MS:
        context.warned_at_ms[queue] = now_ms
        log.warning("%s", text)
