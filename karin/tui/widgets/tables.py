"""The two tables: a Grid each, a sentence in its place while it is empty, and the filter applied."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import reactive
from textual.widgets import Static

from karin.operations.status import Status
from karin.tui.messages import RowsShown
from karin.tui.widgets.grid import Column, Grid, Row


class Table(Vertical):
    """A table over the status; how rows come out of it is for each kind to say."""

    DEFAULT_CSS = """
    Table { height: 1fr; }
    Table > .instead { display: none; height: 1fr; padding: 1 2; color: $text-muted; }
    Table.-empty > Grid { display: none; }
    Table.-empty > .instead { display: block; }
    """
    TITLE: ClassVar[str]
    COLUMNS: ClassVar[tuple[Column, ...]]

    status: reactive[Status | None] = reactive(None, repaint=False)
    now_ms: reactive[int] = reactive(0, repaint=False)
    filter_text: reactive[str] = reactive("", repaint=False)

    def compose(self) -> ComposeResult:
        """Lay out the grid and what stands in its place."""
        yield Grid(self.COLUMNS)
        yield Static(classes="instead", markup=False)

    @property
    def grid(self) -> Grid:
        """Return the rows' widget."""
        return self.query_one(Grid)

    @abstractmethod
    def rows_of(self, status: Status, now_ms: int, /) -> list[Row]:
        """Return all rows, unfiltered."""

    @abstractmethod
    def empty_text(self, status: Status, /) -> str:
        """Return what to say when there are no rows at all."""

    def watch_status(self) -> None:
        """Show new data."""
        self._show()

    def watch_now_ms(self) -> None:
        """Show how time has passed."""
        self._show()

    def watch_filter_text(self) -> None:
        """Show what the filter lets through."""
        self._show()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        rows = self.rows_of(self.status, self.now_ms) if self.status else []
        shown = [row for row in rows if matches(row, self.filter_text)]
        if not shown:
            self.query_one(".instead", Static).update(self._instead(rows))
        self.set_class(not shown, "-empty")
        before = len(self.grid.rows)
        self.grid.show(shown)
        if len(shown) != before:
            self.post_message(RowsShown())

    def _instead(self, rows: Sequence[Row]) -> str:
        if self.status is None:
            return "reading…"
        if not rows:
            return self.empty_text(self.status)
        return f"nothing matches {self.filter_text!r}: esc clears the filter"

    def on_mount(self) -> None:
        """Show what was bound before."""
        self._show()


def matches(row: Row, filter_text: str) -> bool:
    """Tell whether any cell of a row contains the text, in whatever case."""
    wanted = filter_text.casefold()
    return any(wanted in cell.text.casefold() for cell in row.cells)
