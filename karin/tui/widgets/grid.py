"""A table of rows with one cursor: columns that fit the width, and only lines that changed are drawn again.

Over SSH every byte is seen: a table that redraws itself each second because one time in it changed would flicker.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

GAP = 2  # cells between two columns
LEAST_WIDTH = 8  # of a column that gives way
CURSOR = Style(reverse=True)  # in every theme, in 16 colours and in none


class Column(NamedTuple):
    """A column; a flexible one gives way when the terminal is narrow: a name in its middle, a sentence at its end."""

    title: str
    is_number: bool = False
    is_flexible: bool = False
    is_sentence: bool = False


class Cell(NamedTuple):
    """A text and its Rich style."""

    text: str
    style: str = ""


class Row(NamedTuple):
    """A row; the cursor stays with its ``key`` when rows come and go."""

    key: str
    cells: tuple[Cell, ...]


class Grid(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows rows under a header."""

    DEFAULT_CSS = """
    Grid { height: 1fr; overflow-x: hidden; background: transparent; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "next row", show=False),
        Binding("k,up", "move(-1)", "row before", show=False),
        Binding("g,home", "move_to_end(False)", "first row", show=False),
        Binding("G,end", "move_to_end(True)", "last row", show=False),
        Binding("ctrl+d,pagedown", "move_page(1)", "page down", show=False),
        Binding("ctrl+u,pageup", "move_page(-1)", "page up", show=False),
    ]
    cursor: reactive[int] = reactive(0, repaint=False)

    def __init__(self, columns: Sequence[Column], *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._rows: tuple[Row, ...] = ()
        self._widths = [cell_len(column.title) for column in columns]

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return what is shown."""
        return self._rows

    @property
    def selected(self) -> Row | None:
        """Return the row under the cursor."""
        return self._rows[self.cursor] if self._rows else None

    def show(self, rows: Sequence[Row]) -> None:
        """Replace the rows; draw again what differs."""
        before, selected = self._rows, self.selected
        self._rows = tuple(rows)
        widths = self._fit()
        if widths != self._widths or len(before) != len(self._rows):
            self._widths = widths
            self.virtual_size = Size(self.size.width, len(self._rows) + 1)
            self.refresh()
        else:
            for index, (old, new) in enumerate(zip(before, self._rows, strict=True)):
                if old != new:
                    self._refresh_row(index)
        place = next((i for i, row in enumerate(self._rows) if selected and row.key == selected.key), self.cursor)
        self.cursor = max(0, min(place, len(self._rows) - 1))

    def watch_cursor(self, before: int, now: int) -> None:
        """Move the bar, and the view after it."""
        self._refresh_row(before)
        self._refresh_row(now)
        height = self.size.height - 1  # below the header
        if now < self.scroll_offset.y:
            self.scroll_to(y=now, animate=False)
        elif height > 0 and now >= self.scroll_offset.y + height:
            self.scroll_to(y=now - height + 1, animate=False)

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self.cursor = max(0, min(self.cursor + rows, len(self._rows) - 1))

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by some pages."""
        self.action_move(pages * max(1, self.size.height - 2))

    def action_move_to_end(self, last: bool) -> None:
        """Move the cursor to the first or the last row."""
        self.action_move(len(self._rows) if last else -len(self._rows))

    def on_resize(self) -> None:
        """Fit the columns to the new width."""
        self._widths = self._fit()
        self.virtual_size = Size(self.size.width, len(self._rows) + 1)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line: the header stays, rows scroll."""
        width, base = self.size.width, self.rich_style
        index = y - 1 + self.scroll_offset.y
        if y == 0:
            titles = [Cell(column.title, "bold") for column in self._columns]
            strip = self._strip(titles, base)
        elif index < len(self._rows):
            is_selected = index == self.cursor
            strip = self._strip(self._rows[index].cells, base, CURSOR if is_selected else None)
        else:
            return Strip.blank(width, base)
        return strip.adjust_cell_length(width, base)

    def _strip(self, cells: Sequence[Cell], base: Style, over: Style | None = None) -> Strip:
        # Under the cursor a row has one look: mixed colours in a reversed bar are hard to read.
        ground = base + over if over else base
        segments = [Segment(" ", ground)]
        for column, cell, width in zip(self._columns, cells, self._widths, strict=True):
            text = (cut if column.is_sentence else shorten)(cell.text, width)
            padding = " " * (width - cell_len(text))
            style = ground if over else base + Style.parse(cell.style)
            segments.append(Segment(padding + text if column.is_number else text + padding, style))
            segments.append(Segment(" " * GAP, ground))
        strip = Strip(segments)
        return strip.extend_cell_length(self.size.width, ground) if over else strip

    def _fit(self) -> list[int]:
        """Return each column's width: what it needs; where that is too much, the widest flexible one gives way."""
        widths = [
            max([cell_len(column.title), *(cell_len(row.cells[place].text) for row in self._rows)])
            for place, column in enumerate(self._columns)
        ]
        flexible = [place for place, column in enumerate(self._columns) if column.is_flexible]
        excess = 1 + sum(widths) + GAP * (len(widths) - 1) - self.size.width
        while excess > 0 and flexible:
            widest = max(flexible, key=lambda place: widths[place])
            if widths[widest] <= LEAST_WIDTH:
                break
            widths[widest] -= 1
            excess -= 1
        return widths

    def _refresh_row(self, index: int) -> None:
        self.refresh(Region(0, index - self.scroll_offset.y + 1, self.size.width, 1))


def cut(text: str, width: int) -> str:
    """Return the start of a text, as much as fits."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def shorten(text: str, width: int) -> str:
    """Return a text that fits: names that start alike differ in the end, so the middle is left out."""
    if cell_len(text) <= width or width < LEAST_WIDTH:
        return cut(text, width)
    tail = (width - 1) // 2
    return f"{set_cell_size(text, width - 1 - tail)}…{text[-tail:]}"
