"""Groups in standard queues: none holds up another, and none blocks (SQS developer guide, "Amazon SQS fair queues")."""

import pytest
import redis

from karin.store import keys
from karin.store.messages import Claim, Effect, Settled, Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import (
    QUEUE,
    assert_no_leak,
    bodies,
    claim,
    counts,
    create,
    nudges,
    outgoing,
    send,
    settlement,
)

LEASE_MS = 30_000
RETENTION_MS = 345_600_000


@pytest.fixture
def now_ms(store: Store, clock: ManualClock) -> int:
    create(store, clock.now_ms(), VisibilityTimeout=LEASE_MS // 1000)
    return clock.now_ms()


def send_groups(store: Store, now_ms: int, *names: str, delay_ms: int = 0) -> None:
    """Send messages in one command, each to the group that its name begins with; those of "-" have none."""
    batch = [outgoing(now_ms, name, delay_ms=delay_ms, group_id=None if name[0] == "-" else name[0]) for name in names]
    store.messages.send(QUEUE, now_ms, batch)


def groups(taken: Claim) -> str:
    """Return the groups of what was claimed, in order."""
    return "".join(body[0] for body in bodies(taken))


def test_a_group_with_a_long_backlog_does_not_hold_up_another(store: Store, now_ms: int) -> None:
    send_groups(store, now_ms, *(f"a{number}" for number in range(500)))
    send_groups(store, now_ms + 1, "b", "-")
    assert sorted(groups(claim(store, now_ms + 2, most=3))) == ["-", "a", "b"]


def test_each_group_gets_a_message_before_any_gets_a_second(store: Store, now_ms: int) -> None:
    for tick, group in enumerate("abc"):
        send_groups(store, now_ms + tick, *(f"{group}{number}" for number in range(9)))
    for tick in range(5, 9):
        assert sorted(groups(claim(store, now_ms + tick, most=3))) == ["a", "b", "c"]
    taken = groups(claim(store, now_ms + 9, most=7))
    assert {*taken[:3]} == {*taken[3:6]} == {*"abc"}


def test_a_group_that_was_served_goes_behind_what_is_due_longer(store: Store, now_ms: int) -> None:
    send_groups(store, now_ms, *(f"a{number}" for number in range(9)))
    send_groups(store, now_ms + 1, *(f"b{number}" for number in range(3)))
    send_groups(store, now_ms + 2, "-1")
    order = [groups(claim(store, now_ms + tick, most=1)) for tick in range(3, 11)]
    assert "".join(order) == "ab-ababa"


def test_a_group_that_comes_late_has_its_turn_after_those_that_wait(store: Store, now_ms: int) -> None:
    send_groups(store, now_ms, *(f"a{number}" for number in range(9)))
    assert groups(claim(store, now_ms + 5, most=1)) == "a"
    send_groups(store, now_ms + 6, "b")
    assert groups(claim(store, now_ms + 7, most=1)) == "a", "it waits since its last turn, which was earlier"
    assert groups(claim(store, now_ms + 8, most=1)) == "b"


def test_messages_without_a_group_stand_each_for_themselves(store: Store, now_ms: int) -> None:
    send_groups(store, now_ms, "-1", "-2")
    send_groups(store, now_ms + 1, "a1", "a2")
    send_groups(store, now_ms + 2, "-3")
    assert groups(claim(store, now_ms + 3)) == "--a-a"


def test_a_group_yields_its_messages_in_the_order_of_their_due_times(store: Store, now_ms: int) -> None:
    for name, delay_ms in [("a3", 3_000), ("a1", 1_000), ("a2", 2_000)]:
        send_groups(store, now_ms, name, delay_ms=delay_ms)
    assert bodies(claim(store, now_ms + 9_000)) == ["a1", "a2", "a3"]


def test_a_group_is_not_blocked_by_its_messages_in_flight(store: Store, now_ms: int) -> None:
    send_groups(store, now_ms, "a1", "a2")
    assert len(claim(store, now_ms, most=1).messages) == 1
    assert len(claim(store, now_ms).messages) == 1
    assert counts(store, now_ms) == (0, 2, 0)


def test_a_delayed_message_holds_up_nothing_of_its_group(store: Store, now_ms: int) -> None:
    send_groups(store, now_ms, "a-late", delay_ms=9_000)
    send_groups(store, now_ms, "a-soon", delay_ms=1_000)
    assert counts(store, now_ms) == (0, 0, 2)
    assert claim(store, now_ms + 999).next_due_at_ms == now_ms + 1_000
    assert bodies(claim(store, now_ms + 1_000)) == ["a-soon"]
    assert bodies(claim(store, now_ms + 9_000)) == ["a-late"]


def test_the_queue_is_due_when_the_first_lease_of_a_group_ends(store: Store, now_ms: int) -> None:
    send_groups(store, now_ms, "a1", "a2")
    claim(store, now_ms, most=1)
    taken = claim(store, now_ms + 5)
    assert taken.next_due_at_ms == now_ms + LEASE_MS
    settled = store.messages.settle(QUEUE, now_ms + 6, [settlement(taken.messages[0], Verdict.RETRY, now_ms + 700)])
    assert settled == Settled((Effect.DONE,), now_ms + 700)


@pytest.mark.parametrize("verdict", [Verdict.RETRY, Verdict.GIVE_BACK, Verdict.EXTEND])
def test_a_message_of_a_group_that_is_due_again_comes_in_its_groups_turn(
    store: Store, now_ms: int, verdict: Verdict
) -> None:
    send_groups(store, now_ms, "a1", "b1", "b2")
    first, *_ = claim(store, now_ms + 1, most=1).messages
    store.messages.settle(QUEUE, now_ms + 2, [settlement(first, verdict, now_ms + 2)])
    assert groups(claim(store, now_ms + 3, most=1)) == "b", "which was not served yet"
    assert groups(claim(store, now_ms + 4, most=1)) == "a"


def test_what_was_just_served_gains_no_turn_by_being_settled(store: Store, now_ms: int) -> None:
    send_groups(store, now_ms, *(f"a{number}" for number in range(5)))
    send_groups(store, now_ms + 1, "b1", "b2")
    order = ""
    for tick in range(2, 6):
        taken = claim(store, now_ms + tick, most=1)
        order += groups(taken)
        store.messages.settle(QUEUE, now_ms + tick, [settlement(taken.messages[0], Verdict.DELETE)])
    assert order == "abab"


def test_a_message_comes_back_with_its_group(store: Store, now_ms: int) -> None:
    group_id = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
    send(store, now_ms, group_id=group_id)
    (received,) = claim(store, now_ms).messages
    assert (received.message.group_id, received.receipt.group_id) == (group_id, group_id)
    assert received.message.sequence_number is None


def test_a_message_of_a_group_is_counted_in_every_state(store: Store, now_ms: int) -> None:
    send_groups(store, now_ms, "a1", "a2", "b1", "-1")
    send_groups(store, now_ms, "a3", delay_ms=60_000)
    assert counts(store, now_ms) == (4, 0, 1)
    claim(store, now_ms, most=3)
    assert counts(store, now_ms) == (1, 3, 1)
    assert counts(store, now_ms + LEASE_MS) == (4, 0, 1)
    assert counts(store, now_ms + 60_000) == (5, 0, 0)


def test_sending_an_id_again_does_not_line_it_up_twice(store: Store, now_ms: int, raw: redis.Redis) -> None:
    one = outgoing(now_ms, group_id="a", delay_ms=5_000)
    store.messages.send(QUEUE, now_ms, [one, one])
    store.messages.send(QUEUE, now_ms + 1, [one])
    assert raw.zcard(keys.order(QUEUE)) == raw.zcard(keys.due(QUEUE)) == 1
    (received,) = claim(store, now_ms + 5_000).messages
    store.messages.settle(QUEUE, now_ms + 5_000, [settlement(received, Verdict.DELETE)])
    assert_no_leak(raw, QUEUE)


def test_only_what_moves_the_head_of_the_queue_earlier_nudges(store: Store, now_ms: int) -> None:
    with nudges(store) as listener:
        send_groups(store, now_ms, "a1", "a2", delay_ms=5_000)
        send_groups(store, now_ms, "b1", delay_ms=6_000)
        send_groups(store, now_ms, "a3", delay_ms=4_000)
        send_groups(store, now_ms, "a4", delay_ms=4_500)
        assert listener.instants() == [now_ms + 5_000, now_ms + 4_000]


def test_messages_of_a_group_beyond_their_retention_are_dropped_and_leave_nothing(
    store: Store, now_ms: int, raw: redis.Redis
) -> None:
    send_groups(store, now_ms, *(f"a{number}" for number in range(25)))
    send_groups(store, now_ms + 1, "a-live", "b-live")
    assert sorted(bodies(claim(store, now_ms + RETENTION_MS))) == ["a-live", "b-live"]
    assert claim(store, now_ms + 2 * RETENTION_MS).next_due_at_ms is None
    assert_no_leak(raw, QUEUE)


def test_a_group_of_which_nothing_is_left_leaves_nothing(store: Store, now_ms: int, raw: redis.Redis) -> None:
    send_groups(store, now_ms, "a1", "a2", "b1")
    taken = claim(store, now_ms).messages
    store.messages.settle(QUEUE, now_ms, [settlement(one, Verdict.DELETE) for one in taken])
    assert_no_leak(raw, QUEUE)


@pytest.mark.parametrize(("groups", "most"), [("AB", 3), ("ABCDEF", 10), ("ABC", 1)])
def test_no_group_gains_by_its_name_when_all_have_been_served_in_the_same_instant(
    store: Store, now_ms: int, groups: str, most: int
) -> None:
    for group in groups * 20:
        send(store, now_ms, group, group_id=group)
    taken = [
        body for at_ms in range(12 // (most // 3 or 1)) for body in bodies(claim(store, now_ms + at_ms, most=most))
    ]
    counted = [taken.count(group) for group in groups]
    assert max(counted) - min(counted) <= 1
