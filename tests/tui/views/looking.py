"""How tests look at a view: its rows and details as texts, and what holds of every view."""

from collections.abc import Sequence

import msgspec
from rich.cells import cell_len

from karin.tui.times import Now
from karin.tui.views.fitting import fit
from karin.tui.views.listing import Detail, Row, View
from karin.tui.world import World
from tests.tui.worlds import NOW

ROOMS = (60, 80, 160)  # cells


def cells(view: View, seen: World, now: Now = NOW) -> list[list[str]]:
    """Return the texts of all cells, row by row."""
    rows = view.rows(seen, now)
    assert rows is not None
    return [[cell.text for cell in row.cells] for row in rows]


def shown(view: View, seen: World, now: Now = NOW) -> list[dict[str, str]]:
    """Return each row as its texts by the titles of their columns; the sign's is empty."""
    titles = [column.title.strip() for column in view.columns]
    return [dict(zip(titles, row, strict=True)) for row in cells(view, seen, now)]


def column(view: View, title: str, seen: World, now: Now = NOW) -> list[str]:
    """Return the texts of one column."""
    return [row[title] for row in shown(view, seen, now)]


def pairs(detail: Detail | None) -> dict[str, str]:
    """Return a detail's values by their labels."""
    return {label: value for section in detail.sections for label, value in section.pairs} if detail else {}


def texts(detail: Detail | None) -> dict[str, str]:
    """Return a detail's texts of many lines by the titles of their sections."""
    return {section.title: section.text for section in detail.sections if section.text} if detail else {}


def told(detail: Detail | None) -> dict[str, str]:
    """Return all that a detail tells, by label or by title; there must be one."""
    assert detail is not None
    return pairs(detail) | texts(detail)


def check_view(view: View, seen: World) -> list[Row]:
    """Check what holds of every view's rows; return them."""
    rows = view.rows(seen, NOW)
    assert rows
    assert len({row.key for row in rows}) == len(rows), "a key is one row's"
    assert view.rows(seen, NOW) == rows, "the same world and instant make the same rows"
    for row in rows:
        assert len(row.cells) == len(view.columns)
        for cell in row.cells:
            assert "\n" not in cell.text
            assert cell.text == "".join(letter for letter in cell.text if letter.isprintable())
    for room in ROOMS:
        _check_room(view, rows, room)
    assert msgspec.json.encode(view.facts(seen)), "an export is JSON"
    return list(rows)


def _check_room(view: View, rows: Sequence[Row], room: int) -> None:
    shown = [(place, one) for place, one in enumerate(view.columns) if one.from_width <= room]
    wanted = [max(cell_len(one.title), *(cell_len(row.cells[place].text) for row in rows)) for place, one in shown]
    widths = fit([one for _, one in shown], wanted, room)
    assert sum(widths) + 2 * (len(widths) - 1) <= room, f"{view.name} does not fit {room} cells"
