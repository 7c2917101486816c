"""Messages that an older karin left: received, settled, moved, shown and deleted as any others."""

import uuid
from collections.abc import Callable

import pytest
import redis

from karin.sqs.message import Message
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.inspect import PREVIEW_BYTES
from karin.store.messages import Rescheduled, Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import FIFO, QUEUE, assert_no_leak, bodies, claim, counts, create, outgoing, send, settlement
from tests.unit.test_stored import version_1

Fill = Callable[[QueueId], Message]
both = pytest.mark.parametrize("queue", [QUEUE, FIFO])


@pytest.fixture
def fill(store: Store, clock: ManualClock, bytes_raw: redis.Redis) -> Fill:
    """Return a way to fill a queue with one message as an older karin left it, in a store that is then claimed."""

    def fill(queue: QueueId) -> Message:
        now_ms = clock.now_ms()
        create(store, now_ms, queue)
        one = Message(str(uuid.uuid4()), "old " * 500, now_ms, "AIDA", group_id="g" if queue.is_fifo else None)
        bytes_raw.hset(keys.messages(queue), one.message_id, version_1(one))
        if queue.is_fifo:
            number = "1" + "0" * 18 + "1"
            bytes_raw.hset(keys.queue(queue), "sequence", 1)
            bytes_raw.zadd(keys.arrivals(queue), {one.message_id: now_ms})
            bytes_raw.zadd(keys.order(queue), {f"g\0{number}{one.message_id}": 0})
            bytes_raw.hset(keys.remembered(queue), "d\0d", f"{one.message_id} {number}")
            bytes_raw.zadd(keys.remembered_until(queue), {"d\0d": now_ms + 60_000})
        bytes_raw.zadd(keys.due(queue), {"g\0" if queue.is_fifo else one.message_id: now_ms})
        bytes_raw.hdel(keys.queue(queue), keys.STORED_BYTES, "layout")
        bytes_raw.set(keys.SCHEMA, 1)
        store.schema.claim()
        return one

    return fill


@both
@pytest.mark.parametrize("verdict", list(Verdict))
def test_it_is_received_and_settled(
    store: Store, clock: ManualClock, raw: redis.Redis, fill: Fill, queue: QueueId, verdict: Verdict
) -> None:
    one = fill(queue)
    for _ in range(2):
        (received,) = claim(store, clock.now_ms(), queue=queue).messages
        assert (received.message.message_id, received.message.body) == (one.message_id, one.body)
        assert received.message.sender_id == "AIDA"
        now_ms = clock.now_ms()
        store.messages.settle(queue, now_ms, [settlement(received, verdict, now_ms + 1_000)])
        if verdict in (Verdict.DELETE, Verdict.DELETE_HELD):
            break
        clock.advance(seconds=60)
    else:
        (received,) = claim(store, clock.now_ms(), queue=queue).messages
        store.messages.settle(queue, clock.now_ms(), [settlement(received, Verdict.DELETE)])
    assert counts(store, clock.now_ms(), queue) == (0, 0, 0)
    assert store.queues.describe(queue, clock.now_ms()).held_bytes == 0
    raw.delete(keys.SCHEMA, keys.remembered(queue), keys.forgetting(queue))
    assert_no_leak(raw, queue)


@both
def test_it_is_shown_moved_and_deleted_by_a_person(
    store: Store, clock: ManualClock, fill: Fill, queue: QueueId
) -> None:
    one, now_ms = fill(queue), clock.now_ms()
    (listed,) = store.views.messages(queue, now_ms, most=10).messages
    assert (listed.message.body, listed.body_bytes) == (one.body[:PREVIEW_BYTES], len(one.body))
    shown = store.views.message(queue, now_ms, one.message_id[:11])
    assert shown.message.body == one.body
    assert store.views.message(queue, now_ms, one.message_id) == shown
    assert store.messages.reschedule(queue, now_ms, listed, now_ms + 5_000) is Rescheduled.DONE
    (moved,) = store.views.messages(queue, now_ms, most=10).messages
    assert moved.due_at_ms == now_ms + 5_000
    assert store.messages.reschedule(queue, now_ms, moved, None) is Rescheduled.DONE
    assert counts(store, now_ms, queue) == (0, 0, 0)


def test_its_deduplication_id_is_remembered(store: Store, clock: ManualClock, fill: Fill) -> None:
    one = fill(FIFO)
    again = outgoing(clock.now_ms(), "again", delay_ms=None, group_id="g", deduplication_id="d")
    (fate,) = store.messages.send(FIFO, clock.now_ms(), [again]).fates
    assert (fate.message_id, fate.sequence_number) == (one.message_id, "1" + "0" * 18 + "1")


def test_it_stands_in_line_with_new_ones(store: Store, clock: ManualClock, fill: Fill) -> None:
    one = fill(FIFO)
    for body in ("first", "second"):
        send(store, clock.now_ms(), body, queue=FIFO, delay_ms=None, group_id="g", deduplication_id=body)
    assert bodies(claim(store, clock.now_ms(), queue=FIFO)) == [one.body, "first", "second"]
