"""Dead letters in the store: which messages a claim finds dead, and what a crash of their mover leaves."""

from typing import Any

import pytest
import redis
from msgspec.structs import replace

from karin.sqs.message import ReceivedMessage
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.messages import Claim, Effect, Outgoing, Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.dead_letters import create_pair, fail, redrive_policy
from tests.store.support import FIFO, QUEUE, bodies, claim, counts, create, outgoing, settlement

LEASE_MS = 30_000
FIVE_MINUTES_MS = 300_000
BOTH_TYPES = pytest.mark.parametrize("queue", [QUEUE, FIFO])


@pytest.fixture
def now_ms(clock: ManualClock) -> int:
    return clock.now_ms()


def send(store: Store, now_ms: int, queue: QueueId, *names: str) -> None:
    """Send messages in one command, in FIFO queues each to the group that its name begins with."""
    others: list[dict[str, Any]] = [
        {"group_id": name[0], "deduplication_id": name} if queue.is_fifo else {} for name in names
    ]
    batch = [outgoing(now_ms, name, **more) for name, more in zip(names, others, strict=True)]
    store.messages.send(queue, now_ms, batch)


def find_dead(store: Store, now_ms: int, queue: QueueId, *names: str) -> Claim:
    """Send messages, fail with each as often as allowed, which is once, and claim them again."""
    send(store, now_ms, queue, *names)
    fail(store, now_ms, queue)
    return claim(store, now_ms, queue=queue)


def copy(store: Store, now_ms: int, target: QueueId, *dead: ReceivedMessage) -> None:
    """Do the first half of a move: send messages to another queue, each under its own id."""
    for one in dead:
        message = replace(one.message, deduplication_id=one.message.message_id if target.is_fifo else None)
        store.messages.send(target, now_ms, [Outgoing(message, 0, 0, one.receive_count, one.first_received_at_ms)])


def delete(store: Store, now_ms: int, queue: QueueId, *received: ReceivedMessage) -> tuple[Effect, ...]:
    """Delete messages, as is the second half of a move."""
    return store.messages.settle(queue, now_ms, [settlement(one, Verdict.DELETE) for one in received]).effects


@BOTH_TYPES
def test_a_message_is_received_as_often_as_allowed_and_then_found_dead(
    store: Store, now_ms: int, queue: QueueId
) -> None:
    target = create_pair(store, now_ms, queue, max_receive_count=3)
    send(store, now_ms, queue, "a1")
    attempts = [fail(store, now_ms + tick, queue) for tick in range(3)]
    assert [(bodies(one), bodies(one.dead)) for one in attempts] == [(["a1"], [])] * 3
    last = claim(store, now_ms + 3, queue=queue)
    assert (bodies(last), bodies(last.dead), last.dead_letter_target) == ([], ["a1"], target)


@BOTH_TYPES
def test_a_queue_without_a_policy_has_no_dead(store: Store, now_ms: int, queue: QueueId) -> None:
    create(store, now_ms, queue)
    send(store, now_ms, queue, "a1")
    for count in range(1, 20):
        taken = fail(store, now_ms, queue)
        assert [one.receive_count for one in taken.messages] == [count]
        assert (taken.dead, taken.dead_letter_target) == ((), None)


@BOTH_TYPES
def test_being_found_dead_is_no_receive(store: Store, now_ms: int, queue: QueueId) -> None:
    create_pair(store, now_ms, queue)
    send(store, now_ms, queue, "a1")
    fail(store, now_ms + 1, queue)
    for tick in (2, 2 + LEASE_MS):
        (dead,) = claim(store, now_ms + tick, queue=queue).dead
        assert (dead.receive_count, dead.first_received_at_ms) == (1, now_ms + 1)


@BOTH_TYPES
def test_the_dead_are_hidden_while_they_are_moved(store: Store, now_ms: int, queue: QueueId) -> None:
    create_pair(store, now_ms, queue)
    taken = find_dead(store, now_ms, queue, "a1", "b1")
    assert (sorted(bodies(taken.dead)), taken.next_due_at_ms) == (["a1", "b1"], now_ms + LEASE_MS)
    assert counts(store, now_ms, queue) == (0, 2, 0)
    assert claim(store, now_ms + LEASE_MS - 1, queue=queue).dead == ()


@BOTH_TYPES
def test_the_dead_take_no_place_from_the_living(store: Store, now_ms: int, queue: QueueId) -> None:
    create_pair(store, now_ms, queue)
    send(store, now_ms, queue, "a1", "b1")
    fail(store, now_ms, queue)
    send(store, now_ms + 1, queue, "c1", "d1")
    taken = claim(store, now_ms + 1, queue=queue, most=2)
    assert (sorted(bodies(taken.dead)), sorted(bodies(taken))) == (["a1", "b1"], ["c1", "d1"])


@BOTH_TYPES
def test_a_claim_hands_out_no_more_dead_than_it_was_to_take_and_the_rest_stay_due(
    store: Store, now_ms: int, queue: QueueId
) -> None:
    create_pair(store, now_ms, queue)
    send(store, now_ms, queue, *(f"{group}1" for group in "abcde"))
    fail(store, now_ms, queue)
    found: list[str] = []
    for expected in (2, 2, 1, 0):
        taken = claim(store, now_ms, queue=queue, most=2)
        assert (len(taken.dead), taken.messages) == (expected, ())
        found += bodies(taken.dead)
    assert sorted(found) == ["a1", "b1", "c1", "d1", "e1"]


@BOTH_TYPES
def test_a_claim_that_does_not_count_finds_nobody_dead(store: Store, now_ms: int, queue: QueueId) -> None:
    create_pair(store, now_ms, queue)
    send(store, now_ms, queue, "a1")
    fail(store, now_ms, queue)
    taken = claim(store, now_ms, queue=queue, counts=False)
    assert ([one.receive_count for one in taken.messages], taken.dead) == ([1], ())
    assert bodies(claim(store, now_ms + LEASE_MS, queue=queue).dead) == ["a1"]


@BOTH_TYPES
def test_a_receive_that_is_given_back_brings_no_message_nearer_to_its_end(
    store: Store, now_ms: int, queue: QueueId
) -> None:
    create_pair(store, now_ms, queue)
    send(store, now_ms, queue, "a1")
    for _ in range(3):
        (received,) = claim(store, now_ms, queue=queue).messages
        store.messages.settle(queue, now_ms, [settlement(received, Verdict.GIVE_BACK, now_ms)])


@BOTH_TYPES
def test_a_change_of_the_policy_holds_for_what_is_there(store: Store, now_ms: int, queue: QueueId) -> None:
    target = create_pair(store, now_ms, queue, max_receive_count=1)
    send(store, now_ms, queue, "a1")
    fail(store, now_ms, queue)
    for policy, is_dead in (
        (redrive_policy(target, 2), False),  # the second receive
        ("", False),  # the third
        (redrive_policy(target, 4), False),
        (redrive_policy(target, 3), True),
    ):
        store.queues.set_attributes(queue, now_ms, {"RedrivePolicy": policy})
        taken = fail(store, now_ms, queue)
        assert (len(taken.dead), len(taken.messages)) == ((1, 0) if is_dead else (0, 1))


def test_a_dead_message_does_not_block_its_group(store: Store, now_ms: int) -> None:
    create_pair(store, now_ms, FIFO)
    send(store, now_ms, FIFO, "a1")
    fail(store, now_ms, FIFO)
    send(store, now_ms, FIFO, "a2")
    taken = claim(store, now_ms, queue=FIFO)
    assert (bodies(taken.dead), bodies(taken)) == (["a1"], ["a2"])


def test_an_attempt_that_is_repeated_tells_of_no_dead_again(store: Store, now_ms: int) -> None:
    create_pair(store, now_ms, FIFO)
    send(store, now_ms, FIFO, "a1")
    fail(store, now_ms, FIFO)
    send(store, now_ms, FIFO, "b1")
    first = claim(store, now_ms, queue=FIFO, attempt_id="attempt")
    again = claim(store, now_ms, queue=FIFO, attempt_id="attempt")
    assert (bodies(first.dead), bodies(first)) == (["a1"], ["b1"])
    assert (again.dead, again.messages) == ((), first.messages)


# Moves, and movers that crash


@BOTH_TYPES
def test_a_mover_that_crashes_before_it_sent_leaves_the_message_dead_where_it_is(
    store: Store, now_ms: int, queue: QueueId
) -> None:
    target = create_pair(store, now_ms, queue)
    first = find_dead(store, now_ms, queue, "a1")
    again = claim(store, now_ms + LEASE_MS, queue=queue)
    assert [one.message for one in again.dead] == [one.message for one in first.dead]
    assert counts(store, now_ms + LEASE_MS, target) == (0, 0, 0)


@BOTH_TYPES
def test_a_mover_that_crashes_before_it_deleted_moves_the_message_once(
    store: Store, now_ms: int, queue: QueueId
) -> None:
    target = create_pair(store, now_ms, queue)
    copy(store, now_ms, target, *find_dead(store, now_ms, queue, "a1").dead)
    later_ms = now_ms + LEASE_MS
    dead = claim(store, later_ms, queue=queue).dead
    copy(store, later_ms, target, *dead)
    assert delete(store, later_ms, queue, *dead) == (Effect.DONE,)
    assert counts(store, later_ms, queue) == (0, 0, 0)
    assert bodies(claim(store, later_ms, queue=target)) == ["a1"]
    assert counts(store, later_ms, target) == (0, 1, 0)


@BOTH_TYPES
def test_a_message_that_waits_in_its_dead_letter_queue_is_not_doubled_however_late_the_crash_is_made_good(
    store: Store, now_ms: int, queue: QueueId, raw: redis.Redis
) -> None:
    target = create_pair(store, now_ms, queue, VisibilityTimeout=2 * FIVE_MINUTES_MS // 1000)
    copy(store, now_ms, target, *find_dead(store, now_ms, queue, "a1").dead)
    later_ms = now_ms + 2 * FIVE_MINUTES_MS
    copy(store, later_ms, target, *claim(store, later_ms, queue=queue).dead)
    assert counts(store, later_ms, target) == (1, 0, 0)
    assert delete(store, later_ms, target, *claim(store, later_ms, queue=target).messages) == (Effect.DONE,)
    assert counts(store, later_ms, target) == (0, 0, 0)
    assert not raw.exists(keys.order(target))
    send(store, later_ms, target, "a2")
    assert bodies(claim(store, later_ms, queue=target)) == ["a2"]


def test_a_fifo_dead_letter_queue_does_not_take_again_what_was_deleted_there_a_moment_ago(
    store: Store, now_ms: int
) -> None:
    target = create_pair(store, now_ms, FIFO)
    copy(store, now_ms, target, *find_dead(store, now_ms, FIFO, "a1").dead)
    delete(store, now_ms, target, *claim(store, now_ms, queue=target).messages)
    copy(store, now_ms + LEASE_MS, target, *claim(store, now_ms + LEASE_MS, queue=FIFO).dead)
    assert counts(store, now_ms + LEASE_MS, target) == (0, 0, 0)


@BOTH_TYPES
def test_of_two_movers_who_hold_the_same_message_the_later_does_nothing(
    store: Store, now_ms: int, queue: QueueId
) -> None:
    target = create_pair(store, now_ms, queue)
    slow = find_dead(store, now_ms, queue, "a1").dead
    quick = claim(store, now_ms + LEASE_MS, queue=queue).dead
    for dead, effect in ((quick, Effect.DONE), (slow, Effect.GONE)):
        copy(store, now_ms + LEASE_MS, target, *dead)
        assert delete(store, now_ms + LEASE_MS, queue, *dead) == (effect,)
    assert counts(store, now_ms + LEASE_MS, target) == (1, 0, 0)


@BOTH_TYPES
def test_a_message_brings_its_receives_along(store: Store, now_ms: int, queue: QueueId) -> None:
    target = create_pair(store, now_ms, queue, max_receive_count=2)
    send(store, now_ms, queue, "a1")
    for tick in (1, 2):
        fail(store, now_ms + tick, queue)
    copy(store, now_ms + 3, target, *claim(store, now_ms + 3, queue=queue).dead)
    (arrived,) = claim(store, now_ms + 4, queue=target).messages
    assert (arrived.receive_count, arrived.first_received_at_ms) == (3, now_ms + 1)
    assert arrived.message.sent_at_ms == now_ms


def test_a_fifo_message_waits_out_the_delay_of_its_dead_letter_queue(store: Store, now_ms: int) -> None:
    target = create_pair(store, now_ms, FIFO)
    store.queues.set_attributes(target, now_ms, {"DelaySeconds": "5"})
    copy(store, now_ms, target, *find_dead(store, now_ms, FIFO, "a1").dead)
    assert counts(store, now_ms + 4_999, target) == (0, 0, 1)
    assert bodies(claim(store, now_ms + 5_000, queue=target)) == ["a1"]
