"""Rows as lines, in columns that fit a width."""

import re
from collections.abc import Sequence

from rich.cells import cell_len

from karin.tui.views.fitting import GAP, fit, fitted
from karin.tui.views.listing import Cell, Column, Row
from karin.tui.views.text import one_line, printable

NUMBER = Column("#", is_number=True)


def numbered_lines(columns: Sequence[Column], rows: Sequence[Row], width: int, first: int = 1) -> list[str]:
    """Return the lines of a table whose rows are numbered from ``first`` on."""
    numbers = (Cell(str(number)) for number in range(first, first + len(rows)))
    numbered = [Row(row.key, (number, *row.cells)) for number, row in zip(numbers, rows, strict=True)]
    return table_lines([NUMBER, *columns], numbered, width)


def table_lines(columns: Sequence[Column], rows: Sequence[Row], width: int) -> list[str]:
    """Return a line of titles and one for each row, of ``width`` cells at most; columns for more cells are left out.

    They are longer only where the columns that do not give way need more.
    """
    places = [place for place, column in enumerate(columns) if column.from_width <= width]
    shown = [columns[place] for place in places]
    table = [
        [column.title for column in shown],
        *([_in_a_cell(row.cells[place].text) for place in places] for row in rows),
    ]
    widths = fit(shown, [max(map(cell_len, texts)) for texts in zip(*table, strict=True)], width)
    return [(" " * GAP).join(map(fitted, shown, texts, widths)).rstrip() for texts in table]


def _in_a_cell(text: str) -> str:
    """Return a text that takes one line; where it is one, its spaces stay: the indentation of a log means something."""
    return one_line(text) if re.search(r"[\t-\r]", text) else printable(text)
