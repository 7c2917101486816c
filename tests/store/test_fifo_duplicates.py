"""FIFO queues: each message once (SQS developer guide, "Exactly-once processing in Amazon SQS")."""

import pytest
import redis

from karin.sqs.errors import InvalidParameterValue
from karin.sqs.fifo import content_deduplication_id
from karin.sqs.message import MessageAttribute
from karin.store import keys
from karin.store.messages import Effect, Fate, Settled, Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.fifo import FIVE_MINUTES_MS, send, send_as, settle, take
from tests.store.support import FIFO, assert_no_leak, assert_nothing_expires, bodies, counts, create, outgoing


@pytest.fixture
def now_ms(store: Store, clock: ManualClock) -> int:
    create(store, clock.now_ms(), FIFO)
    return clock.now_ms()


def test_a_duplicate_is_told_the_first_messages_id_and_number_and_is_not_stored(store: Store, now_ms: int) -> None:
    first = send_as(store, now_ms, "first", "x")
    again = send_as(store, now_ms + 1, "again", "x")
    assert again == first
    assert bodies(take(store, now_ms + 1)) == ["first"]


def test_a_duplicate_in_the_same_batch_is_not_stored(store: Store, now_ms: int) -> None:
    first, second = send(store, now_ms, "a1", "a1")
    assert first == second
    assert counts(store, now_ms, FIFO) == (1, 0, 0)


def test_a_duplicate_is_known_though_the_first_message_is_deleted(store: Store, now_ms: int) -> None:
    first = send_as(store, now_ms, "first", "x")
    settle(store, now_ms, Verdict.DELETE_HELD, *take(store, now_ms).messages)
    assert send_as(store, now_ms + 1, "again", "x") == first
    assert take(store, now_ms + 1).messages == ()


def test_a_deduplication_id_is_known_for_five_minutes_from_the_first_send(store: Store, now_ms: int) -> None:
    first = send_as(store, now_ms, "first", "x")
    assert send_as(store, now_ms + FIVE_MINUTES_MS - 1, "again", "x") == first
    second = send_as(store, now_ms + FIVE_MINUTES_MS, "later", "x")
    assert second.message_id != first.message_id
    assert bodies(take(store, now_ms + FIVE_MINUTES_MS)) == ["first", "later"]
    assert send_as(store, now_ms + 2 * FIVE_MINUTES_MS - 1, "once more", "x") == second


def test_what_was_remembered_is_forgotten_in_the_store_as_well(store: Store, now_ms: int, raw: redis.Redis) -> None:
    send(store, now_ms, "a1", "a2", "b1")
    take(store, now_ms, attempt_id="attempt")
    send(store, now_ms + FIVE_MINUTES_MS, "a4")
    assert raw.hlen(keys.remembered(FIFO)) == raw.llen(keys.forgetting(FIFO)) == 1
    assert_nothing_expires(raw)


def test_a_message_that_is_too_long_is_not_remembered(store: Store, now_ms: int) -> None:
    long = outgoing(now_ms, "x", size=1 << 21, group_id="a", deduplication_id="x")
    (refused,) = store.messages.send(FIFO, now_ms, [long]).fates
    assert refused == Fate(long.message.message_id, None, is_too_long=True)
    assert send_as(store, now_ms, "short", "x").message_id != refused.message_id
    assert bodies(take(store, now_ms)) == ["short"]


def test_without_a_deduplication_id_nothing_of_a_batch_is_stored(store: Store, now_ms: int, raw: redis.Redis) -> None:
    batch = [outgoing(now_ms, group_id="a", deduplication_id=id_) for id_ in ("x", None)]
    with pytest.raises(InvalidParameterValue, match="ContentBasedDeduplication enabled or MessageDeduplicationId"):
        store.messages.send(FIFO, now_ms, batch)
    assert_no_leak(raw, FIFO)


def test_a_queue_that_deduplicates_by_content_looks_at_the_body_alone(store: Store, now_ms: int) -> None:
    store.queues.set_attributes(FIFO, now_ms, {"ContentBasedDeduplication": "true"})
    first = send_as(store, now_ms, "same", None)
    other = outgoing(now_ms, "same", group_id="b", attributes={"n": MessageAttribute("Number", string_value="1")})
    (again,) = store.messages.send(FIFO, now_ms, [other]).fates
    assert again == first
    assert send_as(store, now_ms, "other", None) != first
    received, _ = take(store, now_ms).messages
    assert received.message.deduplication_id == content_deduplication_id("same")


def test_an_id_that_is_given_wins_over_the_content(store: Store, now_ms: int) -> None:
    store.queues.set_attributes(FIFO, now_ms, {"ContentBasedDeduplication": "true"})
    first = send_as(store, now_ms, "same", None)
    assert send_as(store, now_ms, "same", "x") != first
    assert send_as(store, now_ms, "different", content_deduplication_id("same")) == first
    assert [one.message.deduplication_id for one in take(store, now_ms).messages] == [
        content_deduplication_id("same"),
        "x",
    ]


@pytest.mark.parametrize(("scope", "is_stored"), [("queue", False), ("messageGroup", True)])
def test_the_scope_says_whether_groups_share_deduplication_ids(
    store: Store, now_ms: int, scope: str, is_stored: bool
) -> None:
    store.queues.set_attributes(FIFO, now_ms, {"DeduplicationScope": scope})
    send_as(store, now_ms, "first", "x", group_id="a")
    send_as(store, now_ms, "second", "x", group_id="b")
    send_as(store, now_ms, "third", "x", group_id="a")
    assert bodies(take(store, now_ms)) == (["first", "second"] if is_stored else ["first"])


def test_a_purge_forgets_what_was_sent_but_numbers_go_on_rising(store: Store, now_ms: int, raw: redis.Redis) -> None:
    first = send_as(store, now_ms, "first", "x")
    store.messages.purge(FIFO, now_ms)
    assert_no_leak(raw, FIFO)
    second = send_as(store, now_ms, "second", "x")
    assert second.message_id != first.message_id
    assert (second.sequence_number or "") > (first.sequence_number or "")


def test_a_purge_forgets_attempts(store: Store, now_ms: int) -> None:
    send(store, now_ms, "a1")
    take(store, now_ms, attempt_id="attempt")
    store.messages.purge(FIFO, now_ms)
    send(store, now_ms, "a2")
    assert bodies(take(store, now_ms, attempt_id="attempt")) == ["a2"]


def test_sequence_numbers_have_twenty_digits_and_rise(store: Store, now_ms: int) -> None:
    fates = send(store, now_ms, *(f"{group}{number}" for number in range(12) for group in "ab"))
    numbers = [fate.sequence_number or "" for fate in fates]
    assert all(len(number) == 20 and number.isdecimal() for number in numbers)
    assert numbers == sorted({*numbers})
    received = take(store, now_ms, most=30).messages
    assert {one.message.message_id: one.message.sequence_number for one in received} == {
        fate.message_id: fate.sequence_number for fate in fates
    }
    assert all(one.receipt.sequence_number == one.message.sequence_number for one in received)


def test_a_message_is_not_stored_twice_though_its_deduplication_id_is_forgotten(store: Store, now_ms: int) -> None:
    one = outgoing(now_ms, group_id="a", deduplication_id="x")
    store.messages.send(FIFO, now_ms, [one])
    (again,) = store.messages.send(FIFO, now_ms + FIVE_MINUTES_MS, [one]).fates
    assert (again.message_id, again.is_too_long) == (one.message.message_id, False)
    assert counts(store, now_ms + FIVE_MINUTES_MS, FIFO) == (1, 0, 0)
    (received,) = take(store, now_ms + FIVE_MINUTES_MS).messages
    assert settle(store, now_ms + FIVE_MINUTES_MS, Verdict.DELETE, received) == Settled((Effect.DONE,), None)
