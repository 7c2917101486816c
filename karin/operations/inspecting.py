"""Looking without touching: what a queue holds, and what the last calls of functions came to."""

from collections.abc import Sequence

from karin.mapping.invocation import Invocation
from karin.mapping.outcome import OutcomeKind
from karin.operations.context import Context
from karin.sqs.message import Message, ReceivedMessage
from karin.sqs.names import QueueId
from karin.sqs.receipts import Receipt
from karin.sqs.receiving import system_attributes
from karin.store.inspect import Cursor, MessagePage, MessageState, SeenMessage, UnclearId, ambiguous
from karin.store.queues import QueueState

PAGE_MESSAGES = 100  # as many are shown by one command
MOST_PAGES = 20  # of those that have nothing to show, for one look
SHORTEST_BEGINNING = 4  # characters of an id, as git has it
SHORT_ID = 8  # characters of an id in a list
FIRST_RECEIVED = "ApproximateFirstReceiveTimestamp"
UNFAILED = (OutcomeKind.SUCCEEDED, OutcomeKind.FILTERED)


def messages(
    context: Context, queue: QueueId, *, most: int, state: MessageState | None = None, after: Cursor | None = None
) -> MessagePage:
    """Return up to ``most`` messages of a queue, in the order of the store's view, and where to go on.

    One command for each hundred, more only when messages are very long, or when many in other states stand between.
    Raises QueueDoesNotExist.
    """
    found: list[SeenMessage] = []
    empty_pages = 0
    while True:
        wanted = min(PAGE_MESSAGES, most - len(found))
        page = context.store.views.messages(queue, context.clock.now_ms(), most=wanted, state=state, after=after)
        found += page.messages
        after = page.next
        empty_pages += not page.messages
        if after is None or len(found) == most or empty_pages == MOST_PAGES:
            return MessagePage(tuple(found), after)


def message(context: Context, queue: QueueId, beginning: str) -> SeenMessage:
    """Return one message of a queue, whole; raises QueueDoesNotExist, UnclearId."""
    return context.store.views.message(queue, context.clock.now_ms(), _checked(beginning))


def system_attributes_of(queue: QueueId, seen: SeenMessage) -> dict[str, str]:
    """Return the system attributes of a message as its last receive had them."""
    receipt = Receipt(queue, seen.message.message_id, seen.receive_count, 0)
    attributes = system_attributes(ReceivedMessage(seen.message, receipt, seen.first_received_at_ms or 0))
    if seen.first_received_at_ms is None:
        del attributes[FIRST_RECEIVED]
    return attributes


def expires_at_ms(message: Message, queue: QueueState) -> int | None:
    """Return when a message is dropped that nobody deletes, as claim.lua and claim_fifo.lua count; None if unknown."""
    retention = queue.attributes.get("MessageRetentionPeriod")
    if retention is None:
        return None
    retention_ms, delay_ms = int(retention) * 1000, int(queue.attributes.get("DelaySeconds", "0")) * 1000
    if queue.queue.is_fifo and delay_ms >= retention_ms:
        retention_ms += delay_ms
    return (message.retained_from_ms or message.sent_at_ms) + retention_ms


def invocations(
    context: Context, queue: QueueId | None = None, *, most: int, failed: bool = False
) -> tuple[Invocation, ...]:
    """Return up to ``most`` calls made with messages of a queue, or of all, newest first; the failed ones or all.

    A call that was throttled or refused counts as failed. One command for the names of queues, one for each sixteen.
    """
    # Which of them failed is known only when they are read: then all that are kept must be.
    found = context.store.views.invocations(_queues(context, queue), most=None if failed else most)
    # A settle whose reply was lost is made again, and may then have recorded its call twice.
    distinct = {one.id: one for one in found}.values()
    wanted = [one for one in distinct if not failed or one.outcome not in UNFAILED]
    wanted.sort(key=lambda one: one.started_at_ms, reverse=True)
    return tuple(wanted[:most])


def invocation(context: Context, beginning: str, queue: QueueId | None = None) -> Invocation:
    """Return the one call that an id, or the beginning of it, names; raises UnclearId."""
    beginning = _checked(beginning)
    kept = context.store.views.invocations(_queues(context, queue))
    found = {one.id: one for one in kept if one.id.startswith(beginning)}
    if not found:
        raise UnclearId(
            f"no invocation that is kept has an id that is, or begins with, {beginning}: `karin invocations` lists them"
        )
    if len(found) > 1:
        raise ambiguous(beginning, *found)
    return found.popitem()[1]


def _queues(context: Context, queue: QueueId | None) -> Sequence[QueueId]:
    return context.store.queues.names() if queue is None else [queue]


def _checked(beginning: str) -> str:
    """Return the beginning of an id as ids are written; raises UnclearId when it is too short to mean one."""
    if len(beginning) < SHORTEST_BEGINNING:
        raise UnclearId(f"{beginning!r} is too short for an id: give its first {SHORTEST_BEGINNING} characters or more")
    return beginning.lower()
