"""FIFO queues: each group in its order (SQS developer guide, "FIFO queue delivery logic")."""

import pytest
import redis

from karin.sqs.limits import IN_FLIGHT
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.messages import Effect, Settled, Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.fifo import LEASE_MS, send, send_as, settle, take
from tests.store.support import (
    ACCOUNT,
    FIFO,
    assert_no_leak,
    bodies,
    claim,
    counts,
    create,
    nudges,
    outgoing,
    settlement,
)

RETENTION_MS = 345_600_000
LATE_VERDICTS = [Verdict.DELETE_HELD, Verdict.EXTEND]


@pytest.fixture
def now_ms(store: Store, clock: ManualClock) -> int:
    create(store, clock.now_ms(), FIFO)
    return clock.now_ms()


def test_a_group_is_received_in_the_order_in_which_it_was_sent(store: Store, now_ms: int) -> None:
    names = [f"a{number}" for number in range(25)]
    for name in names:
        send(store, now_ms, name)
    received: list[str] = []
    while taken := take(store, now_ms, most=4).messages:
        received += bodies(taken)
        settle(store, now_ms, Verdict.DELETE, *taken)
    assert received == names


def test_a_batch_is_filled_from_one_group_before_the_next(store: Store, now_ms: int) -> None:
    send(store, now_ms, "a1", "b1", "a2", "b2", "a3", "b3")
    assert bodies(take(store, now_ms, most=5)) == ["a1", "a2", "a3", "b1", "b2"]


def test_while_its_first_message_is_in_flight_a_group_yields_nothing(store: Store, now_ms: int) -> None:
    send(store, now_ms, "a1", "a2", "b1")
    take(store, now_ms, most=1)
    assert bodies(take(store, now_ms)) == ["b1"]
    assert take(store, now_ms + LEASE_MS - 1).messages == ()


def test_a_message_sent_later_does_not_unblock_its_group(store: Store, now_ms: int) -> None:
    send(store, now_ms, "a1")
    take(store, now_ms)
    send(store, now_ms + 1, "a2")
    blocked = take(store, now_ms + 1)
    assert (blocked.messages, blocked.next_due_at_ms) == ((), now_ms + LEASE_MS)


def test_a_group_goes_on_at_once_when_all_of_it_that_was_in_flight_is_deleted(store: Store, now_ms: int) -> None:
    send(store, now_ms, "a1", "a2", "a3")
    first, second = take(store, now_ms, most=2).messages
    settle(store, now_ms + 1, Verdict.DELETE, first)
    assert take(store, now_ms + 1).messages == (), "the second is in flight and is now the first"
    assert settle(store, now_ms + 2, Verdict.DELETE, second).next_due_at_ms == now_ms + 2
    assert bodies(take(store, now_ms + 2)) == ["a3"]


def test_deleting_what_is_not_the_first_unblocks_nothing(store: Store, now_ms: int) -> None:
    send(store, now_ms, "a1", "a2", "a3")
    _, second = take(store, now_ms, most=2).messages
    settle(store, now_ms, Verdict.DELETE, second)
    assert take(store, now_ms).messages == ()
    assert bodies(take(store, now_ms + LEASE_MS)) == ["a1", "a3"]


def test_the_first_message_can_be_received_again_while_the_second_is_in_flight(store: Store, now_ms: int) -> None:
    send(store, now_ms, "a1", "a2", "a3")
    first, _ = take(store, now_ms, most=2).messages
    settle(store, now_ms + 1, Verdict.EXTEND, first)
    assert bodies(take(store, now_ms + 1)) == ["a1"], "and what stands behind the second waits"


@pytest.mark.parametrize("verdict", [Verdict.RETRY, Verdict.GIVE_BACK])
def test_a_message_that_failed_comes_back_first_in_its_group(store: Store, now_ms: int, verdict: Verdict) -> None:
    send(store, now_ms, "a1", "a2", "a3")
    first, second = take(store, now_ms, most=2).messages
    settle(store, now_ms, Verdict.DELETE, second)
    settle(store, now_ms, verdict, first, due_at_ms=now_ms + 700)
    assert take(store, now_ms + 699).messages == ()
    again = take(store, now_ms + 700).messages
    assert bodies(again) == ["a1", "a3"]
    assert again[0].receive_count == (2 if verdict is Verdict.RETRY else 1)


def test_a_lease_that_runs_out_brings_the_whole_group_back_in_order(store: Store, now_ms: int) -> None:
    send(store, now_ms, "a1", "a2", "a3")
    take(store, now_ms, most=2)
    assert bodies(take(store, now_ms + LEASE_MS)) == ["a1", "a2", "a3"]


def test_groups_do_not_wait_for_one_another(store: Store, now_ms: int) -> None:
    send(store, now_ms, *(f"{group}{number}" for group in "abc" for number in (1, 2)))
    received = [bodies(take(store, now_ms, most=1)) for _ in range(4)]
    assert received == [["a1"], ["b1"], ["c1"], []]


def test_a_group_that_was_served_goes_behind_those_that_wait_longer(store: Store, now_ms: int) -> None:
    send(store, now_ms, *(f"a{number}" for number in range(9)))
    send(store, now_ms + 1, "b0", "b1")
    order: list[str] = []
    for tick in range(2, 6):
        taken = take(store, now_ms + tick, most=1).messages
        order += bodies(taken)
        settle(store, now_ms + tick, Verdict.DELETE_HELD, *taken)
    assert order == ["a0", "b0", "a1", "b1"]


def test_a_bound_of_bytes_keeps_the_order(store: Store, now_ms: int) -> None:
    for name in ("a1", "a2", "b1"):
        one = outgoing(now_ms, name * 1_000, group_id=name[0], deduplication_id=name)
        store.messages.send(FIFO, now_ms, [one])
    received: list[str] = []
    while taken := claim(store, now_ms, queue=FIFO, most_bytes=1).messages:
        received += [body[:2] for body in bodies(taken)]
        settle(store, now_ms, Verdict.DELETE, *taken)
    assert sorted(received) == ["a1", "a2", "b1"]
    assert received.index("a1") < received.index("a2")


def test_group_names_of_which_one_begins_with_the_other_are_two_groups(store: Store, now_ms: int) -> None:
    for group_id in ("a", "a!", "aa", "~"):
        send_as(store, now_ms, group_id, group_id, group_id=group_id)
    assert sorted(bodies(take(store, now_ms, most=4))) == ["a", "a!", "aa", "~"]
    first, *_ = (taken := take(store, now_ms + LEASE_MS)).messages
    assert sorted(bodies(taken)) == ["a", "a!", "aa", "~"]
    send_as(store, now_ms + LEASE_MS, "more", "more", group_id=first.message.group_id or "")
    assert take(store, now_ms + LEASE_MS).messages == ()


# What is counted, and when the queue is due


def test_only_what_was_received_counts_as_in_flight(store: Store, now_ms: int) -> None:
    send(store, now_ms, "a1", "a2", "a3")
    take(store, now_ms, most=1)
    assert counts(store, now_ms, FIFO) == (2, 1, 0)
    assert counts(store, now_ms + LEASE_MS, FIFO) == (3, 0, 0)


def test_a_blocked_group_is_due_when_its_first_message_is(store: Store, now_ms: int) -> None:
    send(store, now_ms, "a1", "a2")
    first, _ = take(store, now_ms).messages
    settled = settle(store, now_ms, Verdict.RETRY, first, due_at_ms=now_ms + 90_000)
    assert settled == Settled((Effect.DONE,), now_ms + 90_000)
    assert store.queues.describe(FIFO, now_ms).next_due_at_ms == now_ms + 90_000


def test_only_the_first_message_of_an_idle_group_nudges(store: Store, now_ms: int) -> None:
    with nudges(store) as listener:
        send(store, now_ms, "a1", "a2")
        send(store, now_ms, "a3")
        assert listener.instants() == [now_ms]
        taken = take(store, now_ms, most=2).messages
        send(store, now_ms + 1, "a4")
        assert listener.instants() == []
        settle(store, now_ms + 2, Verdict.DELETE, *taken)
        assert listener.instants() == [now_ms + 2]


def test_with_too_many_messages_in_flight_nothing_comes_until_a_lease_ends(
    store: Store, now_ms: int, raw: redis.Redis
) -> None:
    send(store, now_ms, "a1")
    raw.zadd(keys.leased(FIFO), {f"other-{number}": now_ms + 10 + number for number in range(IN_FLIGHT)})
    refused = take(store, now_ms)
    assert (refused.messages, refused.next_due_at_ms) == ((), now_ms + 10)
    assert bodies(take(store, now_ms + 10)) == ["a1"]


# Delays and retention


def test_the_queues_delay_holds_whatever_delay_a_message_names(store: Store, clock: ManualClock) -> None:
    now_ms = clock.now_ms()
    queue = create(store, now_ms, QueueId(ACCOUNT, "slow.fifo"), DelaySeconds=3)
    batch = [
        outgoing(now_ms, str(delay_ms), delay_ms=delay_ms, group_id="a", deduplication_id=str(delay_ms))
        for delay_ms in (None, 0, 9_000)
    ]
    store.messages.send(queue, now_ms, batch)
    assert counts(store, now_ms, queue) == (0, 0, 3)
    early = claim(store, now_ms + 2_999, queue=queue)
    assert (early.messages, early.next_due_at_ms) == ((), now_ms + 3_000)
    assert bodies(claim(store, now_ms + 3_000, queue=queue)) == ["None", "0", "9000"]


def test_a_delay_holds_nothing_back_that_was_received_before(store: Store, clock: ManualClock) -> None:
    now_ms = clock.now_ms()
    queue = create(store, now_ms, QueueId(ACCOUNT, "slow.fifo"), DelaySeconds=60)
    send(store, now_ms, "a1", queue=queue)
    (received,) = claim(store, now_ms + 60_000, queue=queue).messages
    store.messages.settle(queue, now_ms + 60_000, [settlement(received, Verdict.GIVE_BACK, now_ms + 60_000)])
    assert bodies(claim(store, now_ms + 60_000, queue=queue)) == ["a1"]


def test_messages_beyond_their_retention_are_dropped_and_do_not_block_their_group(
    store: Store, now_ms: int, raw: redis.Redis
) -> None:
    send(store, now_ms, "a1", "a2")
    send(store, now_ms + 1, "a3")
    assert bodies(take(store, now_ms + RETENTION_MS)) == ["a3"]
    assert take(store, now_ms + 2 * RETENTION_MS).next_due_at_ms is None
    raw.delete(keys.remembered(FIFO), keys.forgetting(FIFO))
    assert_no_leak(raw, FIFO)


def test_a_delay_longer_than_the_retention_loses_nothing(store: Store, clock: ManualClock) -> None:
    now_ms = clock.now_ms()
    queue = create(store, now_ms, QueueId(ACCOUNT, "slow.fifo"), DelaySeconds=900, MessageRetentionPeriod=60)
    send(store, now_ms, "a1", queue=queue)
    assert bodies(claim(store, now_ms + 900_000, queue=queue)) == ["a1"]
    assert claim(store, now_ms + 960_000, queue=queue).messages == ()


# Receipts


@pytest.mark.parametrize("verdict", LATE_VERDICTS)
def test_a_receipt_whose_lease_ran_out_is_of_no_use(store: Store, now_ms: int, verdict: Verdict) -> None:
    send(store, now_ms, "a1")
    (received,) = take(store, now_ms).messages
    settled = settle(store, now_ms + LEASE_MS, verdict, received, due_at_ms=now_ms + 90_000)
    assert settled.effects == (Effect.LOST,)
    assert bodies(take(store, now_ms + LEASE_MS)) == ["a1"]


@pytest.mark.parametrize("verdict", LATE_VERDICTS)
def test_a_receipt_is_good_until_the_last_millisecond_of_its_lease(store: Store, now_ms: int, verdict: Verdict) -> None:
    send(store, now_ms, "a1")
    (received,) = take(store, now_ms).messages
    settled = settle(store, now_ms + LEASE_MS - 1, verdict, received, due_at_ms=now_ms + 90_000)
    assert settled.effects == (Effect.DONE,)
    assert take(store, now_ms + LEASE_MS).messages == ()


def test_a_lease_that_was_extended_keeps_its_receipt_good(store: Store, now_ms: int) -> None:
    send(store, now_ms, "a1")
    (received,) = take(store, now_ms).messages
    settle(store, now_ms, Verdict.EXTEND, received, due_at_ms=now_ms + 90_000)
    assert settle(store, now_ms + 89_999, Verdict.DELETE_HELD, received).effects == (Effect.DONE,)


def test_a_success_that_comes_late_deletes_all_the_same(store: Store, now_ms: int, raw: redis.Redis) -> None:
    send(store, now_ms, "a1")
    (first,) = take(store, now_ms).messages
    take(store, now_ms + LEASE_MS)
    assert settle(store, now_ms + LEASE_MS, Verdict.DELETE, first) == Settled((Effect.DONE,), None)
    raw.delete(keys.remembered(FIFO), keys.forgetting(FIFO))
    assert_no_leak(raw, FIFO)


def test_a_receipt_is_of_no_use_for_a_later_message_of_the_same_id(store: Store, now_ms: int) -> None:
    one = outgoing(now_ms, group_id="a", deduplication_id="x")
    store.messages.send(FIFO, now_ms, [one])
    (received,) = take(store, now_ms).messages
    store.messages.purge(FIFO, now_ms)
    store.messages.send(FIFO, now_ms, [one])
    assert settle(store, now_ms, Verdict.DELETE, received) == Settled((Effect.GONE,), now_ms)
    assert counts(store, now_ms, FIFO) == (1, 0, 0)
    assert len(take(store, now_ms).messages) == 1
