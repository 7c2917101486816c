"""The functions: how each is deployed, which queues feed it and how its last call went."""

from typing import Any

import pytest

from karin.mapping.model import FunctionUrl
from karin.mapping.outcome import OutcomeKind
from karin.mapping.pause import paused_by_user
from karin.tui.views.functions import FunctionsView
from karin.tui.views.listing import Need, Subject
from karin.tui.world import World
from tests.tui.views.looking import cells, check_view, column, told
from tests.tui.worlds import HOSTILE_MIX, NOW, arn_of, function, invocation, mapping, snapshot, world

VIEW = FunctionsView()
PUBLIC = FunctionUrl("https://abc.lambda-url.us-east-1.on.aws/", "NONE", arn_of("work"))
SIGNED = FunctionUrl("https://def.lambda-url.us-east-1.on.aws/", "AWS_IAM", arn_of("work"))
DEPLOYED = snapshot(
    mapping("jobs"),
    mapping("mails", "mail:live"),
    mapping("orders.fifo", "mail", state="Enabled"),
    functions=(
        function("work", timeout_seconds=30, memory_mb=512, urls=(PUBLIC, SIGNED)),
        function("mail"),
        function("mailer", runtime="", log_group="", urls_read_at_ms=0),
    ),
)


def test_each_function_has_a_row_with_how_it_is_deployed() -> None:
    assert [cells[:7] for cells in cells(VIEW, world(DEPLOYED))] == [
        ["work", "python3.13", "30s", "512 MB", f"{PUBLIC.url} +1", "/aws/lambda/work", "jobs"],
        ["mail", "python3.13", "3s", "128 MB", "-", "/aws/lambda/mail", "mails, orders.fifo"],
        ["mailer", "-", "3s", "128 MB", "not read yet", "-", "-"],
    ]


def test_rows_hold_what_holds_of_every_view() -> None:
    rows = check_view(VIEW, world(DEPLOYED, invocations=(invocation(),)))
    assert [row.subject for row in rows] == [Subject(arn_of(name)) for name in ("work", "mail", "mailer")]
    assert {row.opens for row in rows} == {None}


def test_a_column_of_names_gives_way_and_what_matters_less_is_left_out_below_100_cells() -> None:
    assert [one.title for one in VIEW.columns if one.from_width <= 60] == [
        "NAME",
        "RUNTIME",
        "TIMEOUT",
        "MEMORY",
        "URL",
    ]
    assert [one.title for one in VIEW.columns if one.from_width == 100] == ["LOG GROUP", "QUEUES", "LAST"]


def test_numbers_sort_as_numbers() -> None:
    place = [one.title for one in VIEW.columns].index("MEMORY")
    rows = VIEW.rows(world(DEPLOYED), NOW)
    assert rows
    assert [row.cells[place].order for row in rows] == [512, 128, 128]


@pytest.mark.parametrize(
    ("calls", "last", "style"),
    [
        ((), "-", "dim"),
        (({"ago_ms": 240_000},), "succeeded 4m ago", "green"),
        (({"ago_ms": 9_000}, {"outcome": OutcomeKind.FUNCTION_ERROR, "ago_ms": 2_000}), "failed 2s ago", "red"),
        (({"ago_ms": 9_000, "function": "work:live"},), "succeeded 9s ago", "green"),
        (({"ago_ms": 9_000, "outcome": OutcomeKind.FILTERED},), "-", "dim"),
        (({"ago_ms": 9_000, "function": "workshop"},), "-", "dim"),
    ],
)
def test_the_last_call_is_told_in_words_and_colour(calls: tuple[dict[str, Any], ...], last: str, style: str) -> None:
    seen = world(DEPLOYED, invocations=tuple(invocation(**call) for call in calls))
    rows = VIEW.rows(seen, NOW)
    assert rows
    assert (rows[0].cells[-1].text, rows[0].cells[-1].style) == (last, style)


def test_without_having_read_invocations_no_last_call_is_told() -> None:
    assert column(VIEW, "LAST", world(DEPLOYED)) == ["-", "-", "-"]
    assert VIEW.needs == {Need.INVOCATIONS}


def test_a_detail_tells_every_url_with_who_may_call_it_and_a_line_to_follow_the_log() -> None:
    seen = world(DEPLOYED, pauses={mapping("jobs").uuid: paused_by_user("deploying", NOW.ms)})
    detail = VIEW.detail(seen, arn_of("work"), NOW)
    facts = told(detail)
    assert detail is not None
    assert (detail.title, detail.raw, detail.subject) == ("work", arn_of("work"), Subject(arn_of("work")))
    assert facts["NONE: anyone may call it"] == PUBLIC.url
    assert facts["AWS_IAM: callers sign with IAM"] == SIGNED.url
    assert facts["jobs"].startswith("paused: deploying")
    assert facts["follow it"] == "aws logs tail /aws/lambda/work --follow --region us-east-1"
    assert (facts["timeout"], facts["memory"], facts["arn"]) == ("30 s", "512 MB", arn_of("work"))


@pytest.mark.parametrize(
    ("name", "title", "text"),
    [
        ("mail", "urls", "none, as AWS said now"),
        ("mailer", "urls", "not read yet: s reads them"),
        ("mailer", "queues that feed it", "none: only its own URL, or other services, call it"),
        ("mailer", "log", "AWS told of no log group"),
        ("mailer", "runtime", "none: a container image"),
    ],
)
def test_what_a_function_lacks_is_said(name: str, title: str, text: str) -> None:
    assert told(VIEW.detail(world(DEPLOYED), arn_of(name), NOW))[title] == text


def test_a_mapping_that_is_not_served_says_why_in_the_detail() -> None:
    facts = told(VIEW.detail(world(DEPLOYED), arn_of("mail"), NOW))
    assert facts["mails"] == "yes"
    assert facts["orders.fifo"].startswith("no: AWS polls it")


def test_a_name_that_a_shell_would_take_apart_is_quoted() -> None:
    deployed = snapshot(functions=(function(log_group="a #b"),))
    follow = told(VIEW.detail(world(deployed), arn_of("work"), NOW))["follow it"]
    assert follow == "aws logs tail 'a #b' --follow --region us-east-1"


def test_the_last_call_stands_in_the_detail_with_its_error_made_printable() -> None:
    failed = invocation(outcome=OutcomeKind.FUNCTION_ERROR, ago_ms=1_000, error_type="Oops", error_message=HOSTILE_MIX)
    facts = told(VIEW.detail(world(DEPLOYED, invocations=(failed,)), arn_of("work"), NOW))
    assert facts["last called"] == "2023-11-14 22:13:19.000 UTC (1s ago)"
    assert facts["outcome"] == "failed, 40ms: Oops: red \\x1b]0;title\\x07\\u202eevil next"


def test_a_function_that_is_gone_has_no_detail() -> None:
    assert VIEW.detail(world(DEPLOYED), arn_of("gone"), NOW) is None
    assert VIEW.detail(world(), arn_of("work"), NOW) is None
    assert VIEW.detail(World(), arn_of("work"), NOW) is None


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (world(), "nothing was synced yet: s reads the functions from AWS"),
        (world(snapshot()), "no functions are deployed in us-east-1: s reads them anew"),
    ],
)
def test_without_functions_it_is_said_why_and_what_to_do(seen: World, text: str) -> None:
    assert VIEW.rows(seen, NOW) == []
    assert VIEW.empty(seen) == text


def test_before_anything_is_read_there_are_no_rows_to_speak_of() -> None:
    assert VIEW.rows(World(), NOW) is None
    assert VIEW.empty(World())
    assert VIEW.facts(World()) == ()
    assert VIEW.facts(world(DEPLOYED)) == DEPLOYED.functions
