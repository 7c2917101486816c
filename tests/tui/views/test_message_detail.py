"""One message of a queue, whole: whatever its body and its attributes hold."""

import json
import time
from datetime import timedelta, timezone

import pytest

from karin.operations import inspecting
from karin.sqs.message import MessageAttribute
from karin.store.inspect import MessageState, SeenMessage
from karin.tui.times import Now
from karin.tui.views.listing import Section, Subject
from karin.tui.views.messages import MessagesView
from karin.tui.views.text import MOST_SHOWN
from karin.tui.world import OneMessage, World
from tests.tui.views.looking import pairs, texts
from tests.tui.worlds import NOW, NOW_MS, message_id, queue_id, queue_state, seen_message, status_of, with_messages

VIEW = MessagesView(queue_id("orders"))
FIFO_VIEW = MessagesView(queue_id("orders.fifo"))
KEY = message_id(1)


def opened(seen: SeenMessage, queue: str = "orders", **attributes: str) -> World:
    """Return a world in which a message is read whole."""
    status = status_of(queue_state(queue, ready=1, attributes=attributes))
    return World(status=status, message=OneMessage(queue_id(queue), seen.message.message_id, seen))


@pytest.mark.parametrize(
    ("world", "text"),
    [
        (World(), "reading…"),
        (with_messages("orders", seen_message()), "reading…"),
        (World(message=OneMessage(queue_id("orders"), message_id(2), seen_message(2))), "reading…"),
        (World(message=OneMessage(queue_id("mail"), KEY, seen_message())), "reading…"),
        (World(message=OneMessage(queue_id("orders"), KEY, problem="it is gone")), "it is gone"),
    ],
    ids=["nothing", "only listed", "another one is open", "of another queue", "gone"],
)
def test_a_detail_that_is_not_read_still_knows_what_it_is_about(world: World, text: str) -> None:
    found = VIEW.detail(world, KEY, NOW)
    assert found
    assert found.sections == (Section(text),)
    assert found.subject == Subject(KEY, queue_id("orders"), message_id=KEY)
    assert found.raw == ""


def test_a_detail_has_everything_about_a_message() -> None:
    seen = seen_message(
        body='{"price": 1.50, "name": "안녕"}',
        state=MessageState.LEASED,
        due_in_ms=29_000,
        sent_ago_ms=3_600_000,
        tries=2,
        first_received_ago_ms=61_000,
        sender_id="AKIA",
        trace_header="Root=1",
        attributes={
            "colour": MessageAttribute("String", string_value="blue"),
            "raw": MessageAttribute("Binary.png", binary_value=b"\x00\x01"),
        },
    )
    found = VIEW.detail(opened(seen), KEY, NOW)
    assert found
    assert found.title == f"orders: message {KEY}"
    assert [section.title for section in found.sections] == ["", "attributes", "system attributes", "body, 33 bytes"]
    assert dict(found.sections[0].pairs) == {
        "id": KEY,
        "queue": "orders",
        "state": "leased",
        "due": "2023-11-14 22:13:49.000 UTC (in 29s)",
        "tries": "2",
        "sent": "2023-11-14 21:13:20.000 UTC (1h ago)",
        "first received": "2023-11-14 22:12:19.000 UTC (1m ago)",
        "expires": "2023-11-18 21:13:20.000 UTC (in 3d)",
    }
    assert dict(found.sections[1].pairs) == {"colour": "blue (String)", "raw": "2 bytes (Binary.png)"}
    assert dict(found.sections[2].pairs) == inspecting.system_attributes_of(queue_id("orders"), seen)
    assert found.sections[2].pairs[0] == ("ApproximateReceiveCount", "2")
    assert texts(found) == {"body, 33 bytes": '{\n  "price": 1.50,\n  "name": "안녕"\n}'}
    assert found.raw == seen.message.body
    assert found.subject == Subject(KEY, queue_id("orders"), message_id=KEY)


def test_a_fifo_message_tells_its_group_and_its_place() -> None:
    seen = seen_message(due_in_ms=30_000, group_id="a", deduplication_id="d", sequence_number="10000000000000000001")
    found = pairs(FIFO_VIEW.detail(opened(seen, "orders.fifo"), KEY, NOW))
    assert (found["state"], found["group"], found["sequence number"]) == ("behind", "a", "10000000000000000001")
    assert found["MessageDeduplicationId"] == "d"
    assert found["first received"] == "-"


@pytest.mark.parametrize(
    ("queue", "attributes", "retained_from_ms", "text"),
    [
        ("orders", {"MessageRetentionPeriod": "120"}, 0, "in 1m"),
        ("orders", {"MessageRetentionPeriod": "60"}, 0, "now"),
        ("orders", {"MessageRetentionPeriod": "120"}, NOW_MS + 600_000, "in 12m"),
        ("orders.fifo", {"MessageRetentionPeriod": "60", "DelaySeconds": "900"}, 0, "in 15m"),
    ],
    ids=["kept", "over", "delayed beyond", "a queue that delays beyond"],
)
def test_a_detail_tells_when_a_message_expires(
    queue: str, attributes: dict[str, str], retained_from_ms: int, text: str
) -> None:
    seen = seen_message(sent_ago_ms=60_000, retained_from_ms=retained_from_ms)
    found = MessagesView(queue_id(queue)).detail(opened(seen, queue, **attributes), KEY, NOW)
    assert pairs(found)["expires"].endswith(f"({text})")


def test_a_message_of_a_queue_that_is_not_known_has_no_end() -> None:
    world = World(message=OneMessage(queue_id("orders"), KEY, seen_message()))
    assert pairs(VIEW.detail(world, KEY, NOW))["expires"] == "-"


def test_times_of_a_detail_are_those_of_the_person() -> None:
    seoul = Now(NOW_MS, timezone(timedelta(hours=9), "KST"))
    sent = pairs(VIEW.detail(opened(seen_message()), KEY, seoul))["sent"]
    assert sent == "2023-11-15 07:12:20.000 KST = 11-14 22:12:20 UTC (1m ago)"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("no JSON {", "no JSON {"),
        ("two\r\nlines\n\n", "two\nlines"),
        ("\x1b[31mred\x1b[0m\x1b[2J\x07", r"red\x1b[2J\x07"),
        ("\u202eturned", r"\u202eturned"),
        ('{"a": "\x7f\x9b2J"}', '{\n  "a": "\\x7f\\x9b2J"\n}'),
        ("👩‍👩‍👧\ttab", "👩‍👩‍👧\ttab"),
        ('["한", 1e400, 1.50]', '[\n  "한",\n  1e400,\n  1.50\n]'),
        ("[" * 5_000 + "]" * 5_000, "[" * 5_000 + "]" * 5_000),
    ],
    ids=["text", "lines", "controls", "turned", "controls in JSON", "emoji", "numbers", "deep"],
)
def test_a_body_is_shown_as_it_is_and_copied_unchanged(body: str, text: str) -> None:
    found = VIEW.detail(opened(seen_message(body=body)), KEY, NOW)
    assert found
    assert found.sections[-1].text == text
    assert found.raw == body


def test_attributes_command_no_terminal() -> None:
    evil = "\x1b[2J\u202e"
    seen = seen_message(
        trace_header=evil,
        group_id=evil,
        attributes={evil: MessageAttribute(f"String.{evil}", string_value=f"{evil}\nmore")},
    )
    found = VIEW.detail(opened(seen), KEY, NOW)
    assert found
    assert found.sections[1].pairs == ((r"\x1b[2J\u202e", "\\x1b[2J\\u202e\nmore (String.\\x1b[2J\\u202e)"),)
    assert pairs(found)["AWSTraceHeader"] == pairs(found)["group"] == r"\x1b[2J\u202e"


def test_of_a_huge_body_the_beginning_is_shown_and_all_is_copied() -> None:
    body = json.dumps([{"id": number, "name": "안녕"} for number in range(30_000)])
    found = VIEW.detail(opened(seen_message(body=body)), KEY, NOW)
    assert found
    *lines, last = found.sections[-1].text.split("\n")
    assert lines[:3] == ["[", "  {", '    "id": 0,']
    assert len("\n".join(lines)) == MOST_SHOWN
    assert last.endswith(" more characters: y copies the text as it is, all of it")
    assert found.raw == body


def test_a_huge_attribute_is_cut_as_well() -> None:
    attributes = {"a": MessageAttribute("String", string_value="x" * 1_000_000)}
    value = pairs(VIEW.detail(opened(seen_message(attributes=attributes)), KEY, NOW))["a"]
    assert value == "x" * MOST_SHOWN + "\n… 980,009 more characters"


def test_a_huge_body_is_made_fit_once_and_not_each_second() -> None:
    world = opened(seen_message(body=json.dumps([{"id": number} for number in range(60_000)])))
    VIEW.detail(world, KEY, NOW)
    began = time.process_time()
    for second in range(100):
        VIEW.detail(world, KEY, Now(NOW_MS + second * 1_000))
    assert time.process_time() - began < 1
