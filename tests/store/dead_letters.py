"""What tests of dead letters share: a source, its dead-letter queue, and messages that nobody could handle."""

import json
from typing import Any

from karin.sqs.names import QueueId
from karin.store.messages import Claim, Verdict
from karin.store.store import Store
from tests.store.support import ACCOUNT, QUEUE, claim, create, send, settlement

REGION = "us-east-1"
DEAD = QueueId(ACCOUNT, "work-dead")
DEAD_FIFO = QueueId(ACCOUNT, "work-dead.fifo")


def redrive_policy(target: QueueId, max_receive_count: int) -> str:
    """Return the value of the attribute RedrivePolicy."""
    return json.dumps({"deadLetterTargetArn": target.arn(REGION), "maxReceiveCount": max_receive_count})


def create_pair(
    store: Store, now_ms: int, source: QueueId = QUEUE, *, max_receive_count: int = 1, **attributes: object
) -> QueueId:
    """Create a queue and the dead-letter queue of its type; return the latter."""
    target = DEAD_FIFO if source.is_fifo else DEAD
    create(store, now_ms, target)
    create(store, now_ms, source, RedrivePolicy=redrive_policy(target, max_receive_count), **attributes)
    return target


def send_any(store: Store, now_ms: int, queue: QueueId, body: str = "hello", *, group: str = "a", **others: Any) -> str:
    """Send a message that a queue of either type takes; only a FIFO queue hears of the group."""
    fifo: dict[str, Any] = {"group_id": group, "deduplication_id": body} if queue.is_fifo else {}
    return send(store, now_ms, body, queue=queue, **fifo, **others)


def fail(store: Store, now_ms: int, queue: QueueId = QUEUE, *, most: int = 10) -> Claim:
    """Receive messages as someone who cannot handle them and puts them back at once."""
    taken = claim(store, now_ms, queue=queue, most=most)
    store.messages.settle(queue, now_ms, [settlement(one, Verdict.RETRY, now_ms) for one in taken.messages])
    return taken
