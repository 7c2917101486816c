"""Claiming: due messages in order, under a lease that a crash cannot break, within bounds, and nothing expired."""

import pytest
import redis

from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.receipts import read_receipt_handle
from karin.store import keys
from karin.store.messages import Outgoing, Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import (
    OTHER,
    QUEUE,
    assert_no_leak,
    bodies,
    claim,
    counts,
    create,
    outgoing,
    send,
    settlement,
)

DROPS_IN_ONE_CALL = 1_000


@pytest.fixture
def now_ms(store: Store, clock: ManualClock) -> int:
    create(store, clock.now_ms(), VisibilityTimeout=30, MessageRetentionPeriod=60)
    return clock.now_ms()


def test_claiming_from_a_queue_that_does_not_exist_says_so(store: Store, now_ms: int) -> None:
    with pytest.raises(QueueDoesNotExist):
        claim(store, now_ms, queue=OTHER)


def test_an_empty_queue_has_nothing_and_is_never_due(store: Store, now_ms: int) -> None:
    taken = claim(store, now_ms)
    assert (taken.messages, taken.visibility_ms, taken.next_due_at_ms) == ((), 30_000, None)


def test_a_message_is_not_claimed_before_it_is_due(store: Store, now_ms: int) -> None:
    send(store, now_ms, delay_ms=5_000)
    early = claim(store, now_ms + 4_999)
    assert (early.messages, early.next_due_at_ms) == ((), now_ms + 5_000)
    assert bodies(claim(store, now_ms + 5_000)) == ["hello"]


def test_messages_are_claimed_in_the_order_of_their_due_times(store: Store, now_ms: int) -> None:
    for name, delay_ms in [("third", 3_000), ("first", 1_000), ("second", 2_000)]:
        send(store, now_ms, name, delay_ms=delay_ms)
    assert bodies(claim(store, now_ms + 9_000)) == ["first", "second", "third"]


def test_no_more_are_claimed_than_asked_for_and_the_rest_is_due_at_once(store: Store, now_ms: int) -> None:
    for number in range(3):
        send(store, now_ms + number, str(number))
    taken = claim(store, now_ms + 5, most=2)
    assert bodies(taken) == ["0", "1"]
    assert taken.next_due_at_ms == now_ms + 2


@pytest.mark.parametrize(("floor_ms", "leased_for_ms"), [(1, 30_000), (30_000, 30_000), (45_000, 45_000)])
def test_a_lease_lasts_as_long_as_asked_or_as_the_queues_visibility_timeout(
    store: Store, now_ms: int, floor_ms: int, leased_for_ms: int
) -> None:
    send(store, now_ms)
    assert claim(store, now_ms, floor_ms=floor_ms).next_due_at_ms == now_ms + leased_for_ms
    assert claim(store, now_ms + leased_for_ms - 1).messages == ()
    assert len(claim(store, now_ms + leased_for_ms).messages) == 1


def test_a_message_is_claimed_once_however_short_its_lease(store: Store, clock: ManualClock) -> None:
    now_ms = clock.now_ms()
    create(store, now_ms, OTHER, VisibilityTimeout=0)
    send(store, now_ms, queue=OTHER)
    assert len(claim(store, now_ms, queue=OTHER, floor_ms=0).messages) == 1


def test_receives_are_counted_and_the_first_is_remembered(store: Store, now_ms: int) -> None:
    send(store, now_ms)
    seen = [
        (at_ms - now_ms, received.receive_count, received.first_received_at_ms - now_ms)
        for at_ms in (now_ms + 10, now_ms + 30_010, now_ms + 59_999)
        for received in claim(store, at_ms).messages
    ]
    assert seen == [(10, 1, 10), (30_010, 2, 10)]


def test_a_lapsed_lease_is_claimed_again_with_a_higher_count(store: Store, now_ms: int) -> None:
    send(store, now_ms)
    (first,) = claim(store, now_ms).messages
    (second,) = claim(store, now_ms + 30_000).messages
    assert (first.receive_count, second.receive_count) == (1, 2)
    assert second.message == first.message
    assert second.receipt_handle != first.receipt_handle


def test_a_receipt_handle_names_the_receive(store: Store, now_ms: int) -> None:
    message_id = send(store, now_ms)
    (received,) = claim(store, now_ms + 3).messages
    receipt = read_receipt_handle(received.receipt_handle)
    assert receipt is not None
    assert (receipt.queue, receipt.message_id, receipt.receive_count) == (QUEUE, message_id, 1)
    assert receipt.received_at_ms == now_ms + 3


def test_a_claim_takes_no_more_bytes_than_asked_for(store: Store, now_ms: int) -> None:
    for number in range(4):
        send(store, now_ms + number, f"{number}" * 1_000)
    taken = claim(store, now_ms + 10, most_bytes=2_500)
    assert [body[0] for body in bodies(taken)] == ["0", "1"]
    assert taken.next_due_at_ms == now_ms + 2
    assert [body[0] for body in bodies(claim(store, now_ms + 10, most_bytes=2_500))] == ["2", "3"]


def test_the_first_message_is_taken_whatever_its_size(store: Store, now_ms: int) -> None:
    send(store, now_ms, "x" * 5_000)
    assert len(claim(store, now_ms, most_bytes=1).messages) == 1


def test_a_message_beyond_its_retention_is_dropped_and_leaves_nothing(
    store: Store, now_ms: int, raw: redis.Redis
) -> None:
    send(store, now_ms)
    claim(store, now_ms)
    assert len(claim(store, now_ms + 59_999).messages) == 1
    gone = claim(store, now_ms + 200_000)
    assert (gone.messages, gone.next_due_at_ms) == ((), None)
    assert_no_leak(raw, QUEUE)


def test_retention_ends_on_the_millisecond(store: Store, now_ms: int) -> None:
    send(store, now_ms)
    send(store, now_ms + 1, "younger")
    assert bodies(claim(store, now_ms + 60_000)) == ["younger"]


def test_expired_messages_do_not_stand_in_the_way_of_live_ones(store: Store, now_ms: int) -> None:
    for _ in range(25):
        send(store, now_ms, "old")
    for _ in range(12):
        send(store, now_ms + 30_000, "live")
    assert bodies(claim(store, now_ms + 60_000)) == ["live"] * 10


def test_drops_in_one_call_are_bounded_and_the_head_stays_due(store: Store, now_ms: int, raw: redis.Redis) -> None:
    extra = 50
    store.messages.send(QUEUE, now_ms, [outgoing(now_ms) for _ in range(DROPS_IN_ONE_CALL + extra)])
    send(store, now_ms + 60_000, "live")
    first = claim(store, now_ms + 60_000)
    assert (first.messages, first.next_due_at_ms) == ((), now_ms)
    assert raw.zcard(keys.due(QUEUE)) == extra + 1
    assert bodies(claim(store, now_ms + 60_000)) == ["live"]


def test_a_due_member_without_a_message_is_dropped(store: Store, now_ms: int, raw: redis.Redis) -> None:
    raw.zadd(keys.due(QUEUE), {"stray": now_ms})
    assert claim(store, now_ms).next_due_at_ms is None
    assert_no_leak(raw, QUEUE)


def test_what_is_claimed_counts_as_leased_until_the_lease_ends(store: Store, now_ms: int) -> None:
    send(store, now_ms)
    send(store, now_ms, delay_ms=10_000)
    assert counts(store, now_ms) == (1, 0, 1)
    claim(store, now_ms)
    assert counts(store, now_ms) == (0, 1, 1)
    assert counts(store, now_ms + 10_000) == (1, 1, 0)
    assert counts(store, now_ms + 29_999) == (1, 1, 0)
    assert counts(store, now_ms + 30_000) == (2, 0, 0)


def test_a_change_of_the_visibility_timeout_holds_for_the_next_claim(store: Store, now_ms: int) -> None:
    send(store, now_ms)
    store.queues.set_attributes(QUEUE, now_ms, {"VisibilityTimeout": "5"})
    taken = claim(store, now_ms)
    assert (taken.visibility_ms, taken.next_due_at_ms) == (5_000, now_ms + 5_000)


def test_a_sent_message_survives_unharmed_through_many_lapsed_leases(store: Store, now_ms: int) -> None:
    one: Outgoing = outgoing(now_ms)
    store.messages.send(QUEUE, now_ms, [one])
    for count in range(1, 50):
        (received,) = claim(store, now_ms).messages
        assert (received.message, received.receive_count) == (one.message, count)
        store.messages.settle(QUEUE, now_ms, [settlement(received, Verdict.RETRY, now_ms)])


def test_a_delay_longer_than_the_retention_loses_nothing_and_retention_counts_from_the_due_time(
    store: Store, now_ms: int
) -> None:
    month_ms = 30 * 24 * 60 * 60 * 1000
    message_id = send(store, now_ms, delay_ms=month_ms)
    (received,) = claim(store, now_ms + month_ms).messages
    assert (received.message.message_id, received.message.sent_at_ms) == (message_id, now_ms)
    assert claim(store, now_ms + month_ms + 59_999).messages
    assert not claim(store, now_ms + month_ms + 90_000).messages
    assert store.queues.describe(QUEUE, now_ms + month_ms + 90_000).next_due_at_ms is None
