"""Settling: what succeeded is gone, the rest is due when its retry is, and nobody else's receive is touched."""

import pytest
import redis

from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.message import ReceivedMessage
from karin.sqs.names import QueueId
from karin.sqs.receipts import Receipt
from karin.store import keys
from karin.store.messages import Effect, Settled, Settlement, Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import FIFO, OTHER, QUEUE, assert_no_leak, claim, counts, create, nudges, send, settlement

VERDICTS = list(Verdict)


@pytest.fixture
def now_ms(store: Store, clock: ManualClock) -> int:
    create(store, clock.now_ms(), VisibilityTimeout=30)
    return clock.now_ms()


def test_a_deleted_message_leaves_nothing(store: Store, now_ms: int, raw: redis.Redis) -> None:
    send(store, now_ms)
    (received,) = claim(store, now_ms).messages
    settled = store.messages.settle(QUEUE, now_ms, [settlement(received, Verdict.DELETE)])
    assert settled == Settled((Effect.DONE,), None)
    assert counts(store, now_ms) == (0, 0, 0)
    assert_no_leak(raw, QUEUE)


def test_a_retried_message_is_due_at_its_instant_and_its_receive_counts(store: Store, now_ms: int) -> None:
    send(store, now_ms)
    (received,) = claim(store, now_ms, floor_ms=60_000).messages
    settled = store.messages.settle(QUEUE, now_ms + 10, [settlement(received, Verdict.RETRY, now_ms + 30_000)])
    assert settled == Settled((Effect.DONE,), now_ms + 30_000)
    assert counts(store, now_ms + 10) == (0, 1, 0)
    assert claim(store, now_ms + 29_999).messages == ()
    (again,) = claim(store, now_ms + 30_000).messages
    assert (again.receive_count, again.first_received_at_ms) == (2, now_ms)


def test_a_retry_in_the_past_is_due_now(store: Store, now_ms: int) -> None:
    send(store, now_ms)
    (received,) = claim(store, now_ms, floor_ms=90_000).messages
    settled = store.messages.settle(QUEUE, now_ms + 50_000, [settlement(received, Verdict.RETRY, now_ms + 30_000)])
    assert settled.next_due_at_ms == now_ms + 50_000
    assert counts(store, now_ms + 50_000) == (1, 0, 0)


def test_a_message_given_back_was_never_received(store: Store, now_ms: int) -> None:
    send(store, now_ms)
    (received,) = claim(store, now_ms).messages
    settled = store.messages.settle(QUEUE, now_ms, [settlement(received, Verdict.GIVE_BACK, now_ms + 700)])
    assert settled == Settled((Effect.DONE,), now_ms + 700)
    assert counts(store, now_ms) == (0, 0, 1)
    (again,) = claim(store, now_ms + 700).messages
    assert (again.receive_count, again.first_received_at_ms) == (1, now_ms + 700)


def test_giving_back_a_later_receive_takes_only_that_one_off_the_count(store: Store, now_ms: int) -> None:
    send(store, now_ms)
    claim(store, now_ms)
    (second,) = claim(store, now_ms + 30_000).messages
    store.messages.settle(QUEUE, now_ms + 30_000, [settlement(second, Verdict.GIVE_BACK, now_ms + 30_000)])
    (again,) = claim(store, now_ms + 30_000).messages
    assert (again.receive_count, again.first_received_at_ms) == (2, now_ms)


@pytest.mark.parametrize("verdict", [verdict for verdict in VERDICTS if verdict is not Verdict.DELETE])
def test_a_message_that_was_received_again_is_left_to_its_holder(store: Store, now_ms: int, verdict: Verdict) -> None:
    send(store, now_ms)
    (first,) = claim(store, now_ms).messages
    (second,) = claim(store, now_ms + 30_000).messages
    settled = store.messages.settle(QUEUE, now_ms + 30_001, [settlement(first, verdict, now_ms + 30_002)])
    assert settled.effects == (Effect.LOST,)
    assert claim(store, now_ms + 59_999).messages == ()
    (third,) = claim(store, now_ms + 60_000).messages
    assert (second.receive_count, third.receive_count) == (2, 3)


def test_a_success_that_comes_late_deletes_even_what_was_received_again(
    store: Store, now_ms: int, raw: redis.Redis
) -> None:
    send(store, now_ms)
    (first,) = claim(store, now_ms).messages
    (second,) = claim(store, now_ms + 30_000).messages
    assert store.messages.settle(QUEUE, now_ms + 30_001, [settlement(first, Verdict.DELETE)]).effects == (Effect.DONE,)
    store.messages.settle(QUEUE, now_ms + 30_002, [settlement(second, Verdict.RETRY, now_ms + 60_000)])
    assert_no_leak(raw, QUEUE)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_settling_twice_does_no_more_than_settling_once(
    store: Store, now_ms: int, verdict: Verdict, raw: redis.Redis
) -> None:
    send(store, now_ms)
    (received,) = claim(store, now_ms).messages
    outcome = [settlement(received, verdict, now_ms + 5_000)]
    once = store.messages.settle(QUEUE, now_ms, outcome)
    state = store.queues.describe(QUEUE, now_ms)
    twice = store.messages.settle(QUEUE, now_ms + 1, outcome)
    assert twice.next_due_at_ms == once.next_due_at_ms
    assert store.queues.describe(QUEUE, now_ms) == state
    if verdict in (Verdict.DELETE, Verdict.DELETE_HELD):
        assert twice.effects == (Effect.GONE,)
        assert_no_leak(raw, QUEUE)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_settling_a_message_that_is_gone_brings_nothing_back(
    store: Store, now_ms: int, verdict: Verdict, raw: redis.Redis
) -> None:
    send(store, now_ms)
    (received,) = claim(store, now_ms).messages
    store.messages.purge(QUEUE, now_ms)
    settled = store.messages.settle(QUEUE, now_ms, [settlement(received, verdict, now_ms + 9)])
    assert settled == Settled((Effect.GONE,), None)
    assert_no_leak(raw, QUEUE)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_settling_after_the_queue_was_deleted_brings_nothing_back(
    store: Store, now_ms: int, verdict: Verdict, raw: redis.Redis
) -> None:
    create(store, now_ms, OTHER)
    send(store, now_ms, queue=OTHER)
    (received,) = claim(store, now_ms, queue=OTHER).messages
    store.queues.delete(OTHER, now_ms)
    with pytest.raises(QueueDoesNotExist):
        store.messages.settle(OTHER, now_ms, [settlement(received, verdict, now_ms + 9)])
    raw.delete(keys.tombstone(OTHER))
    assert_no_leak(raw, QUEUE)


def test_a_batch_is_settled_message_by_message(store: Store, now_ms: int) -> None:
    for name in ("done", "failed", "refused", "waiting"):
        send(store, now_ms, name)
    held = {received.message.body: received for received in claim(store, now_ms, most=3).messages}
    verdicts = iter([(Verdict.DELETE, 0), (Verdict.RETRY, now_ms + 30_000), (Verdict.GIVE_BACK, now_ms + 400)])
    settled = store.messages.settle(
        QUEUE, now_ms, [settlement(received, *next(verdicts)) for received in held.values()]
    )
    assert settled == Settled((Effect.DONE,) * 3, now_ms)
    assert counts(store, now_ms) == (1, 1, 1)


def test_settling_nothing_tells_when_the_queue_is_due(store: Store, now_ms: int) -> None:
    send(store, now_ms, delay_ms=1_234)
    assert store.messages.settle(QUEUE, now_ms, []) == Settled((), now_ms + 1_234)


def test_settling_a_message_nobody_ever_had_does_nothing(store: Store, now_ms: int, raw: redis.Redis) -> None:
    strangers = [Settlement(Receipt(QUEUE, "stranger", 1, now_ms), verdict, now_ms + 1) for verdict in VERDICTS]
    assert store.messages.settle(QUEUE, now_ms, strangers) == Settled((Effect.GONE,) * len(VERDICTS), None)
    assert_no_leak(raw, QUEUE)


@pytest.mark.parametrize("verdict", [Verdict.EXTEND, Verdict.RETRY, Verdict.GIVE_BACK])
def test_settling_nudges_when_the_queue_is_due_earlier_than_before(store: Store, now_ms: int, verdict: Verdict) -> None:
    send(store, now_ms)
    (received,) = claim(store, now_ms).messages
    with nudges(store) as listener:
        store.messages.settle(QUEUE, now_ms, [settlement(received, verdict, now_ms + 40_000)])
        assert listener.heard() == []
        store.messages.settle(QUEUE, now_ms, [settlement(received, verdict, now_ms + 7)])
        assert listener.instants() == ([] if verdict is Verdict.GIVE_BACK else [now_ms + 7])


def test_extending_hides_a_message_until_the_instant_given(store: Store, now_ms: int) -> None:
    send(store, now_ms)
    (received,) = claim(store, now_ms).messages
    settled = store.messages.settle(QUEUE, now_ms + 29_000, [settlement(received, Verdict.EXTEND, now_ms + 90_000)])
    assert settled == Settled((Effect.DONE,), now_ms + 90_000)
    assert counts(store, now_ms + 89_999) == (0, 1, 0)
    assert counts(store, now_ms + 90_000) == (1, 0, 0)


def test_a_lease_that_ran_out_may_be_extended_while_nobody_else_received_the_message(store: Store, now_ms: int) -> None:
    send(store, now_ms)
    (received,) = claim(store, now_ms).messages
    settled = store.messages.settle(QUEUE, now_ms + 40_000, [settlement(received, Verdict.EXTEND, now_ms + 50_000)])
    assert settled.effects == (Effect.DONE,)
    assert counts(store, now_ms + 40_000) == (0, 1, 0)


def test_extending_to_now_makes_a_message_ready(store: Store, now_ms: int) -> None:
    send(store, now_ms)
    (received,) = claim(store, now_ms).messages
    store.messages.settle(QUEUE, now_ms + 1, [settlement(received, Verdict.EXTEND, now_ms + 1)])
    assert counts(store, now_ms + 1) == (1, 0, 0)
    (again,) = claim(store, now_ms + 1).messages
    assert again.receive_count == 2


def receive_one(store: Store, now_ms: int, queue: QueueId, floor_ms: int = 0) -> ReceivedMessage:
    """Send a message to a queue of either type, and claim it."""
    create(store, now_ms, FIFO, VisibilityTimeout=30)
    send(store, now_ms, queue=queue, group_id="g", deduplication_id="d")
    (received,) = claim(store, now_ms, queue=queue, floor_ms=floor_ms).messages
    return received


@pytest.mark.parametrize("queue", [QUEUE, FIFO])
@pytest.mark.parametrize("verdict", [Verdict.HOLD, Verdict.RETRY])
def test_what_a_receiver_set_itself_stands_when_its_call_goes_on_or_fails(
    store: Store, now_ms: int, queue: QueueId, verdict: Verdict
) -> None:
    received = receive_one(store, now_ms, queue, floor_ms=60_000)
    store.messages.settle(queue, now_ms, [settlement(received, Verdict.EXTEND, now_ms + 5_000)])
    settled = store.messages.settle(queue, now_ms, [settlement(received, verdict, now_ms + 90_000)])
    assert settled == Settled((Effect.DONE,), now_ms + 5_000)


@pytest.mark.parametrize("queue", [QUEUE, FIFO])
def test_what_a_receiver_set_does_not_bind_the_next(store: Store, now_ms: int, queue: QueueId) -> None:
    received = receive_one(store, now_ms, queue)
    store.messages.settle(queue, now_ms, [settlement(received, Verdict.EXTEND, now_ms + 5_000)])
    (again,) = claim(store, now_ms + 5_000, queue=queue, counts=False).messages
    settled = store.messages.settle(queue, now_ms + 5_000, [settlement(again, Verdict.RETRY, now_ms + 6_000)])
    assert settled == Settled((Effect.DONE,), now_ms + 6_000)


@pytest.mark.parametrize("queue", [QUEUE, FIFO])
def test_a_hold_lengthens_a_lease_and_never_shortens_it(store: Store, now_ms: int, queue: QueueId) -> None:
    received = receive_one(store, now_ms, queue)
    for hold_ms, due_after_ms in ((10_000, 30_000), (40_000, 40_000)):
        settled = store.messages.settle(queue, now_ms, [settlement(received, Verdict.HOLD, now_ms + hold_ms)])
        assert settled.next_due_at_ms == now_ms + due_after_ms
