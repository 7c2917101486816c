"""Receiving messages: one Redis command, whether it finds any or not."""

import logging

from karin.operations.context import Context
from karin.operations.dead_letters import move_dead
from karin.operations.queues import missing_queue_first
from karin.sqs.errors import OverLimit, QueueDoesNotExist
from karin.sqs.names import QueueId
from karin.sqs.receiving import Receive, check_receive
from karin.store.connection import StoreUnavailable
from karin.store.messages import Claim, Settlement, Verdict

MOST_BYTES = 2_200_000  # of one answer: two of the longest messages as they are stored
ROOM_PAUSE_MS = 1_000  # nobody is told when a queue with too many messages in flight has room again

log = logging.getLogger("karin.operations")


def check(context: Context, queue: QueueId, receive: Receive) -> None:
    """Accept a receive, or raise the SqsError that AWS would give."""
    with missing_queue_first(context, queue):
        check_receive(receive, fifo=queue.is_fifo)


def receive_messages(context: Context, queue: QueueId, receive: Receive) -> Claim:
    """Take what is due now, and move what was received too often to the dead-letter queue.

    Raises QueueDoesNotExist; OverLimit when too many messages are in flight, but not for a caller who would wait.
    """
    now_ms = context.clock.now_ms()
    visibility_ms = None if receive.visibility_seconds is None else receive.visibility_seconds * 1000
    try:
        claim = context.store.messages.claim(
            queue,
            now_ms,
            most=receive.most,
            most_bytes=MOST_BYTES,
            visibility_ms=visibility_ms,
            attempt_id=receive.attempt_id or "",
        )
    except OverLimit:
        wait_seconds = _wait_seconds(context, queue, receive)
        if not wait_seconds:
            raise
        return Claim((), (), None, 0, wait_seconds, now_ms + ROOM_PAUSE_MS)
    move_dead(context, queue, claim)
    return claim


def give_back(context: Context, queue: QueueId, claim: Claim) -> int | None:
    """Make messages that reach nobody due again, their receive uncounted; return when the queue is due next.

    It raises nothing: what cannot be given back comes again when its lease ends.
    """
    now_ms = context.clock.now_ms()
    settlements = [Settlement(received.receipt, Verdict.GIVE_BACK, now_ms) for received in claim.messages]
    try:
        return context.store.messages.settle(queue, now_ms, settlements).next_due_at_ms
    except StoreUnavailable as error:
        log.warning("cannot give back %d messages of %s: %s", len(settlements), queue.name, error)
        return claim.next_due_at_ms
    except QueueDoesNotExist:
        return None


def _wait_seconds(context: Context, queue: QueueId, receive: Receive) -> int:
    if receive.wait_seconds is not None:
        return receive.wait_seconds
    state = context.store.queues.describe(queue, context.clock.now_ms())
    return int(state.attributes["ReceiveMessageWaitTimeSeconds"])
