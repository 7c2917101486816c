"""The store is full: new messages are refused, and what is queued is received, deleted and delivered all the same."""

from collections.abc import Iterator

import pytest
import redis

from karin.clock import SystemClock
from karin.mapping.pause import paused_by_user
from karin.operations.context import Context
from karin.operations.dead_letters import move_dead
from karin.sqs.names import QueueId
from karin.store.connection import StoreUnavailable
from karin.store.faults import FULL
from karin.store.messages import Settlement, Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.dead_letters import create_pair, fail
from tests.store.support import FIFO, QUEUE, bodies, claim, counts, create, send, settlement

NOW_MS = SystemClock().now_ms()


@pytest.fixture
def full(store: Store, raw: redis.Redis) -> Iterator[Store]:
    """Return a store that takes no more, with two messages in a queue of each kind."""
    for queue in (QUEUE, FIFO):
        create(store, NOW_MS, queue)
        for body in ("one", "two"):
            fifo = {"group_id": body, "deduplication_id": body} if queue.is_fifo else {}
            send(store, NOW_MS, body, queue=queue, delay_ms=None if queue.is_fifo else 0, **fifo)
    raw.config_set("maxmemory", 1)
    yield store
    raw.config_set("maxmemory", 0)


@pytest.mark.parametrize("queue", [QUEUE, FIFO])
@pytest.mark.parametrize("verdict", [Verdict.DELETE, Verdict.EXTEND, Verdict.RETRY, Verdict.GIVE_BACK])
def test_a_full_store_lets_messages_be_claimed_and_settled(full: Store, queue: QueueId, verdict: Verdict) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        send(full, NOW_MS, queue=queue, deduplication_id="three", group_id="three")
    assert refused.value.fault is FULL
    claimed = claim(full, NOW_MS, queue=queue).messages
    assert len(claimed) == 2
    settled = full.messages.settle(
        queue, NOW_MS, [Settlement(one.receipt, verdict, NOW_MS + 60_000) for one in claimed], invocation=b"x" * 1000
    )
    assert settled.next_due_at_ms == {Verdict.DELETE: None}.get(verdict, settled.next_due_at_ms)
    assert sum(counts(full, NOW_MS, queue)) == (0 if verdict is Verdict.DELETE else 2)


def test_a_full_store_lets_schedulers_live_and_be_paused(full: Store) -> None:
    assert full.sweeping.sweep([QUEUE], "me", NOW_MS).heads == {QUEUE: NOW_MS}
    assert full.deployment.last_sweeps() == {"me": NOW_MS}
    assert full.pauses.pause("a-mapping", paused_by_user("asked to", NOW_MS))
    assert full.messages.purge(QUEUE, NOW_MS) == 2


def test_what_is_dead_waits_in_its_queue_for_room_and_others_are_delivered(
    store: Store, raw: redis.Redis, context: Context, clock: ManualClock
) -> None:
    dead_letters = create_pair(store, clock.now_ms())
    send(store, clock.now_ms(), "bad")
    fail(store, clock.now_ms())
    send(store, clock.now_ms(), "good")
    raw.config_set("maxmemory", 1)
    try:
        claimed = claim(store, clock.now_ms())
        assert bodies(claimed.messages) == ["good"]
        assert move_dead(context, QUEUE, claimed) == 0
        store.messages.settle(QUEUE, clock.now_ms(), [settlement(claimed.messages[0], Verdict.DELETE)])
        assert sum(counts(store, clock.now_ms())) == 1
    finally:
        raw.config_set("maxmemory", 0)
    clock.advance(seconds=60)
    assert move_dead(context, QUEUE, claim(store, clock.now_ms())) == 1
    assert bodies(claim(store, clock.now_ms(), queue=dead_letters).messages) == ["bad"]
