"""The delay of a FIFO queue holds for the messages that wait in it already, but for those received before."""

from typing import Any

import pytest
import redis

from karin.store import keys
from karin.store.messages import Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import FIFO, QUEUE, bodies, claim, counts, create, nudges, send, settlement


@pytest.fixture
def now_ms(clock: ManualClock, store: Store) -> int:
    create(store, clock.now_ms(), FIFO, DelaySeconds=10, ContentBasedDeduplication="true")
    return clock.now_ms()


def put(store: Store, at_ms: int, body: str, group: str) -> None:
    send(store, at_ms, body, queue=FIFO, group_id=group)


def delay(store: Store, at_ms: int, seconds: int) -> None:
    store.queues.set_attributes(FIFO, at_ms, {"DelaySeconds": str(seconds)})


def dues_ms(raw: redis.Redis) -> dict[str, int]:
    """Return when each group is due."""
    found: Any = raw.zrange(keys.due(FIFO), 0, -1, withscores=True)
    return {lane.removesuffix("\0"): int(score) for lane, score in found}


def test_a_longer_delay_holds_back_what_waits(store: Store, now_ms: int, raw: redis.Redis) -> None:
    put(store, now_ms, "a1", "a")
    put(store, now_ms + 500, "b1", "b")
    put(store, now_ms + 700, "a2", "a")
    delay(store, now_ms + 1000, 60)
    assert dues_ms(raw) == {"a": now_ms + 60_000, "b": now_ms + 60_500}
    assert claim(store, now_ms + 59_999, queue=FIFO).messages == ()
    assert counts(store, now_ms + 60_000, FIFO) == (1, 0, 2)
    assert bodies(claim(store, now_ms + 60_000, queue=FIFO)) == ["a1"]
    assert bodies(claim(store, now_ms + 60_500, queue=FIFO)) == ["b1"]


def test_a_shorter_delay_lets_go_what_waits_and_nudges(store: Store, now_ms: int, raw: redis.Redis) -> None:
    put(store, now_ms, "a1", "a")
    put(store, now_ms + 500, "b1", "b")
    with nudges(store) as listener:
        delay(store, now_ms + 1000, 3)
        assert [(nudge.queue, nudge.due_at_ms) for nudge in listener.heard()] == [(FIFO, now_ms + 3000)]
        delay(store, now_ms + 1000, 3)
        delay(store, now_ms + 1000, 5)
        assert listener.heard() == []
        delay(store, now_ms + 1000, 0)
        assert listener.instants() == [now_ms]
    assert sorted(bodies(claim(store, now_ms + 1000, queue=FIFO))) == ["a1", "b1"]


def test_an_empty_queue_changes_its_delay_for_what_comes(store: Store, now_ms: int, raw: redis.Redis) -> None:
    with nudges(store) as listener:
        delay(store, now_ms, 3)
        assert listener.heard() == []
    put(store, now_ms, "a1", "a")
    assert dues_ms(raw) == {"a": now_ms + 3000}


def test_what_was_received_before_is_not_delayed_again(store: Store, now_ms: int, raw: redis.Redis) -> None:
    put(store, now_ms, "a1", "a")
    put(store, now_ms, "b1", "b")
    at_ms = now_ms + 10_000
    taken = claim(store, at_ms, queue=FIFO, most=1).messages
    assert bodies(taken) == ["a1"]
    delay(store, at_ms, 900)
    assert dues_ms(raw) == {"a": at_ms + 30_000, "b": now_ms + 900_000}
    store.messages.settle(FIFO, at_ms, [settlement(taken[0], Verdict.RETRY, at_ms + 5)])
    delay(store, at_ms, 800)
    assert dues_ms(raw) == {"a": at_ms + 5, "b": now_ms + 800_000}
    assert bodies(claim(store, at_ms + 5, queue=FIFO)) == ["a1"]


def test_the_next_of_a_group_waits_for_the_delay_as_it_is_then(store: Store, now_ms: int, raw: redis.Redis) -> None:
    put(store, now_ms, "a1", "a")
    put(store, now_ms + 1, "a2", "a")
    at_ms = now_ms + 10_000
    taken = claim(store, at_ms, queue=FIFO, most=1).messages
    delay(store, at_ms, 20)
    store.messages.settle(FIFO, at_ms, [settlement(taken[0], Verdict.DELETE_HELD)])
    assert dues_ms(raw) == {"a": now_ms + 20_001}


def test_groups_whose_names_begin_alike_keep_apart(store: Store, now_ms: int, raw: redis.Redis) -> None:
    for place, group in enumerate(("a", "aa", "a!", "a1", "{a}")):
        put(store, now_ms + place, group, group)
    delay(store, now_ms, 1)
    assert dues_ms(raw) == {group: now_ms + 1000 + place for place, group in enumerate(("a", "aa", "a!", "a1", "{a}"))}


def test_a_standard_queue_keeps_the_delay_of_what_was_sent(store: Store, clock: ManualClock) -> None:
    at_ms = clock.now_ms()
    create(store, at_ms, DelaySeconds=10)
    send(store, at_ms, delay_ms=None)
    send(store, at_ms, delay_ms=None, group_id="a")
    with nudges(store) as listener:
        store.queues.set_attributes(QUEUE, at_ms, {"DelaySeconds": "0"})
        assert listener.heard() == []
    assert counts(store, at_ms + 9_999) == (0, 0, 2)
    assert counts(store, at_ms + 10_000) == (2, 0, 0)
