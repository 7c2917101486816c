"""Rows as lines: aligned, numbered, no wider than there is room for."""

import pytest
from rich.cells import cell_len

from karin.tui.lines.table import numbered_lines
from karin.tui.views.fitting import cut, shorten
from karin.tui.views.listing import Cell, Column, Row

COLUMNS = (
    Column(" "),
    Column("QUEUE", is_flexible=True),
    Column("READY", is_number=True),
    Column("LATE", from_width=100),
)


def row(name: str, ready: int = 0) -> Row:
    return Row(name, (Cell("!"), Cell(name), Cell(str(ready)), Cell("late")))


def test_names_stand_left_and_numbers_right_behind_the_number_of_their_row() -> None:
    assert numbered_lines(COLUMNS, [row("orders", 3), row("mail", 12)], 80) == [
        "#     QUEUE   READY",
        "1  !  orders      3",
        "2  !  mail       12",
    ]


def test_numbers_of_rows_can_begin_later_and_get_the_room_they_need() -> None:
    lines = numbered_lines(COLUMNS, [row("a"), row("b")], 80, first=99)
    assert [line[:3] for line in lines] == ["  #", " 99", "100"]


def test_wide_characters_keep_their_columns() -> None:
    lines = numbered_lines(COLUMNS, [row("주문-대기열", 1), row("orders", 1)], 80)
    assert [cell_len(line) for line in lines] == [cell_len(lines[0])] * 3


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 160])
def test_lines_are_no_wider_than_there_is_room(width: int) -> None:
    lines = numbered_lines(COLUMNS, [row("주문" * 60, 1), row("q" * 200, 20)], width)
    assert max(map(cell_len, lines)) <= max(width, 31)  # 31: what the columns need that do not give way, and 8 cells


def test_columns_for_wider_terminals_are_left_out() -> None:
    assert "LATE" not in numbered_lines(COLUMNS, [row("a")], 99)[0]
    assert "LATE" in numbered_lines(COLUMNS, [row("a")], 100)[0]


def test_what_would_command_a_terminal_or_break_a_line_is_written_out() -> None:
    lines = numbered_lines(COLUMNS, [row("two\nlines \x1b[2J\x9b1m")], 80)
    assert len(lines) == 2
    assert r"two lines \x1b[2J\x9b1m" in lines[1]


@pytest.mark.parametrize("text", ["plain", "한국어 메시지입니다", "e\u0301" * 20, "😀" * 9, "a한" * 9])
def test_texts_are_shortened_by_the_cells_they_take(text: str) -> None:
    for width in range(1, 40):
        for shortened in (cut(text, width), shorten(text, width)):
            assert cell_len(shortened) <= width
            assert shortened == text or "…" in shortened
