"""The last call of a mapping and of a function, as lists and details tell it."""

import pytest

from karin.mapping.outcome import OutcomeKind
from karin.tui.views.last_call import last_cell, last_pairs, newest
from karin.tui.views.mappings import MappingsView
from tests.tui.views.looking import column, told
from tests.tui.worlds import NOW, invocation, mapping, snapshot, world

MAIL = mapping("mail", "sendMail")


def test_the_newest_call_counts_and_what_was_filtered_out_is_none() -> None:
    calls = [
        invocation(1, ago_ms=3_000),
        invocation(2, ago_ms=2_000),
        invocation(3, OutcomeKind.FILTERED, ago_ms=1_000),
    ]
    assert newest(calls) is calls[1]
    assert newest(calls[2:]) is None


@pytest.mark.parametrize(
    ("outcome", "text", "style"),
    [(OutcomeKind.SUCCEEDED, "succeeded 2s ago", "green"), (OutcomeKind.FUNCTION_ERROR, "failed 2s ago", "red")],
)
def test_a_cell_says_how_and_when(outcome: OutcomeKind, text: str, style: str) -> None:
    last = invocation(1, outcome, ago_ms=2_000)
    assert last_cell(last, NOW)[:2] == (text, style)


def test_without_a_call_nothing_is_told() -> None:
    assert last_cell(None, NOW).text == "-"
    assert last_pairs(None, NOW) == ()


def test_a_mapping_tells_of_its_own_calls_alone() -> None:
    own = invocation(1, OutcomeKind.FUNCTION_ERROR, mapping_uuid=MAIL.uuid, ago_ms=2_000)
    other = invocation(2, mapping_uuid="another", ago_ms=0)
    seen = world(snapshot(MAIL), invocations=(other, own))
    assert column(MappingsView(), "LAST", seen) == ["failed 2s ago"]
    assert told(MappingsView().detail(seen, MAIL.uuid, NOW))["outcome"].startswith("failed")
