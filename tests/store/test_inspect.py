"""Looking at what queues hold: each message in its state and in order, without changing anything."""

from typing import Any

import pytest
import redis

from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.ids import stored_id
from karin.store.inspect import MessagePage, MessageState, UnclearId
from karin.store.messages import Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store import fifo
from tests.store.looking import DELAYED, LEASED, READY, bodies, page, walk
from tests.store.support import FIFO, QUEUE, claim, create, send, settlement


def content(raw: redis.Redis) -> dict[str, Any]:
    """Return all that the store holds."""
    found: Any = raw.keys("*")
    return {key: raw.dump(key) for key in found}


def test_each_state_is_told_with_its_due_time(store: Store, clock: ManualClock) -> None:
    start_ms = clock.now_ms()
    create(store, start_ms, VisibilityTimeout=40)
    send(store, start_ms, "leased")
    claim(store, start_ms)
    later_ms = clock.advance(seconds=2)
    send(store, later_ms, "ready")
    send(store, later_ms, "delayed", delay_ms=9_000)
    clock.advance(seconds=1)

    found = page(store, clock)

    assert found.next is None
    assert [(one.message.body, one.state, one.due_at_ms) for one in found.messages] == [
        ("ready", READY, later_ms),
        ("delayed", DELAYED, later_ms + 9_000),
        ("leased", LEASED, start_ms + 40_000),
    ]
    assert [(one.receive_count, one.first_received_at_ms) for one in found.messages] == [
        (0, None),
        (0, None),
        (1, start_ms),
    ]
    assert {one.message.sent_at_ms for one in found.messages} == {start_ms, later_ms}


@pytest.mark.parametrize("queue", [QUEUE, FIFO])
@pytest.mark.parametrize("group_id", [None, "a"])
def test_one_state_is_shown_alone(store: Store, clock: ManualClock, queue: QueueId, group_id: str | None) -> None:
    groups: dict[str, Any] = {"group_id": group_id or "a"} if queue.is_fifo or group_id else {}
    create(store, clock.now_ms(), queue, DelaySeconds=9, ContentBasedDeduplication="true")
    for body in ("leased", "ready"):
        send(store, clock.now_ms(), body, queue=queue, delay_ms=0, **groups)
        clock.advance(ms=1)
    clock.advance(seconds=9)
    claim(store, clock.now_ms(), queue=queue, most=1)
    send(store, clock.now_ms(), "delayed", queue=queue, delay_ms=None, **groups)

    for state in MessageState:
        (one,) = page(store, clock, queue, state=state).messages
        assert (one.message.body, one.state) == (state.value, state)
    assert len(page(store, clock, queue).messages) == 3


def test_a_lease_that_ran_out_and_a_message_given_back_are_ready(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms())
    send(store, clock.now_ms(), "lapsed")
    claim(store, clock.now_ms())
    clock.advance(seconds=30)
    send(store, clock.now_ms(), "back")
    (back,) = [one for one in claim(store, clock.now_ms()).messages if one.message.body == "back"]
    store.messages.settle(QUEUE, clock.now_ms(), [settlement(back, Verdict.GIVE_BACK, clock.now_ms())])
    clock.advance(seconds=30)

    assert [(one.state, one.receive_count) for one in page(store, clock).messages] == [(READY, 0), (READY, 2)]


@pytest.mark.parametrize("queue", [QUEUE, FIFO])
def test_looking_changes_nothing(store: Store, clock: ManualClock, bytes_raw: redis.Redis, queue: QueueId) -> None:
    create(store, clock.now_ms(), queue, ContentBasedDeduplication="true")
    ids = [send(store, clock.now_ms(), str(number), queue=queue, group_id="ab"[number % 2]) for number in range(6)]
    claim(store, clock.now_ms(), queue=queue, most=1)
    before = content(bytes_raw)

    for state in (None, *MessageState):
        assert len({one.message.message_id for one in walk(store, clock, queue, most=2, state=state)} - {*ids}) == 0
    store.views.message(queue, clock.now_ms(), ids[-1])
    store.views.invocations([queue])

    assert content(bytes_raw) == before


def test_messages_with_and_without_a_group_come_in_one_order(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms())
    for number in range(12):
        send(store, clock.now_ms(), f"{number:02}", group_id=f"group-{number % 2}" if number % 3 else None)
        clock.advance(ms=1)
    claim(store, clock.now_ms(), most=4)  # their lanes go behind all else

    in_one = page(store, clock, most=100)

    assert in_one.next is None
    assert [one.due_at_ms for one in in_one.messages] == sorted(one.due_at_ms for one in in_one.messages)
    assert sorted(bodies(in_one)) == [f"{number:02}" for number in range(12)]
    for most in (1, 2, 5, 12):
        assert bodies(walk(store, clock, most=most)) == bodies(in_one)
    for state, count in ((READY, 8), (LEASED, 4), (DELAYED, 0)):
        assert len(list(walk(store, clock, most=3, state=state))) == count


def test_a_fifo_queue_is_shown_group_by_group_in_its_order(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms(), FIFO)
    fates = fifo.send(store, clock.now_ms(), *(f"{group}{number}" for number in range(5) for group in "ba"))

    in_one = page(store, clock, FIFO)

    assert bodies(in_one) == [f"{group}{number}" for group in "ab" for number in range(5)]
    numbers = {fate.message_id: fate.sequence_number for fate in fates}
    assert all(one.message.sequence_number == numbers[one.message.message_id] for one in in_one.messages)
    for most in (1, 4, 10):
        assert bodies(walk(store, clock, FIFO, most=most)) == bodies(in_one)


def test_a_message_behind_a_leased_one_of_its_group_is_due_no_earlier(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms(), FIFO)
    fifo.send(store, clock.now_ms(), "a0", "a1", "b0")
    fifo.take(store, clock.now_ms(), most=1)
    until_ms = clock.now_ms() + fifo.LEASE_MS

    found = [(one.message.body, one.state, one.due_at_ms) for one in page(store, clock, FIFO).messages]

    assert found == [("a0", LEASED, until_ms), ("a1", READY, until_ms), ("b0", READY, clock.now_ms())]
    assert bodies(page(store, clock, FIFO, state=READY)) == ["a1", "b0"]


def test_leased_messages_of_a_fifo_queue_come_as_their_leases_end(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms(), FIFO)
    fifo.send(store, clock.now_ms(), *"cba")
    for _ in range(3):
        fifo.take(store, clock.now_ms(), most=1)
        clock.advance(seconds=1)
    fifo.send(store, clock.now_ms(), "d")

    found = list(walk(store, clock, FIFO, most=2, state=LEASED))

    assert sorted(bodies(found)) == ["a", "b", "c"]
    assert [one.due_at_ms for one in found] == sorted(one.due_at_ms for one in found)


def test_a_queues_delay_holds_fifo_messages_back_and_they_are_shown_so(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms(), FIFO, DelaySeconds=60)
    fifo.send(store, clock.now_ms(), "a0", "b0")
    sent_at_ms = clock.now_ms()
    clock.advance(seconds=59)

    for found in (page(store, clock, FIFO), page(store, clock, FIFO, state=DELAYED)):
        assert {(one.state, one.due_at_ms) for one in found.messages} == {(DELAYED, sent_at_ms + 60_000)}
        assert len(found.messages) == 2
    assert bodies(page(store, clock, FIFO, state=READY)) == []
    clock.advance(seconds=1)
    assert len(page(store, clock, FIFO, state=READY).messages) == 2


def test_a_message_that_cannot_be_read_is_passed_over(
    store: Store, clock: ManualClock, bytes_raw: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    create(store, clock.now_ms())
    garbled, short = (send(store, clock.now_ms(), body) for body in ("garbled", "short"))
    send(store, clock.now_ms(), "fine")
    bytes_raw.hset(keys.messages(QUEUE), stored_id(garbled), b"%013d\xc1\xff\xdb\xff\xff" % clock.now_ms())
    bytes_raw.hset(keys.messages(QUEUE), stored_id(short), b"1")

    assert bodies(page(store, clock)) == ["fine"]
    assert garbled in caplog.text
    with pytest.raises(UnclearId, match="cannot be read"):
        store.views.message(QUEUE, clock.now_ms(), garbled)


def test_a_queue_that_is_not_there_cannot_be_looked_at(store: Store, clock: ManualClock) -> None:
    with pytest.raises(QueueDoesNotExist):
        page(store, clock)
    with pytest.raises(QueueDoesNotExist):
        store.views.message(QUEUE, clock.now_ms(), "abcd")
    create(store, clock.now_ms())
    assert page(store, clock) == MessagePage((), None)
