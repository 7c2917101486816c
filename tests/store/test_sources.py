"""Dead letters: what a queue keeps of its redrive policy for scripts, and which queues its dead-letter queue lists."""

from typing import Any

import pytest
import redis

from karin.sqs.errors import InvalidAttributeValue, QueueDeletedRecently, QueueDoesNotExist, QueueNameExists
from karin.sqs.names import QueueId
from karin.sqs.queue_attributes import defaults_for
from karin.store import keys
from karin.store.connection import StoreUnavailable
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import ACCOUNT, FIFO, QUEUE, all_keys, assert_no_leak, create

DEFAULTS = defaults_for(fifo=False)
DEAD, GRAVE = QueueId(ACCOUNT, "dead"), QueueId(ACCOUNT, "grave")


@pytest.fixture
def now_ms(clock: ManualClock, store: Store) -> int:
    for queue in (DEAD, GRAVE):
        create(store, clock.now_ms(), queue)
    return clock.now_ms()


def policy(target: QueueId = DEAD, count: int = 3) -> dict[str, str]:
    return {"RedrivePolicy": f'{{"deadLetterTargetArn":"{target.arn("us-east-1")}","maxReceiveCount":{count}}}'}


def kept(raw: redis.Redis, queue: QueueId = QUEUE) -> list[object]:
    """Return what scripts read of a queue's policy."""
    found: Any = raw.hmget(keys.queue(queue), ["max_receive_count", "dead_letter_target"])
    return list(found)


@pytest.mark.parametrize("is_given", [True, False], ids=["given", "default"])
def test_a_new_queue_keeps_its_policy_apart_and_is_listed(
    store: Store, now_ms: int, raw: redis.Redis, is_given: bool
) -> None:
    if is_given:
        store.queues.create(QUEUE, now_ms, policy(count=42), DEFAULTS)
    else:
        store.queues.create(QUEUE, now_ms, {}, DEFAULTS | policy(count=42))
    assert kept(raw) == ["42", str(DEAD)]
    assert store.queues.describe(QUEUE, now_ms).attributes == DEFAULTS | policy(count=42)
    assert store.queues.sources(DEAD) == [QUEUE]
    assert (store.queues.has_sources(DEAD), store.queues.has_sources(QUEUE)) == (True, False)


def test_a_policy_is_changed_moved_and_removed(store: Store, now_ms: int, raw: redis.Redis) -> None:
    create(store, now_ms)
    assert kept(raw) == [None, None]
    store.queues.set_attributes(QUEUE, now_ms, policy())
    assert (kept(raw), store.queues.sources(DEAD)) == (["3", str(DEAD)], [QUEUE])
    store.queues.set_attributes(QUEUE, now_ms, policy(count=9))
    assert (kept(raw), store.queues.sources(DEAD)) == (["9", str(DEAD)], [QUEUE])
    store.queues.set_attributes(QUEUE, now_ms, {"DelaySeconds": "1"})
    assert (kept(raw), store.queues.sources(DEAD)) == (["9", str(DEAD)], [QUEUE])
    store.queues.set_attributes(QUEUE, now_ms, policy(GRAVE))
    assert kept(raw) == ["3", str(GRAVE)]
    assert (store.queues.sources(DEAD), store.queues.sources(GRAVE)) == ([], [QUEUE])
    store.queues.set_attributes(QUEUE, now_ms, {"RedrivePolicy": ""})
    assert kept(raw) == [None, None]
    assert (store.queues.sources(DEAD), store.queues.sources(GRAVE)) == ([], [])
    assert_no_leak(raw, QUEUE, DEAD, GRAVE)


def test_a_queue_that_names_itself_keeps_nothing_apart(store: Store, now_ms: int, raw: redis.Redis) -> None:
    store.queues.create(QUEUE, now_ms, policy(QUEUE), DEFAULTS)
    assert kept(raw) == [None, None]
    assert not store.queues.has_sources(QUEUE)
    store.queues.set_attributes(QUEUE, now_ms, policy())
    assert store.queues.sources(DEAD) == [QUEUE]
    store.queues.set_attributes(QUEUE, now_ms, policy(QUEUE))
    assert kept(raw) == [None, None]
    assert store.queues.sources(DEAD) == []
    assert_no_leak(raw, QUEUE, DEAD, GRAVE)


def test_an_equal_queue_is_found_and_stays_listed_where_it_was(store: Store, now_ms: int, raw: redis.Redis) -> None:
    store.queues.create(QUEUE, now_ms, policy(), DEFAULTS)
    for given, others in (({}, DEFAULTS), (policy(), DEFAULTS), ({}, DEFAULTS | policy(GRAVE))):
        assert not store.queues.create(QUEUE, now_ms, given, others)
    assert (store.queues.sources(DEAD), store.queues.sources(GRAVE)) == ([QUEUE], [])


@pytest.mark.parametrize(
    "given",
    [policy(GRAVE), policy(DEAD, 4), policy(DEAD) | {"DelaySeconds": "1"}, policy(GRAVE) | {"DelaySeconds": "1"}],
    ids=str,
)
def test_a_queue_that_differs_stays_listed_where_it_was(
    store: Store, now_ms: int, raw: redis.Redis, given: dict[str, str]
) -> None:
    store.queues.create(QUEUE, now_ms, policy(), DEFAULTS)
    with pytest.raises(QueueNameExists, match=r"different value for attribute (RedrivePolicy|DelaySeconds)$"):
        store.queues.create(QUEUE, now_ms, given, DEFAULTS)
    assert kept(raw) == ["3", str(DEAD)]
    assert (store.queues.sources(DEAD), store.queues.sources(GRAVE)) == ([QUEUE], [])


def test_what_is_refused_is_not_listed(store: Store, now_ms: int, raw: redis.Redis) -> None:
    with pytest.raises(QueueDoesNotExist):
        store.queues.set_attributes(QUEUE, now_ms, policy())
    assert not store.queues.has_sources(DEAD)
    create(store, now_ms, FIFO)
    with pytest.raises(InvalidAttributeValue):
        store.queues.set_attributes(FIFO, now_ms, policy() | {"FifoThroughputLimit": "perMessageGroupId"})
    assert kept(raw, FIFO) == [None, None]
    store.queues.delete(FIFO, now_ms)
    with pytest.raises(QueueDeletedRecently):
        store.queues.create(FIFO, now_ms, policy(), DEFAULTS)
    assert not store.queues.has_sources(DEAD)


def test_a_deleted_source_is_listed_no_more(store: Store, now_ms: int, raw: redis.Redis) -> None:
    store.queues.create(QUEUE, now_ms, policy(), DEFAULTS)
    store.queues.delete(QUEUE, now_ms)
    assert store.queues.sources(DEAD) == []
    assert all_keys(raw) == {keys.QUEUES, keys.queue(DEAD), keys.queue(GRAVE), keys.tombstone(QUEUE)}


def test_the_sources_outlive_their_dead_letter_queue(store: Store, now_ms: int, raw: redis.Redis) -> None:
    store.queues.create(QUEUE, now_ms, policy(), DEFAULTS)
    store.queues.delete(DEAD, now_ms)
    assert all_keys(raw) >= {keys.sources(DEAD)}
    with pytest.raises(QueueDoesNotExist):
        store.queues.sources(DEAD)
    assert store.queues.has_sources(DEAD)
    create(store, now_ms + 60_000, DEAD)
    assert store.queues.sources(DEAD) == [QUEUE]
    store.queues.delete(DEAD, now_ms)
    store.queues.delete(QUEUE, now_ms)
    assert not store.queues.has_sources(DEAD)


def test_a_crash_before_the_policy_is_written_lists_one_source_too_many_until_it_changes(
    store: Store, now_ms: int, raw: redis.Redis
) -> None:
    raw.set(keys.queue(QUEUE), "no hash: the script fails")
    with pytest.raises(StoreUnavailable):
        store.queues.create(QUEUE, now_ms, policy(), DEFAULTS)
    with pytest.raises(StoreUnavailable):
        store.queues.set_attributes(QUEUE, now_ms, policy(GRAVE))
    raw.delete(keys.queue(QUEUE))
    assert (store.queues.sources(DEAD), store.queues.sources(GRAVE)) == ([QUEUE], [QUEUE])
    store.queues.create(QUEUE, now_ms, policy(), DEFAULTS)
    store.queues.set_attributes(QUEUE, now_ms, policy(GRAVE))
    store.queues.set_attributes(QUEUE, now_ms, {"RedrivePolicy": ""})
    assert (store.queues.sources(DEAD), store.queues.sources(GRAVE)) == ([], [])


def test_pages_of_sources_follow_each_other_without_gap_or_overlap(store: Store, now_ms: int) -> None:
    wanted = [QueueId(ACCOUNT, f"q{number:02}") for number in range(7)]
    for queue in reversed(wanted):
        store.queues.create(queue, now_ms, policy(), DEFAULTS)
    assert store.queues.sources(DEAD) == wanted
    found: list[QueueId] = []
    after = ""
    while page := store.queues.sources(DEAD, after=after, most=3):
        assert len(page) <= 3
        found += page
        after = page[-1].name
    assert found == wanted
    assert store.queues.sources(DEAD, after="q05") == wanted[6:]
