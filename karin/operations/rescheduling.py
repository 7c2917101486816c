"""What a person does to one message: run it now, put it off or bring it forward, delete it. Nothing is received by it.

The message is given as it was looked at (``karin.operations.inspecting.message``). If it was received or moved since,
it is left alone: what the person saw is not the case any more. One that is in flight may be with a function all the
same; moved, it stays in flight until the new instant, as if whoever holds it had extended its lease, and run now it
is delivered a second time. In a FIFO queue only the first message of a group can be moved, as no other may overtake it.
"""

from karin.operations import wording
from karin.operations.context import Context
from karin.operations.inspecting import SHORT_ID
from karin.sqs.names import QueueId
from karin.store.inspect import MessageState, SeenMessage
from karin.store.messages import Rescheduled


class LeftAlone(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """A message was left as it is; the message is one line that says why, and what to do."""


def may_come_twice(seen: SeenMessage, due_at_ms: int) -> bool:
    """Tell whether moving a message may have it delivered while someone is still at work on it."""
    return seen.state is MessageState.LEASED and due_at_ms < seen.due_at_ms


def run_now(context: Context, queue: QueueId, seen: SeenMessage) -> int:
    """Make a message due now, and return the instant in ms; one that is due already keeps its place in line.

    One command. Raises LeftAlone, QueueDoesNotExist.
    """
    due_at_ms = min(seen.due_at_ms, context.clock.now_ms())
    _settle(context, queue, seen, due_at_ms)
    return due_at_ms


def reschedule(context: Context, queue: QueueId, seen: SeenMessage, due_at_ms: int) -> int:
    """Make a message due at another instant in ms, and return it; one that has passed means now.

    It may be as far ahead as the queue keeps messages, or as a send may delay one (KARIN_MAX_DELAY_SECONDS) if that is
    longer. A message whose retention would be over by then is kept anew from that instant on, as one is that was sent
    with so long a delay. Two commands. Raises LeftAlone, QueueDoesNotExist.
    """
    now_ms = context.clock.now_ms()
    attributes = context.store.queues.describe(queue, now_ms).attributes
    most_ms = max(int(attributes["MessageRetentionPeriod"]), context.max_delay_seconds) * 1000
    if due_at_ms - now_ms > most_ms:
        raise LeftAlone(f"a message of {queue.name} can wait for {wording.elapsed(most_ms)} at most")
    due_at_ms = max(due_at_ms, now_ms)
    _settle(context, queue, seen, due_at_ms)
    return due_at_ms


def delete(context: Context, queue: QueueId, seen: SeenMessage) -> None:
    """Delete a message, wherever it stands in its group; one command. Raises LeftAlone, QueueDoesNotExist."""
    if queue.is_fifo and seen.message.sequence_number is None:
        raise LeftAlone(f"{_named(seen)} stands too far behind in its group to be found: delete those before it first")
    _settle(context, queue, seen, None)


def _settle(context: Context, queue: QueueId, seen: SeenMessage, due_at_ms: int | None) -> None:
    if queue.is_fifo and seen.message.sequence_number is None:  # a thousand of its group stand before it
        outcome = Rescheduled.BEHIND
    else:
        outcome = context.store.messages.reschedule(queue, context.clock.now_ms(), seen, due_at_ms)
    if outcome is not Rescheduled.DONE:
        raise LeftAlone(_reason(queue, seen, outcome))


def _reason(queue: QueueId, seen: SeenMessage, outcome: Rescheduled) -> str:
    named = _named(seen)
    match outcome:
        case Rescheduled.GONE:
            return f"{named} is not in {queue.name} any more: it was delivered, deleted or moved to another queue"
        case Rescheduled.EXPIRED:
            return f"{named} has been in {queue.name} for as long as that keeps messages: it is about to be dropped"
        case Rescheduled.BEHIND:
            group = seen.message.group_id
            return f"{named} stands behind another message of its group {group}: only the first can be moved"
        case _:
            return f"{named} was received meanwhile, or moved by someone else: look again"


def _named(seen: SeenMessage) -> str:
    return f"message {seen.message.message_id[:SHORT_ID]}"
