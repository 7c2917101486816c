"""What tests of FIFO queues share: messages named after their groups, and claims and verdicts on them."""

from karin.sqs.message import ReceivedMessage
from karin.sqs.names import QueueId
from karin.store.messages import Claim, Fate, Settled, Verdict
from karin.store.store import Store
from tests.store.support import FIFO, claim, outgoing, settlement

LEASE_MS = 30_000  # as the default VisibilityTimeout
FIVE_MINUTES_MS = 300_000


def send(store: Store, now_ms: int, *names: str, queue: QueueId = FIFO) -> list[Fate]:
    """Send messages in one command, each to the group that its name begins with; return what became of them."""
    batch = [outgoing(now_ms, name, group_id=name[0], deduplication_id=name) for name in names]
    return [*store.messages.send(queue, now_ms, batch).fates]


def send_as(store: Store, now_ms: int, body: str, deduplication_id: str | None, *, group_id: str = "a") -> Fate:
    """Send one message with a deduplication id, or none; return what became of it."""
    one = outgoing(now_ms, body, group_id=group_id, deduplication_id=deduplication_id)
    (fate,) = store.messages.send(FIFO, now_ms, [one]).fates
    return fate


def take(store: Store, now_ms: int, most: int = 10, attempt_id: str = "") -> Claim:
    """Claim from the FIFO queue."""
    return claim(store, now_ms, queue=FIFO, most=most, attempt_id=attempt_id)


def settle(
    store: Store, now_ms: int, verdict: Verdict, *received: ReceivedMessage, due_at_ms: int | None = None
) -> Settled:
    """Settle messages alike, due again now unless said otherwise."""
    due_at_ms = now_ms if due_at_ms is None else due_at_ms
    return store.messages.settle(FIFO, now_ms, [settlement(one, verdict, due_at_ms) for one in received])
