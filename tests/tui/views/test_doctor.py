"""The doctor's findings as rows, and what stands above them while it looks and when it cannot."""

import pytest

from karin.doctor.findings import note, problem
from karin.tui.views.doctor import LOOKING, NEVER_LOOKED, DoctorView
from karin.tui.views.listing import Subject
from karin.tui.world import Examination, World
from tests.tui.views.looking import cells, check_view, told
from tests.tui.worlds import HOSTILE_MIX, NOW

VIEW = DoctorView()
EVICTION = problem("eviction", "store", "its policy is allkeys-lru", why="It drops queues.", fix="Set noeviction.")
OVERDUE = note("overdue", "queue jobs", "3 messages wait", why="Nobody takes them.", fix="See `karin queues`.")
FOUR_MINUTES_AGO = NOW.ms - 240_000


def examined(*findings: object, is_running: bool = False, said: str = "") -> World:
    """Return a world in which the doctor looked four minutes ago."""
    return World(examination=Examination(is_running, FOUR_MINUTES_AGO, findings, said))  # type: ignore[arg-type]


def test_each_finding_has_a_row_with_sign_and_colour() -> None:
    seen = examined(EVICTION, OVERDUE)
    assert cells(VIEW, seen) == [
        ["x", "store", "its policy is allkeys-lru"],
        ["!", "queue jobs", "3 messages wait"],
    ]
    rows = check_view(VIEW, seen)
    assert [row.cells[0].style for row in rows] == ["bold red", "bold yellow"]
    assert rows[0].subject == Subject("store: its policy is allkeys-lru")


def test_two_findings_of_one_kind_have_keys_of_their_own_that_another_look_gives_again() -> None:
    rows = check_view(VIEW, examined(OVERDUE, EVICTION, OVERDUE))
    again = check_view(VIEW, examined(EVICTION, OVERDUE))
    assert rows[1].key == again[0].key
    assert rows[0].key == again[1].key


@pytest.mark.parametrize(
    ("seen", "headline"),
    [
        (World(), ""),
        (examined(is_running=True), LOOKING),
        (examined(EVICTION, is_running=True), LOOKING),
        (examined(), "looked 4m ago; ctrl+r looks again"),
        (examined(EVICTION, OVERDUE, OVERDUE), "1 problem, 2 notes, looked 4m ago; ctrl+r looks again"),
        (examined(EVICTION, EVICTION), "2 problems, 0 notes, looked 4m ago; ctrl+r looks again"),
        (examined(said="no\nmemory"), "looked 4m ago; ctrl+r looks again; no memory"),
    ],
)
def test_the_headline_says_what_was_found_and_when(seen: World, headline: str) -> None:
    assert VIEW.headline(seen, NOW) == headline


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (World(), NEVER_LOOKED),
        (examined(), "nothing is wrong"),
        (examined(said="no memory"), "the doctor could not look, so nobody knows"),
    ],
)
def test_without_findings_it_is_said_why(seen: World, text: str) -> None:
    assert VIEW.rows(seen, NOW) == []
    assert VIEW.empty(seen) == text


def test_while_the_doctor_looks_the_last_findings_stay_and_the_first_time_there_are_no_rows_yet() -> None:
    assert VIEW.rows(examined(is_running=True), NOW) is None
    assert cells(VIEW, examined(OVERDUE, is_running=True)) == [["!", "queue jobs", "3 messages wait"]]


def test_a_detail_says_what_why_and_what_to_do() -> None:
    seen = examined(EVICTION, OVERDUE)
    (first, _) = check_view(VIEW, seen)
    detail = VIEW.detail(seen, first.key, NOW)
    assert detail is not None
    assert (detail.title, detail.raw) == ("problem: store", "Set noeviction.")
    assert told(detail) == {
        "what": "its policy is allkeys-lru", "why it matters": "It drops queues.", "what to do": "Set noeviction.",
        "in scripts": "eviction",
    }  # fmt: skip
    assert VIEW.detail(seen, "gone", NOW) is None
    assert VIEW.detail(World(), first.key, NOW) is None


def test_what_comes_from_outside_is_made_printable() -> None:
    seen = examined(problem("store-quota", HOSTILE_MIX, HOSTILE_MIX, why=HOSTILE_MIX, fix="None."))
    (row,) = check_view(VIEW, seen)
    facts = told(VIEW.detail(seen, row.key, NOW))
    assert facts["what"] == facts["why it matters"] == "red \\x1b]0;title\\x07\\u202eevil\nnext"


def test_an_export_is_the_whole_examination() -> None:
    seen = examined(EVICTION)
    assert VIEW.facts(seen) == seen.examination
    assert VIEW.facts(World()) is None
