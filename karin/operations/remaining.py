"""What of a queue is still to be handed over to another queue server, and when more of it can be."""

from collections.abc import Iterator

import msgspec

from karin.operations.context import Context
from karin.sqs.destination import QueueFacts
from karin.sqs.limits import DELAY_SECONDS
from karin.sqs.names import QueueId
from karin.store.inspect import Cursor, MessageState, SeenMessage

AHEAD_MS = DELAY_SECONDS[1] * 1000


class Remaining(msgspec.Struct, frozen=True):
    """What is still here, by state; ``next_at_ms`` is when more of it can be handed over, None when nobody knows."""

    ready: int = 0
    delayed: int = 0
    leased: int = 0
    next_at_ms: int | None = None

    @property
    def messages(self) -> int:
        """Return how many messages that is."""
        return self.ready + self.delayed + self.leased


def ahead_ms(queue: QueueId, facts: QueueFacts) -> int:
    """Return how long before it is due a message can be sent to a queue there that must not drop it before.

    A FIFO queue takes no delays by message.
    """
    return 0 if queue.is_fifo else min(AHEAD_MS, facts.retention_seconds * 1000 // 2)


def remaining(context: Context, queue: QueueId, ahead: int) -> Remaining:
    """Return what a queue still has to hand over; two commands. Raises QueueDoesNotExist, StoreUnavailable."""
    now_ms = context.clock.now_ms()
    state = context.store.queues.describe(queue, now_ms)
    instants = [state.next_due_at_ms] if state.next_due_at_ms is not None and state.next_due_at_ms > now_ms else []
    if state.delayed:
        page = context.store.views.messages(queue, now_ms, most=1, state=MessageState.DELAYED)
        instants += [max(seen.due_at_ms - ahead, now_ms) for seen in page.messages]
    return Remaining(state.ready, state.delayed, state.leased, min(instants, default=None))


def count_ahead(context: Context, queue: QueueId, ahead: int) -> int:
    """Return how many delayed messages could be sent now; a command for each hundred. Raises as ``remaining``."""
    now_ms = context.clock.now_ms()
    seen = delayed_pages(context, queue, most=100, whole=False)
    return sum(1 for page in seen for one in page if one.due_at_ms <= now_ms + ahead)


def delayed_pages(context: Context, queue: QueueId, *, most: int, whole: bool) -> Iterator[tuple[SeenMessage, ...]]:
    """Yield the delayed messages of a queue as they are due, page by page."""
    after: Cursor | None = None
    while True:
        page = context.store.views.messages(
            queue, context.clock.now_ms(), most=most, state=MessageState.DELAYED, after=after, whole=whole
        )
        yield page.messages
        if page.next is None:
            return
        after = page.next
