"""Looking at queues a page at a time: where a page ends and the next goes on, and how large one may be."""

import uuid

import pytest

from karin.sqs.message import MessageAttribute
from karin.store import inspect
from karin.store.inspect import PAGE_LOOKS, PREVIEW_BYTES, Cursor
from karin.store.messages import Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.looking import DELAYED, bodies, page, walk
from tests.store.support import QUEUE, claim, create, outgoing, send, settlement


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


def test_a_cursor_is_read_back_from_its_text() -> None:
    for cursor in (Cursor(1_700_000_000_000, 2, str(uuid.uuid4()).encode()), Cursor(0, 0, b"a b%.\x0012")):
        assert Cursor.parse(str(cursor)) == cursor
        assert str(cursor).isprintable()
    for text in ("", "x", "1.2", "-1.0.x", "1.x.y", "²3.0.x"):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
            Cursor.parse(text)
