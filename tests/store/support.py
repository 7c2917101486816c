"""What tests over a real store share: seeds that say how a test starts, and looks that say how it ended."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import redis

from karin.sqs.message import Message, ReceivedMessage
from karin.sqs.names import QueueId
from karin.sqs.queue_attributes import defaults_for
from karin.store import keys
from karin.store.messages import Claim, Outgoing, Settlement, Verdict
from karin.store.queues import QueueState
from karin.store.signals import Nudge
from karin.store.store import Store

ACCOUNT = "000000000000"
QUEUE = QueueId(ACCOUNT, "work")
OTHER = QueueId(ACCOUNT, "other")
FIFO = QueueId(ACCOUNT, "work.fifo")
ANY_SIZE = 1 << 40


def create(store: Store, now_ms: int, queue: QueueId = QUEUE, **attributes: object) -> QueueId:
    """Create a queue with SQS's defaults but for the attributes given."""
    changed = {name: str(value) for name, value in attributes.items()}
    store.queues.create(queue, now_ms, {}, defaults_for(fifo=queue.is_fifo) | changed)
    return queue


def outgoing(
    now_ms: int, body: str = "hello", *, delay_ms: int | None = 0, size: int | None = None, **others: Any
) -> Outgoing:
    """Return a new message on its way into the store; ``others`` are fields of the message."""
    message = Message(message_id=str(uuid.uuid4()), body=body, sent_at_ms=now_ms, **others)
    return Outgoing(message, len(body.encode()) if size is None else size, delay_ms)


def send(
    store: Store, now_ms: int, body: str = "hello", *, queue: QueueId = QUEUE, delay_ms: int | None = 0, **others: Any
) -> str:
    """Send one message; return its id."""
    one = outgoing(now_ms, body, delay_ms=delay_ms, **others)
    store.messages.send(queue, now_ms, [one])
    return one.message.message_id


def claim(
    store: Store,
    now_ms: int,
    *,
    queue: QueueId = QUEUE,
    most: int = 10,
    floor_ms: int = 0,
    most_bytes: int = ANY_SIZE,
    **others: Any,
) -> Claim:
    """Claim due messages for as long as the queue's visibility timeout says."""
    return store.messages.claim(queue, now_ms, most=most, floor_ms=floor_ms, most_bytes=most_bytes, **others)


def settlement(received: ReceivedMessage, verdict: Verdict, due_at_ms: int = 0) -> Settlement:
    """Return the verdict on a message as it was claimed."""
    return Settlement(received.receipt, verdict, due_at_ms)


def bodies(taken: Claim | Iterable[ReceivedMessage]) -> list[str]:
    """Return the bodies of what was claimed, in order."""
    messages = taken.messages if isinstance(taken, Claim) else taken
    return [received.message.body for received in messages]


def counts(store: Store, now_ms: int, queue: QueueId = QUEUE) -> tuple[int, int, int]:
    """Return how many messages are ready, leased and delayed."""
    state: QueueState = store.queues.describe(queue, now_ms)
    return state.ready, state.leased, state.delayed


def all_keys(raw: redis.Redis) -> set[str]:
    """Return every key in the store."""
    found: Any = raw.keys("*")
    return set(found)


def assert_no_leak(raw: redis.Redis, *queues: QueueId) -> None:
    """Check that nothing is left but what may stay for ever.

    That is the queues given with the count of what was done in the last hour, their names, the deployment.
    """
    of_queues = {part(queue) for queue in queues for part in (keys.queue, keys.done)}
    permanent = {keys.QUEUES, keys.SNAPSHOT, keys.SCHEDULERS, *of_queues}
    assert all_keys(raw) - permanent == set()


def assert_nothing_expires(raw: redis.Redis) -> None:
    """Check that no key carries a time to live, but tombstones and the word that a sync was asked for."""
    tells: Any = {key: raw.ttl(key) for key in all_keys(raw)}
    assert {key for key, ttl in tells.items() if ttl != -1 and not key.endswith(":deleted")} <= {keys.SYNC_ASKED}


@contextmanager
def nudges(store: Store) -> Iterator["Nudges"]:
    """Listen for nudges from here on.

    A cluster's nodes pass on what was published at another, which may take until later: but a mark of each comes behind
    all that was published there before.
    """
    client: Any = store.signals._client  # there is no other way to each node
    nodes = [node.client for node in client.nodes()] if hasattr(client, "nodes") else [client]
    with closing(store.signals.listen(timeout_seconds=0.02)) as signals:
        assert next(signals) is None
        marks: dict[Any, Any] = {Nudge(QueueId("0" * 12, uuid.uuid4().hex), 0): node for node in nodes}
        for mark, node in marks.items():
            node.publish(keys.WAKES, f"{mark.queue} {mark.due_at_ms}")
        while marks:
            marks.pop(next(signals), None)
        yield Nudges(signals)


class Nudges:
    """What was heard on the channel of nudges."""

    def __init__(self, signals: Iterator[object]) -> None:
        self._signals = signals

    def heard(self) -> list[Nudge]:
        """Return the nudges since the last look."""
        found: list[Nudge] = []
        while (signal := next(self._signals)) is not None:
            assert isinstance(signal, Nudge)
            found.append(signal)
        return found

    def instants(self) -> list[int]:
        """Return the instants of the nudges since the last look."""
        return [nudge.due_at_ms for nudge in self.heard()]
