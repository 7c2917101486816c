"""What tests of looking share: a page, all pages, and what was seen there."""

from collections.abc import Iterator
from typing import Any

from karin.sqs.names import QueueId
from karin.store.inspect import MessagePage, MessageState, SeenMessage
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import QUEUE

READY, DELAYED, LEASED = MessageState.READY, MessageState.DELAYED, MessageState.LEASED


def page(store: Store, clock: ManualClock, queue: QueueId = QUEUE, most: int = 10, **others: Any) -> MessagePage:
    """Look at one page."""
    return store.views.messages(queue, clock.now_ms(), most=most, **others)


def walk(
    store: Store, clock: ManualClock, queue: QueueId = QUEUE, most: int = 3, **others: Any
) -> Iterator[SeenMessage]:
    """Look at all pages, one after the other."""
    found = page(store, clock, queue, most, **others)
    yield from found.messages
    while found.next is not None:
        found = page(store, clock, queue, most, after=found.next, **others)
        yield from found.messages


def bodies(seen: Any) -> list[str]:
    """Return the bodies of what was seen, in order."""
    return [one.message.body for one in (seen.messages if isinstance(seen, MessagePage) else seen)]
