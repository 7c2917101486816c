"""The log: each line with time, level and origin, and nothing in it that would command a terminal."""

import pytest

from karin.tui.views.listing import Need, Subject, matches
from karin.tui.views.logs import LogsView
from karin.tui.world import LogLine, World
from tests.tui.views.looking import cells, check_view, column, told
from tests.tui.worlds import HOSTILE_MIX
from tests.tui.worlds import NOW_IN_SEOUL as NOW

VIEW = LogsView()
GUNICORN = "[2026-11-22 21:25:09 +0000] [20066] [ERROR] Worker (pid:20067) was sent SIGKILL!"
VALKEY = "20788:M 22 Nov 2026 21:25:20.668 # Valkey is now ready to exit"
LINES = (
    LogLine(NOW.ms - 86_400_000, "karin", "INFO", "karin is up: SQS endpoint http://127.0.0.1:4000"),
    LogLine(NOW.ms - 3_000, "scheduler", "WARNING", "WARNING cannot read the mappings: denied"),
    LogLine(NOW.ms - 2_000, "endpoint", "ERROR", GUNICORN),
    LogLine(NOW.ms - 2_000, "endpoint", "ERROR", '\tFile "app.py", line 3'),
    LogLine(NOW.ms - 1_000, "store", "WARNING", VALKEY),
    LogLine(NOW.ms, "scheduler", "CRITICAL", "CRITICAL gone"),
    LogLine(NOW.ms, "scheduler", "DEBUG", "DEBUG detail"),
)
SEEN = World(logs=LINES)


def test_each_line_has_a_row_oldest_first_without_what_the_columns_tell() -> None:
    assert cells(VIEW, SEEN, NOW) == [
        ["Nov 14 07:13", "INFO", "karin", "karin is up: SQS endpoint http://127.0.0.1:4000"],
        ["07:13:17", "WARNING", "scheduler", "cannot read the mappings: denied"],
        ["07:13:18", "ERROR", "endpoint", "Worker (pid:20067) was sent SIGKILL!"],
        ["07:13:18", "ERROR", "endpoint", '    File "app.py", line 3'],
        ["07:13:19", "WARNING", "store", "Valkey is now ready to exit"],
        ["07:13:20", "CRITICAL", "scheduler", "gone"],
        ["07:13:20", "DEBUG", "scheduler", "detail"],
    ]
    assert VIEW.follows_end
    assert VIEW.needs == {Need.LOGS}


def test_rows_hold_what_holds_of_every_view() -> None:
    rows = check_view(VIEW, SEEN)
    assert [row.subject for row in rows] == [Subject(line.text) for line in LINES]


def test_rows_are_made_anew_for_new_lines_and_on_a_new_day_only() -> None:
    view = LogsView()
    before = view.rows(SEEN, NOW)
    added = LogLine(NOW.ms + 1_000, "store", "INFO", "one more")
    after = view.rows(World(logs=(*LINES[1:], added)), NOW._replace(ms=NOW.ms + 2_000))
    assert before
    assert after
    assert [row.key for row in after[:-1]] == [row.key for row in before[1:]]
    assert all(one is other for one, other in zip(after[:-1], before[1:], strict=True))
    assert after[-1].cells[3].text == "one more"
    tomorrow = view.rows(SEEN, NOW._replace(ms=NOW.ms + 86_400_000))
    assert tomorrow
    assert tomorrow[1].cells[0].text == "Nov 15 07:13"


def test_a_level_is_told_by_its_first_letter_and_by_colour() -> None:
    rows = VIEW.rows(SEEN, NOW)
    assert rows
    styles = {row.cells[1].text: row.cells[1].style for row in rows}
    assert styles == {
        "INFO": "", "WARNING": "bold yellow", "ERROR": "bold red", "CRITICAL": "bold bold red", "DEBUG": "dim",
    }  # fmt: skip
    assert {text[0] for text in styles} == {sign.character for sign in VIEW.signs}


@pytest.mark.parametrize(
    ("text", "count"), [("warning", 2), ("error", 2), ("!info", 6), ("store", 1), ("mappings", 1), ("critical", 1)]
)
def test_a_filter_finds_levels_and_origins_by_their_words(text: str, count: int) -> None:
    rows = VIEW.rows(SEEN, NOW)
    assert rows
    assert sum(matches(row, text) for row in rows) == count


def test_a_line_keeps_its_key_while_older_ones_go_and_newer_ones_come() -> None:
    def keys(lines: tuple[LogLine, ...]) -> list[str]:
        return [row.key for row in VIEW.rows(World(logs=lines), NOW) or ()]

    newer = LogLine(NOW.ms, "store", "INFO", "new")
    assert keys(LINES)[2:] == keys((*LINES[2:], newer))[:-1]


def test_a_detail_has_the_whole_line_as_it_was_written() -> None:
    rows = VIEW.rows(SEEN, NOW)
    assert rows
    detail = VIEW.detail(SEEN, rows[2].key, NOW)
    assert detail is not None
    assert (detail.raw, detail.subject) == (GUNICORN, Subject(GUNICORN))
    assert told(detail) == {
        "time": "2023-11-15 07:13:18.000 KST = 11-14 22:13:18 UTC (2s ago)", "from": "endpoint", "level": "ERROR",
        "text": GUNICORN,
    }  # fmt: skip
    assert VIEW.detail(SEEN, "gone", NOW) is None
    assert VIEW.detail(World(), rows[2].key, NOW) is None


def test_what_would_command_a_terminal_is_written_out() -> None:
    seen = World(logs=(LogLine(NOW.ms, "endpoint", "INFO", HOSTILE_MIX.replace("\n", " ")),))
    assert column(VIEW, "TEXT", seen, NOW) == ["red \\x1b]0;title\\x07\\u202eevil next"]
    (row,) = check_view(VIEW, seen)
    assert "\x1b" not in told(VIEW.detail(seen, row.key, NOW))["text"]


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (World(logs=(), logs_problem="no log is here"), "no log is here"),
        (World(logs=()), "nothing was logged yet: karin writes when it starts, warns or fails"),
    ],
)
def test_without_lines_it_is_said_why(seen: World, text: str) -> None:
    assert VIEW.rows(seen, NOW) == []
    assert VIEW.empty(seen) == text


def test_before_the_log_is_read_there_are_no_rows() -> None:
    assert VIEW.rows(World(), NOW) is None
    assert VIEW.facts(World()) == ()
    assert VIEW.facts(SEEN) == LINES
