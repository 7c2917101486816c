"""The messages of a queue, listed and one by one, in every state that they and the queue can be in."""

import json
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len

from karin.store.inspect import MessageState, SeenMessage
from karin.tui.lines.table import table_lines
from karin.tui.views.listing import Need, Subject, matches, sort_rows
from karin.tui.views.messages import MessagesView
from karin.tui.world import World
from tests.tui.views.looking import shown
from tests.tui.worlds import (
    HOSTILE,
    NOW,
    NOW_MS,
    message_id,
    queue_id,
    queue_state,
    seen_message,
    status_of,
    with_messages,
)

VIEW = MessagesView(queue_id("orders"))
FIFO_VIEW = MessagesView(queue_id("orders.fifo"))
KEY = message_id(1)


@pytest.mark.parametrize(
    ("seen", "cells", "sign_style"),
    [
        (
            seen_message(),
            {"": "!", "DUE": "1s ago", "STATE": "ready", "TRIES": "0", "AGE": "1m", "GROUP": "-", "ID": "00000001"},
            "bold yellow",
        ),
        (
            seen_message(2, state=MessageState.LEASED, due_in_ms=29_500, tries=1, first_received_ago_ms=500),
            {"": ">", "DUE": "in 29s", "STATE": "leased", "TRIES": "1", "AGE": "1m", "GROUP": "-", "ID": "00000002"},
            "bold cyan",
        ),
        (
            seen_message(3, state=MessageState.DELAYED, due_in_ms=7_200_000, sent_ago_ms=0),
            {"": "~", "DUE": "in 2h", "STATE": "delayed", "TRIES": "0", "AGE": "0ms", "GROUP": "-", "ID": "00000003"},
            "bold blue",
        ),
        (
            seen_message(4, due_in_ms=0, tries=3, group_id="customer 7"),
            {"": "!", "DUE": "now", "STATE": "ready", "TRIES": "3", "GROUP": "customer 7", "ID": "00000004"},
            "bold yellow",
        ),
        (
            seen_message(5, due_in_ms=30_000, group_id="a"),
            {"": "|", "DUE": "in 30s", "STATE": "behind", "TRIES": "0", "GROUP": "a", "ID": "00000005"},
            "bold dim",
        ),
    ],
    ids=["ready", "leased", "delayed", "tried", "behind"],
)
def test_a_row_tells_when_a_message_is_due_and_in_what_state_it_is(
    seen: SeenMessage, cells: dict[str, str], sign_style: str
) -> None:
    world = with_messages("orders", seen)
    (row,) = shown(VIEW, world)
    assert row | cells == row
    (found,) = VIEW.rows(world, NOW) or []
    assert found.cells[0].style == sign_style
    assert found.cells[0].text in {sign.character for sign in VIEW.signs}
    assert found.subject == Subject(seen.message.message_id, queue_id("orders"), message_id=found.key)
    assert found.opens is None


def test_a_message_that_came_back_is_told_apart_by_its_tries() -> None:
    rows = VIEW.rows(with_messages("orders", *(seen_message(tries, tries=tries) for tries in range(3))), NOW) or []
    assert [(row.cells[3].text, row.cells[3].style) for row in rows] == [("0", ""), ("1", ""), ("2", "yellow")]


def test_rows_keep_the_order_of_the_queue_and_sort_by_what_their_texts_mean() -> None:
    world = with_messages(
        "orders.fifo",
        seen_message(1, due_in_ms=7_200_000, sent_ago_ms=5_000, tries=10),
        seen_message(2, due_in_ms=-10_000, sent_ago_ms=60_000, tries=9),
        seen_message(3, due_in_ms=90_000, sent_ago_ms=7_200_000, tries=0),
    )
    rows = FIFO_VIEW.rows(world, NOW) or []
    assert [row.key for row in rows] == [message_id(1), message_id(2), message_id(3)]
    places = {column.title: place for place, column in enumerate(FIFO_VIEW.columns)}
    for title, order in (("DUE", "231"), ("TRIES", "321"), ("AGE", "123")):
        found = sort_rows(rows, places[title], descending=False)
        assert [row.key for row in found] == [message_id(int(number)) for number in order], title


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_body_is_one_line_that_commands_no_terminal(kind: str) -> None:
    text, line = HOSTILE[kind]
    (row,) = shown(VIEW, with_messages("orders", seen_message(body=text, group_id=text)))
    assert (row["BODY"], row["GROUP"]) == (line, line)


def test_a_body_that_was_cut_says_so() -> None:
    whole, cut = shown(
        VIEW, with_messages("orders", seen_message(1, "안녕"), seen_message(2, "안녕", body_bytes=1_048_576))
    )
    assert (whole["BODY"], cut["BODY"]) == ("안녕", "안녕…")


@pytest.mark.parametrize("width", [60, 80, 160])
def test_rows_fit_and_show_more_where_there_is_more_room(width: int) -> None:
    world = with_messages(
        "orders", *(seen_message(number, HOSTILE["wide"][0] * 50, group_id="g" * 128) for number in range(12))
    )
    head, *lines = table_lines(VIEW.columns, VIEW.rows(world, NOW) or [], width)
    assert max(map(cell_len, [head, *lines])) <= width
    assert ("AGE" in head, "GROUP" in head) == (width >= 80, width >= 160)
    assert "주문 확인" in lines[0]


@pytest.mark.parametrize(
    ("world", "text"),
    [
        (with_messages("orders"), "no messages in orders: `karin send orders BODY` sends one, and so does n"),
        (with_messages("orders", problem="there is no queue orders any more"), "there is no queue orders any more"),
        (with_messages("orders", has_more=True), "the first messages of orders cannot be shown; others follow"),
    ],
    ids=["empty", "gone", "unreadable"],
)
def test_without_rows_it_says_why_and_what_to_do(world: World, text: str) -> None:
    assert VIEW.rows(world, NOW) == []
    assert VIEW.empty(world) == text


@pytest.mark.parametrize("world", [World(), with_messages("mail", seen_message())], ids=["nothing", "another queue"])
def test_what_is_not_read_yet_is_not_taken_for_empty(world: World) -> None:
    assert VIEW.needs == {Need.MESSAGES}
    assert VIEW.rows(world, NOW) is None
    assert VIEW.facts(world) == {"messages": [], "has_more": False}


def policy(target: str, tries: int) -> dict[str, str]:
    """Return the attribute that names a dead-letter queue."""
    arn = queue_id(target).arn("us-east-1")
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": tries})}


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({}, "kept 4d, leased 30s"),
        ({"MessageRetentionPeriod": "5400", "VisibilityTimeout": "0"}, "kept 90m, leased 0s"),
        ({"MessageRetentionPeriod": "86460", "VisibilityTimeout": "43200"}, "kept 1441m, leased 12h"),
        (policy("dead", 3), "kept 4d, leased 30s; 3 tries, then dead"),
        (policy("dead", 1), "kept 4d, leased 30s; 1 try, then dead"),
        (policy("nowhere", 5), "kept 4d, leased 30s; 5 tries, then nowhere, which is gone"),
        (policy("orders", 5), "kept 4d, leased 30s"),
    ],
    ids=["defaults", "minutes", "odd", "dead letters", "one try", "gone", "itself"],
)
def test_the_headline_tells_the_counts_and_what_the_queue_does(attributes: dict[str, str], text: str) -> None:
    orders = queue_state("orders", ready=3, delayed=2, leased=1, attributes=attributes)
    world = with_messages("orders", status=status_of(queue_state("dead"), orders))
    assert VIEW.headline(world, NOW) == f"orders: 3 ready, 2 delayed, 1 in flight; {text}"


def test_the_headline_tells_when_only_the_first_messages_are_shown() -> None:
    some = [seen_message(number) for number in range(200)]
    world = with_messages("orders", *some, status=status_of(queue_state("orders", ready=201)), has_more=True)
    assert VIEW.headline(world, NOW).startswith("orders, first 200: 201 ready, ")


def test_the_headline_of_a_queue_that_is_not_known_is_its_name() -> None:
    assert VIEW.headline(World(), NOW) == "orders"
    assert VIEW.headline(World(status=status_of(queue_state("mail"))), NOW) == "orders"


def test_facts_are_those_of_the_command() -> None:
    seen = seen_message(state=MessageState.LEASED, due_in_ms=5_000, tries=1, first_received_ago_ms=9, group_id="a")
    facts: Any = VIEW.facts(with_messages("orders", seen, has_more=True))
    assert json.loads(msgspec.json.encode(facts)) == {
        "messages": [
            {
                "message_id": KEY,
                "state": "leased",
                "due_at_ms": NOW_MS + 5_000,
                "receive_count": 1,
                "first_received_at_ms": NOW_MS - 9,
                "sent_at_ms": NOW_MS - 60_000,
                "group_id": "a",
                "sequence_number": None,
                "body_bytes": 5,
                "body_preview": "hello",
            }
        ],
        "has_more": True,
    }


def test_rows_are_found_by_their_state_and_their_text() -> None:
    world = with_messages("orders", seen_message(1, "red"), seen_message(2, "blue", MessageState.DELAYED))
    rows = VIEW.rows(world, NOW) or []
    for text, numbers in (("BLUE", [2]), ("!blue", [1]), ("delayed", [2]), ("00000001", [1]), ("e", [1, 2])):
        assert [row.key for row in rows if matches(row, text)] == [message_id(number) for number in numbers], text
