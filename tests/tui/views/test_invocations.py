"""The last calls of functions, listed and one by one, whatever they came to."""

import json
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len

from karin.mapping.invocation import Invocation, pack_invocation, unpack_invocation
from karin.mapping.outcome import OutcomeKind
from karin.tui.lines.table import table_lines
from karin.tui.views.invocations import InvocationsView
from karin.tui.views.listing import Need, Subject, matches, sort_rows
from karin.tui.world import World
from tests.tui.views.looking import pairs, shown, texts
from tests.tui.worlds import HOSTILE, NOW, NOW_MS, arn_of, invocation, message_id, queue_id

VIEW = InvocationsView()
FAILED = invocation(
    2, OutcomeKind.FUNCTION_ERROR, ago_ms=3_600_000, error_type="ValueError", error_message="no such order"
)


def world_of(*calls: Invocation) -> World:
    """Return a world in which these calls were read, the newest first."""
    return World(invocations=calls)


@pytest.mark.parametrize(
    ("kind", "sign", "colour", "word"),
    [
        (OutcomeKind.SUCCEEDED, "+", "green", "succeeded"),
        (OutcomeKind.FUNCTION_ERROR, "x", "red", "failed"),
        (OutcomeKind.PARTIAL, "!", "yellow", "partial"),
        (OutcomeKind.THROTTLED, "=", "yellow", "throttled"),
        (OutcomeKind.REFUSED, "=", "yellow", "refused"),
        (OutcomeKind.UNKNOWN, "?", "magenta", "unknown"),
        (OutcomeKind.FILTERED, "-", "dim", "filtered"),
    ],
)
def test_every_outcome_has_a_sign_a_colour_and_a_word_that_is_found(
    kind: OutcomeKind, sign: str, colour: str, word: str
) -> None:
    (row,) = VIEW.rows(world_of(invocation(outcome=kind)), NOW) or []
    (cells,) = shown(VIEW, world_of(invocation(outcome=kind)))
    assert (cells[""], cells["OUTCOME"]) == (sign, word)
    assert (row.cells[0].style, row.cells[6].style) == (f"bold {colour}", colour)
    assert matches(row, word.upper())
    assert sign in {one.character for one in VIEW.signs}


def test_no_outcome_is_left_without_a_sign() -> None:
    calls = [invocation(number, kind) for number, kind in enumerate(OutcomeKind)]
    assert len(VIEW.rows(world_of(*calls), NOW) or []) == len(OutcomeKind)


def test_a_row_tells_of_a_call() -> None:
    assert shown(VIEW, world_of(FAILED)) == [
        {
            "": "x",
            "WHEN": "1h ago",
            "AT": "21:13:20",
            "QUEUE": "orders",
            "FUNCTION": "work",
            "MSGS": "2",
            "OUTCOME": "failed",
            "LATE": "12ms",
            "TOOK": "40ms",
            "ERROR": "ValueError: no such order",
            "ID": "00000002",
        }
    ]
    (row,) = VIEW.rows(world_of(FAILED), NOW) or []
    assert row.subject == Subject(FAILED.id, queue_id("orders"), None, "orders-work", FAILED.id)
    assert (row.key, row.opens) == (FAILED.id, None)


def test_rows_keep_their_order_and_sort_by_what_their_texts_mean() -> None:
    calls = (
        invocation(1, ago_ms=2_000, lateness_ms=900, duration_ms=61_000, message_count=10),
        invocation(2, ago_ms=90_000, lateness_ms=4_000, duration_ms=4_000, message_count=9),
        invocation(3, ago_ms=7_200_000, lateness_ms=80, duration_ms=900, message_count=10_000),
    )
    rows = VIEW.rows(world_of(*calls), NOW) or []
    assert [row.key for row in rows] == [one.id for one in calls]
    places = {column.title: place for place, column in enumerate(VIEW.columns)}
    for title, order in (("WHEN", "321"), ("AT", "321"), ("LATE", "312"), ("TOOK", "321"), ("MSGS", "213")):
        found = sort_rows(rows, places[title], descending=False)
        assert [row.cells[-1].text[-1] for row in found] == list(order), title


@pytest.mark.parametrize("kind", HOSTILE)
def test_an_error_is_one_line_that_commands_no_terminal(kind: str) -> None:
    text, line = HOSTILE[kind]
    one = invocation(outcome=OutcomeKind.FUNCTION_ERROR, error_type=text, error_message=text)
    (row,) = shown(VIEW, world_of(one))
    assert row["ERROR"] == f"{line}: {line}"
    found = pairs(VIEW.detail(world_of(one), one.id, NOW))
    assert (found["error type"], found["error message"]) == (line, line)


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_rows_fit_and_show_more_where_there_is_more_room(width: int) -> None:
    calls = [
        invocation(
            number,
            OutcomeKind.THROTTLED,
            ago_ms=59 * 60_000,
            queue=queue_id("q" * 80),
            function=f"{'f' * 64}:{'alias' * 20}",
            error_type="TooManyRequestsException",
            error_message="주문 " * 100,
            message_count=10_000,
            lateness_ms=999,
            duration_ms=999,
        )
        for number in range(9)
    ]
    head, *lines = table_lines(VIEW.columns, VIEW.rows(world_of(*calls), NOW) or [], width)
    assert max(map(cell_len, [head, *lines])) <= width
    titles = head.split()
    assert ("LATE" in titles, "AT" in titles, "ERROR" in titles, "ID" in titles) == (
        width >= 80,
        width >= 100,
        width >= 160,
        width >= 160,
    )
    assert all("throttled" in line for line in lines)


def test_what_is_not_read_yet_is_not_taken_for_empty() -> None:
    assert VIEW.needs == {Need.INVOCATIONS}
    assert VIEW.rows(World(), NOW) is None
    assert VIEW.headline(World(), NOW) == ""
    assert VIEW.detail(World(), "x", NOW) is None
    assert VIEW.facts(World()) == []


def test_without_calls_it_says_how_one_comes_to_be() -> None:
    assert VIEW.rows(world_of(), NOW) == []
    assert VIEW.headline(world_of(), NOW) == ""
    assert VIEW.empty(world_of()) == (
        "no invocations yet: `karin send` to a mapped queue makes one, and so does n on a queue"
    )


@pytest.mark.parametrize(
    ("calls", "text"),
    [
        ((invocation(),), "last 1: 1 succeeded, p50 late 12ms"),
        ((invocation(outcome=OutcomeKind.FILTERED, lateness_ms=0),), "last 1: 1 filtered"),
        (
            (
                *(invocation(number, lateness_ms=number) for number in range(93)),
                *(
                    invocation(number, OutcomeKind.FUNCTION_ERROR, ago_ms=(number - 90) * 3_600_000, lateness_ms=1_500)
                    for number in range(93, 97)
                ),
                *(invocation(number, OutcomeKind.THROTTLED) for number in range(97, 99)),
                invocation(99, OutcomeKind.FILTERED, lateness_ms=0),
            ),
            "last 100: 93 succeeded, 4 failed (last 3h ago), 2 throttled, 1 filtered, p50 late 47ms",
        ),
    ],
    ids=["one", "filtered", "a night"],
)
def test_the_headline_tells_the_story_of_the_night(calls: tuple[Invocation, ...], text: str) -> None:
    assert VIEW.headline(world_of(*calls), NOW) == text


def test_a_detail_has_everything_about_a_call() -> None:
    one = msgspec.structs.replace(
        FAILED,
        filtered_count=1,
        log_tail="START\r\n\x1b[31mred\x07\x1b[0m\n",
        compressed_event=invocation(event=b'{"Records":[{"messageId":"m-1","price":1.50}]}').compressed_event,
    )
    found = VIEW.detail(world_of(invocation(), one), one.id, NOW)
    assert found
    assert found.title == "orders -> work: failed"
    assert [section.title for section in found.sections] == ["", "messages, 2, 1 filtered out", "log tail", "event"]
    assert pairs(found) == {
        "id": one.id,
        "queue": "orders",
        "function": "work",
        "called": "2023-11-14 21:13:20.000 UTC (1h ago)",
        "late": "12ms",
        "outcome": "failed",
        "took": "40ms",
        "error type": "ValueError",
        "error message": "no such order",
        "request id": "request-2",
    }
    assert texts(found) == {
        "messages, 2, 1 filtered out": f"{message_id(1)}  try 1\n{message_id(2)}  try 3",
        "log tail": "START\nred\\x07\n",
        "event": '{\n  "Records": [\n    {\n      "messageId": "m-1",\n      "price": 1.50\n    }\n  ]\n}',
    }
    assert found.raw == '{"Records":[{"messageId":"m-1","price":1.50}]}'
    assert found.subject == Subject(one.id, queue_id("orders"), None, "orders-work", one.id)


def test_a_call_without_an_answer_has_no_request_no_error_and_no_log() -> None:
    one = invocation(outcome=OutcomeKind.UNKNOWN, request_id="", log_tail="")
    found = VIEW.detail(world_of(one), one.id, NOW)
    assert pairs(found)["request id"] == "-"
    assert not {"error type", "error message"} & set(pairs(found))
    assert texts(found)["log tail"] == "-"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (OutcomeKind.SUCCEEDED, "it was too long to be kept"),
        (OutcomeKind.FILTERED, "no message passed the filters, so the function was not called"),
        (OutcomeKind.THROTTLED, "AWS refused the call, and its messages come again in another event"),
    ],
)
def test_an_event_that_was_not_kept_says_why(kind: OutcomeKind, reason: str) -> None:
    one = invocation(outcome=kind, event=b"")
    found = VIEW.detail(world_of(one), one.id, NOW)
    assert found
    assert texts(found)["event"] == f"there is no event of invocation {one.id} to replay: {reason}"
    assert found.raw == ""


def test_a_large_batch_counts_the_messages_whose_ids_were_not_kept() -> None:
    ids = tuple(message_id(number) for number in range(10_000))
    stored = pack_invocation(invocation(message_ids=ids, attempts=(1,) * 10_000, message_count=10_000))
    one = unpack_invocation(stored)
    text = texts(VIEW.detail(world_of(one), one.id, NOW))["messages, 10000"]
    *lines, last = text.split("\n")
    assert lines == [f"{message_id(number)}  try 1" for number in range(len(lines))]
    assert last == f"and {10_000 - len(lines)} more"
    assert len(lines) > 100


def test_an_event_that_is_not_text_is_still_shown() -> None:
    one = invocation(event=b'{"a": "\xff"}')
    found = VIEW.detail(world_of(one), one.id, NOW)
    assert found
    assert texts(found)["event"] == '{\n  "a": "\ufffd"\n}'


def test_facts_are_those_of_the_command() -> None:
    without = invocation(1, event=b"", ago_ms=0)
    facts: Any = VIEW.facts(world_of(without, FAILED))
    first, second = json.loads(msgspec.json.encode(facts))
    assert first == {
        "id": without.id,
        "queue": "orders",
        "account": "000000000000",
        "mapping_uuid": "orders-work",
        "function_arn": arn_of("work"),
        "outcome": "succeeded",
        "started_at_ms": NOW_MS,
        "duration_ms": 40,
        "lateness_ms": 12,
        "request_id": "request-1",
        "message_ids": [message_id(1), message_id(2)],
        "attempts": [1, 3],
        "message_count": 2,
        "filtered_count": 0,
        "error_type": "",
        "error_message": "",
        "log_tail": "START\nEND\n",
        "has_event": False,
    }
    assert (second["outcome"], second["has_event"]) == ("function_error", True)


def test_looking_at_calls_loads_neither_boto3_nor_textual() -> None:
    program = (
        "import sys, karin.tui.views.invocations, karin.tui.views.messages;"
        "print(*sorted({'boto3', 'botocore', 'textual'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
