"""How many bytes a queue holds, what its limit refuses, and that an older karin's queues are counted once."""

from typing import Any

import pytest
import redis

from karin.sqs.names import QueueId
from karin.sqs.quotas import bytes_beside
from karin.store import keys
from karin.store.messages import Outgoing, Rescheduled, Verdict
from karin.store.schema import VERSION
from karin.store.store import Store
from tests.store.support import FIFO, OTHER, QUEUE, claim, create, outgoing, send, settlement

NOW_MS = 1_700_000_000_000
BODY = "x" * 1000

both = pytest.mark.parametrize("queue", [QUEUE, FIFO])


def new(queue: QueueId, number: int = 0, body: str = BODY, *, size: int | None = None) -> Outgoing:
    """Return a message on its way into a queue of either type."""
    fifo = {"group_id": "g", "deduplication_id": str(number)} if queue.is_fifo else {}
    return outgoing(NOW_MS, body, size=size, delay_ms=None if queue.is_fifo else 0, **fifo)


def held(store: Store, queue: QueueId) -> int:
    """Return what a queue says that it holds."""
    return store.queues.describe(queue, NOW_MS).held_bytes


def summed(raw: redis.Redis, queue: QueueId) -> int:
    """Return what a queue's messages come to."""
    ids: Any = raw.hkeys(keys.messages(queue))
    lengths: Any = [raw.hstrlen(keys.messages(queue), id_.encode(errors="surrogateescape")) for id_ in ids]
    return int(sum(lengths)) + len(lengths) * bytes_beside(queue)


@both
def test_a_queue_holds_what_is_stored_and_something_for_each_message(
    store: Store, raw: redis.Redis, queue: QueueId
) -> None:
    create(store, NOW_MS, queue)
    assert held(store, queue) == 0
    for number in range(3):
        sent = store.messages.send(queue, NOW_MS, [new(queue, number)])
        assert sent.held_bytes == held(store, queue) == summed(raw, queue) > number * len(BODY)
    one, *_ = claim(store, NOW_MS, queue=queue, most=1).messages
    store.messages.settle(queue, NOW_MS, [settlement(one, Verdict.DELETE)])
    assert held(store, queue) == summed(raw, queue) > 0
    store.messages.purge(queue, NOW_MS)
    assert held(store, queue) == 0


@both
def test_each_message_of_a_batch_is_refused_by_itself_when_the_queue_has_no_room(
    store: Store, raw: redis.Redis, queue: QueueId
) -> None:
    create(store, NOW_MS, queue)
    first = store.messages.send(queue, NOW_MS, [new(queue)]).held_bytes
    batch = [new(queue, 1), new(queue, 2), new(queue, 3, "small")]
    sent = store.messages.send(queue, NOW_MS, batch, most_held_bytes=2 * first + first // 2)
    assert [fate.is_over_limit for fate in sent.fates] == [False, True, False]
    assert sent.held_bytes == held(store, queue) == summed(raw, queue) <= 2 * first + first // 2


@both
def test_what_was_sent_before_is_no_new_message_to_a_full_queue(store: Store, queue: QueueId) -> None:
    create(store, NOW_MS, queue)
    one = new(queue)
    (first,) = store.messages.send(queue, NOW_MS, [one]).fates
    assert store.messages.send(queue, NOW_MS, [one], most_held_bytes=1).fates == (first,)
    assert store.messages.send(queue, NOW_MS, [new(queue, 1)], most_held_bytes=1).fates[0].is_over_limit


@both
def test_what_comes_from_another_queue_is_bound_by_no_limit(store: Store, queue: QueueId) -> None:
    create(store, NOW_MS, queue)
    assert not store.messages.send(queue, NOW_MS, [new(queue, size=0)], most_held_bytes=1).fates[0].is_over_limit


@both
def test_what_expires_and_what_a_person_deletes_is_held_no_more(store: Store, raw: redis.Redis, queue: QueueId) -> None:
    create(store, NOW_MS, queue, MessageRetentionPeriod=60)
    store.messages.send(queue, NOW_MS, [new(queue), new(queue, 1, "other")])
    seen = store.views.messages(queue, NOW_MS, most=1).messages[0]
    assert store.messages.reschedule(queue, NOW_MS, seen, None) is Rescheduled.DONE
    assert held(store, queue) == summed(raw, queue) > 0
    assert claim(store, NOW_MS + 60_000, queue=queue).messages == ()
    assert held(store, queue) == summed(raw, queue) == 0


def test_a_queue_that_an_older_karin_filled_is_counted_when_its_store_is_claimed(
    store: Store, raw: redis.Redis
) -> None:
    for queue in (QUEUE, FIFO, OTHER):
        create(store, NOW_MS, queue)
    for number in range(3):
        store.messages.send(QUEUE, NOW_MS, [new(QUEUE)])
        store.messages.send(FIFO, NOW_MS, [new(FIFO, number)])
    for queue in (QUEUE, FIFO):
        raw.hdel(keys.queue(queue), keys.STORED_BYTES)
    raw.set(keys.SCHEMA, 1)
    store.schema.claim()
    assert raw.get(keys.SCHEMA) == str(VERSION)
    assert [held(store, queue) for queue in (QUEUE, FIFO)] == [summed(raw, queue) for queue in (QUEUE, FIFO)]
    send(store, NOW_MS)
    assert held(store, QUEUE) == summed(raw, QUEUE)


def test_a_queue_that_runs_empty_is_counted_right_again(store: Store, raw: redis.Redis) -> None:
    create(store, NOW_MS)
    raw.hset(keys.queue(QUEUE), keys.STORED_BYTES, 12_345)  # as if an older karin had deleted some
    send(store, NOW_MS)
    assert held(store, QUEUE) == summed(raw, QUEUE)


def test_queues_are_weighed_in_one_command_with_all_names_and_the_stores_memory(store: Store, raw: redis.Redis) -> None:
    for queue in (QUEUE, FIFO, OTHER):
        create(store, NOW_MS, queue)
    store.messages.send(QUEUE, NOW_MS, [new(QUEUE)])
    store.messages.send(FIFO, NOW_MS, [new(FIFO)])
    weighed = store.queues.weigh([QUEUE, FIFO])
    assert weighed.held_bytes == {queue: summed(raw, queue) for queue in (QUEUE, FIFO)}
    assert set(weighed.names) == {QUEUE, FIFO, OTHER}
    before = int(str(raw.config_get("maxmemory")["maxmemory"]))
    assert weighed.most_memory == before
    raw.config_set("maxmemory", 0)
    assert store.queues.weigh([]).most_memory == 0
    raw.config_set("maxmemory", before)
