"""FIFO queues: a receive whose answer was lost may be repeated (SQS API, ReceiveRequestAttemptId)."""

import pytest
from msgspec.structs import replace

from karin.sqs.message import MessageAttribute
from karin.store.messages import Effect, Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.fifo import FIVE_MINUTES_MS, LEASE_MS, send, settle, take
from tests.store.support import FIFO, bodies, create, outgoing


@pytest.fixture
def now_ms(store: Store, clock: ManualClock) -> int:
    create(store, clock.now_ms(), FIFO)
    return clock.now_ms()


def test_an_attempt_that_is_repeated_gets_the_same_messages_and_receipts(store: Store, now_ms: int) -> None:
    send(store, now_ms, "a1", "b1", "a2")
    first = take(store, now_ms, most=2, attempt_id="attempt")
    again = take(store, now_ms + 7, most=2, attempt_id="attempt")
    assert again.messages == first.messages
    assert bodies(take(store, now_ms + 7, attempt_id="another")) == ["b1"]


def test_repeating_an_attempt_begins_its_leases_anew(store: Store, now_ms: int) -> None:
    send(store, now_ms, "a1", "a2")
    (received,) = take(store, now_ms, most=1, attempt_id="attempt").messages
    take(store, now_ms + 20_000, attempt_id="attempt")
    assert take(store, now_ms + 20_000 + LEASE_MS - 1).messages == ()
    assert settle(store, now_ms + 20_000 + LEASE_MS - 1, Verdict.DELETE_HELD, received).effects == (Effect.DONE,)


def test_an_attempt_is_known_for_five_minutes(store: Store, now_ms: int) -> None:
    store.queues.set_attributes(FIFO, now_ms, {"VisibilityTimeout": "600"})
    send(store, now_ms, "a1")
    first = take(store, now_ms, attempt_id="attempt")
    assert take(store, now_ms + FIVE_MINUTES_MS - 1, attempt_id="attempt").messages == first.messages
    assert take(store, now_ms + FIVE_MINUTES_MS, attempt_id="attempt").messages == ()


@pytest.mark.parametrize(
    ("verdict", "received_then"),
    [
        (Verdict.DELETE, ["b1"]),
        (Verdict.EXTEND, ["b1"]),
        (Verdict.RETRY, ["b1"]),
        (Verdict.GIVE_BACK, ["b1"]),
    ],
)
def test_an_attempt_is_over_once_anything_of_it_changed(
    store: Store, now_ms: int, verdict: Verdict, received_then: list[str]
) -> None:
    send(store, now_ms, "a1", "a2")
    first, _ = take(store, now_ms, attempt_id="attempt").messages
    send(store, now_ms, "b1")
    settle(store, now_ms, verdict, first, due_at_ms=now_ms + 90_000)
    assert bodies(take(store, now_ms + 1, attempt_id="attempt")) == received_then


def test_an_attempt_whose_lease_ran_out_receives_anew(store: Store, now_ms: int) -> None:
    send(store, now_ms, "a1")
    (first,) = take(store, now_ms, attempt_id="attempt").messages
    (second,) = take(store, now_ms + LEASE_MS, attempt_id="attempt").messages
    assert (first.receive_count, second.receive_count) == (1, 2)
    assert take(store, now_ms + LEASE_MS + 1, attempt_id="attempt").messages == (second,)


def test_an_attempt_that_got_nothing_may_get_something_next_time(store: Store, now_ms: int) -> None:
    assert take(store, now_ms, attempt_id="attempt").messages == ()
    send(store, now_ms, "a1")
    assert bodies(take(store, now_ms, attempt_id="attempt")) == ["a1"]


def test_a_message_comes_back_as_it_was_sent(store: Store, now_ms: int) -> None:
    one = outgoing(
        now_ms,
        "안녕 <&>",
        group_id="!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
        deduplication_id="~",
        attributes={"bytes": MessageAttribute("Binary", binary_value=b"\x00\xff")},
    )
    (fate,) = store.messages.send(FIFO, now_ms, [one]).fates
    taken = take(store, now_ms, attempt_id="attempt").messages
    assert [received.message for received in taken] == [replace(one.message, sequence_number=fate.sequence_number)]
    assert take(store, now_ms, attempt_id="attempt").messages == taken
