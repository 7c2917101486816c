"""Purging: all messages at once, at most once a minute, and the queue stays."""

import pytest
import redis

from karin.sqs.errors import PurgeQueueInProgress, QueueDoesNotExist
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import (
    OTHER,
    QUEUE,
    all_keys,
    assert_no_leak,
    assert_nothing_expires,
    bodies,
    claim,
    counts,
    create,
    nudges,
    send,
)


@pytest.fixture
def now_ms(store: Store, clock: ManualClock) -> int:
    create(store, clock.now_ms())
    return clock.now_ms()


def test_purging_a_queue_that_does_not_exist_says_so(store: Store, now_ms: int, raw: redis.Redis) -> None:
    before = all_keys(raw)
    with pytest.raises(QueueDoesNotExist):
        store.messages.purge(OTHER, now_ms)
    assert all_keys(raw) == before


def test_purging_removes_messages_in_every_state_and_nothing_else(store: Store, now_ms: int, raw: redis.Redis) -> None:
    before = store.queues.describe(QUEUE, now_ms)
    for delay_ms in (0, 0, 9_000):
        send(store, now_ms, delay_ms=delay_ms)
    claim(store, now_ms, most=1)
    assert counts(store, now_ms) == (1, 1, 1)
    assert store.messages.purge(QUEUE, now_ms) == 3
    assert store.queues.describe(QUEUE, now_ms) == before
    assert_no_leak(raw, QUEUE)
    assert_nothing_expires(raw)


def test_a_queue_is_purged_at_most_once_a_minute(store: Store, now_ms: int) -> None:
    store.messages.purge(QUEUE, now_ms)
    send(store, now_ms)
    with pytest.raises(PurgeQueueInProgress):
        store.messages.purge(QUEUE, now_ms + 59_999)
    assert counts(store, now_ms + 59_999) == (1, 0, 0)
    assert store.messages.purge(QUEUE, now_ms + 60_000) == 1


def test_a_clock_that_was_set_back_puts_off_no_purge(store: Store, now_ms: int) -> None:
    store.messages.purge(QUEUE, now_ms)
    send(store, now_ms - 3_600_000)
    assert store.messages.purge(QUEUE, now_ms - 3_600_000) == 1


def test_purging_an_empty_queue_removes_nothing(store: Store, now_ms: int) -> None:
    assert store.messages.purge(QUEUE, now_ms) == 0


def test_purging_one_queue_leaves_the_others(store: Store, now_ms: int) -> None:
    create(store, now_ms, OTHER)
    send(store, now_ms, "kept", queue=OTHER)
    store.messages.purge(QUEUE, now_ms)
    assert bodies(claim(store, now_ms, queue=OTHER)) == ["kept"]


def test_a_message_sent_after_a_purge_is_delivered_and_nudges(store: Store, now_ms: int) -> None:
    send(store, now_ms)
    store.messages.purge(QUEUE, now_ms)
    with nudges(store) as listener:
        send(store, now_ms, "after")
        assert listener.instants() == [now_ms]
    assert bodies(claim(store, now_ms)) == ["after"]
