"""Sending: stored once, due when it should be, and a nudge only when the head of the queue moved earlier."""

import pytest
import redis

from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.message import Message, MessageAttribute
from karin.store import keys
from karin.store.messages import Fate, Outgoing, Verdict
from karin.store.signals import Nudge
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import (
    OTHER,
    QUEUE,
    assert_nothing_expires,
    bodies,
    claim,
    counts,
    create,
    nudges,
    outgoing,
    send,
    settlement,
)
from tests.store.support import all_keys as keys_in


@pytest.fixture
def now_ms(store: Store, clock: ManualClock) -> int:
    create(store, clock.now_ms())
    return clock.now_ms()


def test_a_message_comes_back_as_it_was_sent(store: Store, now_ms: int) -> None:
    message = Message(
        message_id="7f1f6d0e-7a3c-4b1c-9f1a-2f0a6f4f3d10",
        body="안녕\x09 <&> \U0001f600",
        sent_at_ms=now_ms,
        sender_id="AIDA",
        attributes={
            "text": MessageAttribute("String.custom", string_value="값"),
            "bytes": MessageAttribute("Binary", binary_value=b"\x00\xff"),
            "empty": MessageAttribute("Number", string_value="-0.5"),
        },
        trace_header="Root=1-5759e988-bd862e3fe1be46a994272793",
        group_id="g",
        deduplication_id="d",
        dead_letter_source_arn="arn:aws:sqs:us-east-1:000000000000:source",
    )
    store.messages.send(QUEUE, now_ms, [Outgoing(message, 20, 0)])
    (received,) = claim(store, now_ms).messages
    assert received.message == message


def test_sending_to_a_queue_that_does_not_exist_stores_nothing(store: Store, now_ms: int, raw: redis.Redis) -> None:
    before = keys_in(raw)
    with nudges(store) as listener:
        with pytest.raises(QueueDoesNotExist):
            store.messages.send(OTHER, now_ms, [outgoing(now_ms)])
        assert listener.heard() == []
    assert keys_in(raw) == before


def test_sending_an_id_again_changes_neither_message_nor_due_time(store: Store, now_ms: int) -> None:
    first = outgoing(now_ms, "first", delay_ms=5_000)
    store.messages.send(QUEUE, now_ms, [first])
    again = Outgoing(Message(first.message.message_id, "again", now_ms + 1), 5, 0)
    with nudges(store) as listener:
        sent = store.messages.send(QUEUE, now_ms + 1, [again])
        assert listener.heard() == []
    assert sent.fates == (Fate(first.message.message_id, None, False),)
    assert counts(store, now_ms + 1) == (0, 0, 1)
    assert claim(store, now_ms + 4_999).messages == ()
    assert bodies(claim(store, now_ms + 5_000)) == ["first"]


def test_sending_an_id_again_while_it_is_leased_does_not_end_its_lease(store: Store, now_ms: int) -> None:
    one = outgoing(now_ms)
    store.messages.send(QUEUE, now_ms, [one])
    claim(store, now_ms)
    store.messages.send(QUEUE, now_ms + 1, [one])
    assert counts(store, now_ms + 1) == (0, 1, 0)


def test_an_id_twice_in_one_batch_is_stored_once(store: Store, now_ms: int) -> None:
    one = outgoing(now_ms)
    store.messages.send(QUEUE, now_ms, [one, one])
    assert counts(store, now_ms) == (1, 0, 0)


@pytest.mark.parametrize(
    ("own_delay_ms", "due_after_ms"), [(None, 7_000), (0, 0), (2_000, 2_000), (31_622_400_000, 31_622_400_000)]
)
def test_the_queues_delay_holds_unless_the_message_has_its_own(
    store: Store, clock: ManualClock, own_delay_ms: int | None, due_after_ms: int
) -> None:
    now_ms = clock.now_ms()
    create(store, now_ms, OTHER, DelaySeconds=7)
    send(store, now_ms, queue=OTHER, delay_ms=own_delay_ms)
    assert store.queues.describe(OTHER, now_ms).next_due_at_ms == now_ms + due_after_ms
    if due_after_ms:
        assert counts(store, now_ms + due_after_ms - 1, OTHER) == (0, 0, 1)
    assert counts(store, now_ms + due_after_ms, OTHER) == (1, 0, 0)


def test_only_messages_beyond_the_queues_size_are_refused(store: Store, clock: ManualClock) -> None:
    now_ms = clock.now_ms()
    create(store, now_ms, OTHER, MaximumMessageSize=1024)
    batch = [outgoing(now_ms, name, size=size) for name, size in [("a", 1024), ("b", 1025), ("c", 0), ("d", 9_999)]]
    sent = store.messages.send(OTHER, now_ms, batch)
    assert (sent.max_bytes, [fate.is_too_long for fate in sent.fates]) == (1024, [False, True, False, True])
    assert sorted(bodies(claim(store, now_ms, queue=OTHER))) == ["a", "c"]


def test_a_refused_message_nudges_nobody(store: Store, clock: ManualClock) -> None:
    now_ms = clock.now_ms()
    create(store, now_ms, OTHER, MaximumMessageSize=1024)
    with nudges(store) as listener:
        store.messages.send(OTHER, now_ms, [outgoing(now_ms, size=2_000)])
        assert listener.heard() == []


def test_the_first_message_of_a_queue_nudges_with_its_due_time(store: Store, now_ms: int) -> None:
    with nudges(store) as listener:
        send(store, now_ms, delay_ms=3_000)
        assert listener.heard() == [Nudge(QUEUE, now_ms + 3_000)]


def test_only_a_message_that_moves_the_head_earlier_nudges(store: Store, now_ms: int) -> None:
    with nudges(store) as listener:
        for delay_ms in (5_000, 5_000, 9_000, 5_001, 4_999, 4_999, 60_000, 0, 0):
            send(store, now_ms, delay_ms=delay_ms)
        assert listener.instants() == [now_ms + 5_000, now_ms + 4_999, now_ms]


def test_a_batch_nudges_once_with_its_earliest_message(store: Store, now_ms: int) -> None:
    with nudges(store) as listener:
        store.messages.send(QUEUE, now_ms, [outgoing(now_ms, delay_ms=ms) for ms in (900, 300, 600)])
        assert listener.instants() == [now_ms + 300]


def test_a_message_behind_leased_ones_nudges_when_it_is_due_before_their_leases_end(store: Store, now_ms: int) -> None:
    send(store, now_ms)
    claim(store, now_ms)  # until 30 s from now
    with nudges(store) as listener:
        send(store, now_ms, delay_ms=40_000)
        assert listener.instants() == []
        send(store, now_ms, delay_ms=20_000)
        assert listener.instants() == [now_ms + 20_000]


def test_a_queue_that_was_emptied_nudges_again(store: Store, now_ms: int) -> None:
    with nudges(store) as listener:
        send(store, now_ms)
        (received,) = claim(store, now_ms).messages
        store.messages.settle(QUEUE, now_ms, [settlement(received, Verdict.DELETE)])
        send(store, now_ms + 5)
        assert listener.instants() == [now_ms, now_ms + 5]


def test_queues_do_not_see_each_others_messages(store: Store, now_ms: int) -> None:
    create(store, now_ms, OTHER)
    send(store, now_ms, "mine")
    send(store, now_ms, "theirs", queue=OTHER)
    assert bodies(claim(store, now_ms, queue=OTHER)) == ["theirs"]
    assert bodies(claim(store, now_ms)) == ["mine"]


def test_no_key_of_messages_has_a_time_to_live(store: Store, now_ms: int, raw: redis.Redis) -> None:
    for group_id in (None, None, "g"):
        send(store, now_ms, group_id=group_id)
    (first, *_) = claim(store, now_ms, most=2).messages
    store.messages.settle(QUEUE, now_ms, [settlement(first, Verdict.RETRY, now_ms + 9_000)])
    assert keys_in(raw) >= {keys.queue(QUEUE), *keys.of_messages(QUEUE)}
    assert_nothing_expires(raw)
