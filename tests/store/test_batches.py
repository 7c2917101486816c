"""What a script does at once for several messages is what it would do for one after the other."""

import pytest
import redis

from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.messages import Effect, Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import (
    FIFO,
    QUEUE,
    bodies,
    claim,
    counts,
    create,
    nudges,
    outgoing,
    send,
    settlement,
)

MANY = 2_500  # one command takes 2,000 values of a script
LONG = "x" * 100_000  # of such bodies one is read at a time

both = pytest.mark.parametrize("queue", [QUEUE, FIFO], ids=["standard", "fifo"])


@pytest.fixture
def now_ms(store: Store, clock: ManualClock) -> int:
    create(store, clock.now_ms())
    create(store, clock.now_ms(), FIFO, ContentBasedDeduplication="true")
    return clock.now_ms()


def group_of(queue: QueueId) -> str | None:
    return "g" if queue.is_fifo else None


@both
def test_of_two_deletions_of_a_message_the_second_finds_it_gone(store: Store, now_ms: int, queue: QueueId) -> None:
    send(store, now_ms, queue=queue, group_id=group_of(queue))
    (received,) = claim(store, now_ms, queue=queue).messages
    settled = store.messages.settle(queue, now_ms, [settlement(received, Verdict.DELETE)] * 2)
    assert settled.effects == (Effect.DONE, Effect.GONE)


@both
def test_a_receive_that_is_given_back_twice_is_taken_off_the_count_once(
    store: Store, now_ms: int, queue: QueueId
) -> None:
    send(store, now_ms, queue=queue, group_id=group_of(queue))
    claim(store, now_ms, queue=queue)
    (received,) = claim(store, now_ms + 60_000, queue=queue).messages
    given_back = settlement(received, Verdict.GIVE_BACK, now_ms + 60_000)
    settled = store.messages.settle(queue, now_ms + 60_000, [given_back, given_back])
    assert settled.effects == (Effect.DONE, Effect.LOST)
    (again,) = claim(store, now_ms + 60_000, queue=queue).messages
    assert again.receive_count == 2


@both
def test_all_that_one_claim_takes_is_leased_counted_and_settled(
    store: Store, now_ms: int, raw: redis.Redis, queue: QueueId
) -> None:
    for start in range(0, MANY, 500):
        some = [outgoing(now_ms, str(number), group_id=group_of(queue)) for number in range(start, start + 500)]
        store.messages.send(queue, now_ms, some)
    taken = claim(store, now_ms, queue=queue, most=MANY).messages
    assert sorted(bodies(taken), key=int) == [str(number) for number in range(MANY)]
    assert {received.receive_count for received in taken} == {1}
    assert counts(store, now_ms, queue) == (0, MANY, 0)
    again = claim(store, now_ms + 60_000, queue=queue, most=MANY).messages
    assert {received.receive_count for received in again} == {2}
    settled = store.messages.settle(queue, now_ms + 60_000, [settlement(one, Verdict.DELETE) for one in again])
    assert set(settled.effects) == {Effect.DONE}
    assert len(settled.effects) == MANY
    assert settled.next_due_at_ms is None
    assert raw.exists(*keys.of_messages(queue)[:6]) == 0


@both
def test_long_bodies_are_claimed_and_settled_as_short_ones_are(store: Store, now_ms: int, queue: QueueId) -> None:
    for number in range(4):
        send(store, now_ms + number, f"{number}{LONG}", queue=queue, group_id=group_of(queue))
    taken = claim(store, now_ms + 5, queue=queue, most=10).messages
    assert [body[0] for body in bodies(taken)] == ["0", "1", "2", "3"]
    settled = store.messages.settle(queue, now_ms + 5, [settlement(one, Verdict.DELETE) for one in taken])
    assert settled.effects == (Effect.DONE,) * 4
    assert counts(store, now_ms + 5, queue) == (0, 0, 0)


def test_a_batch_that_is_due_with_the_head_and_not_before_it_nudges_nobody(store: Store, now_ms: int) -> None:
    send(store, now_ms, delay_ms=5_000)
    with nudges(store) as listener:
        for _ in range(8):  # ids are by chance before or behind the head's
            batch = [
                outgoing(now_ms, delay_ms=5_000),
                outgoing(now_ms, delay_ms=5_000),
                outgoing(now_ms, delay_ms=6_000),
            ]
            store.messages.send(QUEUE, now_ms, batch)
        assert listener.instants() == []
        store.messages.send(QUEUE, now_ms, [outgoing(now_ms, delay_ms=4_000), outgoing(now_ms, delay_ms=4_000)])
        assert listener.instants() == [now_ms + 4_000]


def test_a_lane_that_a_batch_moves_before_all_else_nudges_once(store: Store, now_ms: int) -> None:
    send(store, now_ms, delay_ms=5_000)
    with nudges(store) as listener:
        batch = [outgoing(now_ms, delay_ms=ms, group_id="g") for ms in (4_000, 3_000, 9_000)]
        store.messages.send(QUEUE, now_ms, batch)
        assert listener.instants() == [now_ms + 3_000]
        store.messages.send(QUEUE, now_ms, [outgoing(now_ms, delay_ms=3_000, group_id="h")] * 2)
        assert listener.instants() == []
