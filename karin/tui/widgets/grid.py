"""A table of rows with one cursor: columns that fit the width, and only cells that changed are drawn again.

Over SSH every byte is seen: a table that redraws itself each second because one time in it changed would flicker.
"""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from karin.tui.views.fitting import GAP, cells, fit, fitted
from karin.tui.views.listing import Cell, Column, Row

MARGIN = 1  # cells before the first column; behind the last one is the scrollbar's
WHEEL_ROWS = 3
CURSOR = Style(reverse=True)  # in every theme, in 16 colours and in none


class Grid(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows rows under a header."""

    DEFAULT_CSS = """
    Grid { height: 1fr; overflow-x: hidden; scrollbar-gutter: stable; background: transparent; }
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

    class Moved(Message):
        """The cursor is on another row."""

    class Chosen(Message):
        """The row under the cursor was clicked, which a double click does as well."""

    class TitleClicked(Message):
        """A title was clicked; ``place`` is its column's, among all of the view."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self) -> None:
        super().__init__()
        self._all_columns: tuple[Column, ...] = ()
        self._places: list[int] = []  # of the columns that there is room for
        self._columns: list[Column] = []
        self._rows: tuple[Row, ...] = ()
        self._widths: list[int] = []
        self._marked: tuple[int, str] | None = None  # the column that is sorted by, and the sign of its direction

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return what is shown."""
        return self._rows

    @property
    def places(self) -> Sequence[int]:
        """Return which columns are shown."""
        return self._places

    @property
    def is_at_end(self) -> bool:
        """Tell whether the cursor is on the last row, or there is none."""
        return self.cursor >= len(self._rows) - 1

    @property
    def selected(self) -> Row | None:
        """Return the row under the cursor."""
        return self._rows[self.cursor] if self._rows else None

    def shape(self, columns: Sequence[Column], marked: tuple[int, str] | None = None) -> None:
        """Begin a table of other columns, without rows; ``marked`` is a column and what stands behind its title."""
        self._all_columns, self._marked = tuple(columns), marked
        self._choose_columns()
        self._rows = ()
        self._lay_out()
        self.set_reactive(Grid.cursor, 0)
        self.scroll_to(y=0, animate=False)

    def show(self, rows: Sequence[Row], key: str | None = None) -> None:
        """Replace the rows, drawing what differs; the cursor goes to the row with a key, or stays with its row."""
        before, selected = self._rows, self.selected
        wanted = key if key is not None else selected.key if selected else None
        self._rows = tuple(rows)
        widths = self._fit()
        if widths != self._widths or len(before) != len(self._rows):
            self._lay_out()
        else:
            first = self.scroll_offset.y
            for index in range(first, min(first + self.size.height, len(before))):
                self._refresh_cells(index, before[index], self._rows[index])
        place = next((i for i, row in enumerate(self._rows) if row.key == wanted), self.cursor)
        self.cursor = max(0, min(place, len(self._rows) - 1))

    def watch_cursor(self, before: int, now: int) -> None:
        """Move the bar, and the view after it."""
        self.post_message(self.Moved())
        self._refresh_row(before)
        self._refresh_row(now)
        self._follow_cursor()

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self.cursor = max(0, min(self.cursor + rows, len(self._rows) - 1))

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by some pages."""
        self.action_move(pages * max(1, self.size.height - 2))

    def action_move_to_end(self, last: bool) -> None:
        """Move the cursor to the first or the last row."""
        self.action_move(len(self._rows) if last else -len(self._rows))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to a row, choose the one that it is on, or tell which title it was."""
        event.stop()
        index = event.y - 1 + self.scroll_offset.y
        if event.y == 0:
            if (place := self._place_at(event.x)) is not None:
                self.post_message(self.TitleClicked(place))
        elif index == self.cursor and self._rows:
            self.post_message(self.Chosen())
        elif index < len(self._rows):
            self.cursor = index

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down."""
        self._turn_wheel(event, WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up."""
        self._turn_wheel(event, -WHEEL_ROWS)

    def on_resize(self) -> None:
        """Fit the columns to the new width; the cursor stays in sight, also one that was moved while nothing was."""
        self._choose_columns()
        self._lay_out()
        self._follow_cursor()

    def render_line(self, y: int) -> Strip:
        """Draw one line: the header stays, rows scroll."""
        width, base = self.size.width, self.rich_style
        index = y - 1 + self.scroll_offset.y
        if y == 0:
            strip = self._strip([Cell(self._title(place), "bold") for place in self._places], base)
        elif index < len(self._rows):
            is_selected = index == self.cursor
            strip = self._strip(self._shown(self._rows[index]), base, CURSOR if is_selected else None)
        else:
            return Strip.blank(width, base)
        return strip.adjust_cell_length(width, base)

    def _strip(self, cells: Sequence[Cell], base: Style, over: Style | None = None) -> Strip:
        # Under the cursor a row has one look: mixed colours in a reversed bar are hard to read.
        ground = base + over if over else base
        segments = [Segment(" " * MARGIN, ground)]
        for column, cell, width in zip(self._columns, cells, self._widths, strict=True):
            style = ground if over else base + Style.parse(cell.style)
            segments.append(Segment(fitted(column, cell.text, width), style))
            segments.append(Segment(" " * GAP, ground))
        strip = Strip(segments)
        return strip.extend_cell_length(self.size.width, ground) if over else strip

    def _follow_cursor(self) -> None:
        """Scroll no further than to where the cursor is in sight."""
        height = self.size.height - 1  # below the header
        if self.cursor < self.scroll_offset.y:
            self.scroll_to(y=self.cursor, animate=False)
        elif height > 0 and self.cursor >= self.scroll_offset.y + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False)

    def _turn_wheel(self, event: events.MouseEvent, rows: int) -> None:
        """Scroll by rows, and take the cursor along: what is under it is in sight, and it may leave the end."""
        event.stop()
        event.prevent_default()
        height = self.size.height - 1  # below the header
        last = max(0, len(self._rows) - height)
        first = max(0, min(round(self.scroll_offset.y) + rows, last))
        self.scroll_to(y=first, animate=False, immediate=True)
        self.cursor = max(first, min(self.cursor, first + height - 1, len(self._rows) - 1))

    def _place_at(self, x: int) -> int | None:
        """Return which column a cell of the header belongs to, the gap behind it included."""
        right = MARGIN
        for place, width in zip(self._places, self._widths, strict=True):
            right += width + GAP
            if MARGIN <= x < right:
                return place
        return None

    @property
    def _room(self) -> int:
        """Return how many cells there are; while it is hidden, how many there will be."""
        return self.size.width or self.app.size.width

    def _title(self, place: int) -> str:
        title = self._all_columns[place].title
        return f"{title} {self._marked[1]}" if self._marked and self._marked[0] == place else title

    def _shown(self, row: Row) -> list[Cell]:
        return [row.cells[place] for place in self._places]

    def _choose_columns(self) -> None:
        """Leave out the columns that only a wider terminal has."""
        self._places = [place for place, column in enumerate(self._all_columns) if column.from_width <= self._room]
        self._columns = [self._all_columns[place] for place in self._places]

    def _lay_out(self) -> None:
        """Fit and draw everything again."""
        self._widths = self._fit()
        self.virtual_size = Size(self.size.width, len(self._rows) + 1)
        self.refresh()

    def _fit(self) -> list[int]:
        """Return each column's width."""
        wanted = [
            max([cells(self._title(place)), *(cells(row.cells[place].text) for row in self._rows)])
            for place in self._places
        ]
        return fit(self._columns, wanted, self._room - MARGIN - self.scrollbar_size_vertical)

    def _refresh_cells(self, index: int, old: Row, new: Row) -> None:
        """Draw again the cells of a row that differ."""
        left = MARGIN
        y = index - self.scroll_offset.y + 1
        for width, before, after in zip(self._widths, self._shown(old), self._shown(new), strict=True):
            if before[:2] != after[:2]:
                self.refresh(Region(left, y, width, 1))
            left += width + GAP

    def _refresh_row(self, index: int) -> None:
        self.refresh(Region(0, index - self.scroll_offset.y + 1, self.size.width, 1))
