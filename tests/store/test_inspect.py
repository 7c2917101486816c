"""Looking at what queues hold: in order, a page at a time, and without changing anything."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from karin.mapping.invocation import Invocation, pack_invocation
from karin.mapping.outcome import OutcomeKind
from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.message import MessageAttribute
from karin.sqs.names import QueueId
from karin.store import inspect, keys
from karin.store.inspect import (
    PAGE_LOOKS,
    PREVIEW_BYTES,
    QUEUES_AT_ONCE,
    Cursor,
    MessagePage,
    MessageState,
    SeenMessage,
    UnclearId,
)
from karin.store.messages import Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store import fifo
from tests.store.support import ACCOUNT, FIFO, OTHER, QUEUE, claim, create, outgoing, send, settlement

READY, DELAYED, LEASED = MessageState.READY, MessageState.DELAYED, MessageState.LEASED


def page(store: Store, clock: ManualClock, queue: QueueId = QUEUE, most: int = 10, **others: Any) -> MessagePage:
    """Look at one page."""
    return store.views.messages(queue, clock.now_ms(), most=most, **others)


def walk(
    store: Store, clock: ManualClock, queue: QueueId = QUEUE, most: int = 3, **others: Any
) -> Iterator[SeenMessage]:
    """Look at all pages, one after the other."""
    found = page(store, clock, queue, most, **others)
    yield from found.messages
    while found.next is not None:
        found = page(store, clock, queue, most, after=found.next, **others)
        yield from found.messages


def bodies(seen: Any) -> list[str]:
    """Return the bodies of what was seen, in order."""
    return [one.message.body for one in (seen.messages if isinstance(seen, MessagePage) else seen)]


def content(raw: redis.Redis) -> dict[str, Any]:
    """Return all that the store holds."""
    found: Any = raw.keys("*")
    return {key: raw.dump(key) for key in found}


@pytest.fixture
def bytes_raw(store_url: str) -> Iterator[redis.Redis]:
    """Return a plain client for what is no text."""
    client = redis.Redis.from_url(store_url)
    yield client
    client.close()


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


def test_no_page_follows_a_last_one_that_is_full(store: Store, clock: ManualClock) -> None:
    """What is left behind the last message is the lane of its group, which is no message."""
    create(store, clock.now_ms())
    for number in range(3):
        send(store, clock.now_ms(), str(number), group_id=str(number))

    assert page(store, clock, most=3).next is None
    assert page(store, clock, most=2).next is not None


def test_pages_hold_every_message_due_at_the_same_instant_once(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms())
    batch = [outgoing(clock.now_ms(), str(number), group_id="g" if number % 2 else None) for number in range(40)]
    store.messages.send(QUEUE, clock.now_ms(), batch)

    found = bodies(walk(store, clock, most=7))

    assert sorted(found, key=int) == [str(number) for number in range(40)]


@pytest.mark.parametrize("group_id", [None, "g"])
def test_a_page_goes_on_when_the_message_it_ended_with_has_gone(
    store: Store, clock: ManualClock, group_id: str | None
) -> None:
    create(store, clock.now_ms())
    for number in range(4):
        send(store, clock.now_ms(), str(number), group_id=group_id)
        clock.advance(ms=1)
    first = page(store, clock, most=2)

    settlements = [settlement(one, Verdict.DELETE) for one in claim(store, clock.now_ms(), most=2).messages]
    store.messages.settle(QUEUE, clock.now_ms(), settlements)

    assert bodies(first) == ["0", "1"]
    assert bodies(page(store, clock, after=first.next)) == ["2", "3"]


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


@pytest.mark.parametrize("letter", ["x", "é", "한", "😀"])
@pytest.mark.parametrize("more", [-1, 0, 1, 2, 3, 4, 70_000])
def test_a_long_body_is_cut_between_two_characters(store: Store, clock: ManualClock, letter: str, more: int) -> None:
    width = len(letter.encode())
    body = letter * ((PREVIEW_BYTES + more) // width)
    attributes = {"colour": MessageAttribute("String", string_value="blue")}
    create(store, clock.now_ms())
    send(store, clock.now_ms(), body, attributes=attributes, sender_id="me", group_id="g")

    (one,) = page(store, clock).messages

    assert one.body_bytes == len(body.encode())
    assert one.message.body == letter * min(len(body), PREVIEW_BYTES // width)
    assert (one.message.attributes, one.message.sender_id, one.message.group_id) == (attributes, "me", "g")


@pytest.mark.parametrize("length", [0, 1, 31, 32, 200, 255, 256])
def test_a_short_body_is_whole(store: Store, clock: ManualClock, length: int) -> None:
    create(store, clock.now_ms())
    send(store, clock.now_ms(), "x" * length)

    (one,) = page(store, clock).messages

    assert (one.message.body, one.body_bytes) == ("x" * length, length)


def test_a_page_of_large_messages_ends_early_and_goes_on(store: Store, clock: ManualClock) -> None:
    """Attributes are never cut."""
    create(store, clock.now_ms())
    large = {"large": MessageAttribute("Binary", binary_value=bytes(500_000))}
    for number in range(5):
        send(store, clock.now_ms(), str(number), attributes=large)
        clock.advance(ms=1)

    first = page(store, clock)

    assert bodies(first) == ["0", "1"]
    assert bodies(walk(store, clock, most=10)) == ["0", "1", "2", "3", "4"]


def test_a_page_passes_over_a_bounded_number_of_others(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "PAGE_LOOKS", 150)
    create(store, clock.now_ms())
    for start in range(0, 400, 10):
        store.messages.send(QUEUE, clock.now_ms(), [outgoing(clock.now_ms(), str(start + more)) for more in range(10)])
    claim(store, clock.now_ms(), most=400)
    send(store, clock.now_ms(), "late", delay_ms=900_000)

    pages, after = 0, None
    while not (found := page(store, clock, state=DELAYED, after=after)).messages:
        pages, after = pages + 1, found.next
    assert (bodies(found), pages) == (["late"], 2)
    assert found.next is None
    assert PAGE_LOOKS == 10_000


def test_a_message_that_cannot_be_read_is_passed_over(
    store: Store, clock: ManualClock, bytes_raw: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    create(store, clock.now_ms())
    garbled, short = (send(store, clock.now_ms(), body) for body in ("garbled", "short"))
    send(store, clock.now_ms(), "fine")
    bytes_raw.hset(keys.messages(QUEUE), garbled, b"%013d\xc1\xff\xdb\xff\xff" % clock.now_ms())
    bytes_raw.hset(keys.messages(QUEUE), short, b"1")

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


def test_a_cursor_is_read_back_from_its_text() -> None:
    for cursor in (Cursor(1_700_000_000_000, 2, str(uuid.uuid4()).encode()), Cursor(0, 0, b"a b%.\x0012")):
        assert Cursor.parse(str(cursor)) == cursor
        assert str(cursor).isprintable()
    for text in ("", "x", "1.2", "-1.0.x", "1.x.y", "²3.0.x"):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
            Cursor.parse(text)


@pytest.mark.parametrize("queue", [QUEUE, FIFO])
def test_one_message_is_shown_whole_by_id_or_the_beginning_of_it(
    store: Store, clock: ManualClock, queue: QueueId
) -> None:
    create(store, clock.now_ms(), queue, ContentBasedDeduplication="true")
    body = "한" * 10_000
    message_id = send(store, clock.now_ms(), body, queue=queue, group_id="a")
    send(store, clock.advance(ms=1), "other", queue=queue, group_id="a")
    claim(store, clock.now_ms(), queue=queue, most=1)

    for beginning in (message_id, message_id[:8], message_id[:13]):
        one = store.views.message(queue, clock.now_ms(), beginning)
        assert (one.message.message_id, one.message.body, one.body_bytes) == (message_id, body, 30_000)
        assert (one.state, one.due_at_ms, one.receive_count) == (LEASED, clock.now_ms() + 30_000, 1)
        assert one.message.sequence_number == ("10000000000000000001" if queue.is_fifo else None)


def test_a_message_without_a_group_and_a_delayed_one_are_found_too(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms())
    create(store, clock.now_ms(), FIFO, DelaySeconds=60)
    (fate,) = fifo.send(store, clock.now_ms(), "a0")
    message_id = send(store, clock.now_ms(), delay_ms=60_000)

    for queue, id_ in ((QUEUE, message_id), (FIFO, fate.message_id)):
        one = store.views.message(queue, clock.now_ms(), id_[:8])
        assert (one.state, one.due_at_ms) == (DELAYED, clock.now_ms() + 60_000)


def test_the_beginning_of_two_ids_or_of_none_is_refused(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms())
    ids = [f"abcd{number}{str(uuid.uuid4())[5:]}" for number in (1, 2)]
    for id_ in ids:
        one = outgoing(clock.now_ms())
        message = type(one.message)(id_, "body", clock.now_ms(), group_id="g" if id_ == ids[0] else None)
        store.messages.send(QUEUE, clock.now_ms(), [type(one)(message, 4, 0)])

    with pytest.raises(UnclearId, match="abcd is ambiguous") as refused:
        store.views.message(QUEUE, clock.now_ms(), "abcd")
    assert all(id_ in str(refused.value) for id_ in ids)
    assert store.views.message(QUEUE, clock.now_ms(), "abcd2").message.message_id == ids[1]
    with pytest.raises(UnclearId, match="work has none whose id is, or begins with, ffff"):
        store.views.message(QUEUE, clock.now_ms(), "ffff")


def test_a_beginning_is_searched_among_a_bounded_number_and_that_is_said(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "SEARCHED", 2)
    create(store, clock.now_ms())
    for _ in range(3):
        last = send(store, clock.now_ms())
        clock.advance(ms=1)

    with pytest.raises(UnclearId, match="the first 2 messages of work have none"):
        store.views.message(QUEUE, clock.now_ms(), last[:35])
    assert store.views.message(QUEUE, clock.now_ms(), last).message.message_id == last


def record(store: Store, clock: ManualClock, queue: QueueId, id_: str) -> Invocation:
    """Record an invocation as a settle does."""
    one = Invocation(
        id=id_,
        queue=queue,
        mapping_uuid="uuid",
        function_arn="arn:aws:lambda:us-east-1:000000000000:function:f",
        outcome=OutcomeKind.SUCCEEDED,
        started_at_ms=clock.now_ms(),
        duration_ms=1,
    )
    store.messages.settle(queue, clock.now_ms(), [], invocation=pack_invocation(one))
    return one


def test_invocations_of_any_queues_are_told_newest_first(store: Store, clock: ManualClock) -> None:
    for queue in (QUEUE, OTHER, FIFO):
        create(store, clock.now_ms(), queue)
    recorded = {queue: [record(store, clock, queue, f"{queue.name}-{i}") for i in range(3)] for queue in (QUEUE, FIFO)}

    assert store.views.invocations([]) == []
    assert store.views.invocations([OTHER]) == []
    assert store.views.invocations([QUEUE]) == recorded[QUEUE][::-1]
    assert store.views.invocations([FIFO, OTHER, QUEUE], most=2) == [*recorded[FIFO][:0:-1], *recorded[QUEUE][:0:-1]]


def test_invocations_of_many_queues_take_few_commands(store: Store, clock: ManualClock, raw: redis.Redis) -> None:
    queues = [QueueId(ACCOUNT, f"q{number}") for number in range(2 * QUEUES_AT_ONCE + 1)]
    create(store, clock.now_ms(), queues[-1])
    one = record(store, clock, queues[-1], "last")
    before: Any = raw.info("commandstats")

    assert store.views.invocations(queues) == [one]

    after: Any = raw.info("commandstats")
    calls = [stats.get("cmdstat_evalsha", {}).get("calls", 0) for stats in (before, after)]
    assert calls[1] - calls[0] <= 4, "three, and one that has to load its script"


def test_a_record_that_cannot_be_read_is_passed_over(
    store: Store, clock: ManualClock, bytes_raw: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    create(store, clock.now_ms())
    one = record(store, clock, QUEUE, "fine")
    bytes_raw.lpush(keys.invocations(QUEUE), b"\xc1")

    assert store.views.invocations([QUEUE]) == [one]
    assert "not the record of an invocation" in caplog.text
