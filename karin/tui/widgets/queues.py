"""The table of queues."""

from karin.operations import wording
from karin.operations.status import Status
from karin.store.queues import QueueState
from karin.tui.widgets.grid import Cell, Column, Row
from karin.tui.widgets.tables import Table

SIGNS = (
    ("!", "yellow", "messages wait to be delivered"),
    (">", "cyan", "messages are in flight"),
    ("~", "blue", "messages are due later"),
    ("-", "dim", "empty"),
)


class QueuesTable(Table):
    """One row per queue: what waits in it, when it is due next, which functions it feeds."""

    TITLE = "Queues"
    COLUMNS = (
        Column(" "),
        Column("QUEUE", is_flexible=True),
        Column("READY", is_number=True),
        Column("DELAYED", is_number=True),
        Column("IN FLIGHT", is_number=True),
        Column("NEXT DUE"),
        Column("FEEDS", is_flexible=True),
    )

    def rows_of(self, status: Status, now_ms: int) -> list[Row]:
        """Return a row for each queue."""
        return [_row(state, status, now_ms) for state in status.queues]

    def empty_text(self, _status: Status) -> str:
        """Say how queues come to be."""
        return f"{wording.NO_QUEUES}; s syncs now"

    @property
    def queue(self) -> QueueState | None:
        """Return the queue under the cursor."""
        selected = self.grid.selected
        states = self.status.queues if self.status else ()
        return next((state for state in states if selected and str(state.queue) == selected.key), None)


def _row(state: QueueState, status: Status, now_ms: int) -> Row:
    fed = wording.feeds(state.queue, status.snapshot)
    sign, style, _ = _sign(state)
    return Row(
        str(state.queue),
        (
            Cell(sign, f"bold {style}"),
            Cell(state.queue.name),
            _count(state.ready, "yellow"),
            _count(state.delayed, "blue"),
            _count(state.leased, "cyan"),
            Cell(wording.relative(state.next_due_at_ms, now_ms), "" if state.next_due_at_ms else "dim"),
            Cell(", ".join(fed) or "-", "" if fed else "dim"),
        ),
    )


def _sign(state: QueueState) -> tuple[str, str, str]:
    waiting, in_flight, later, empty = SIGNS
    if state.ready:
        return waiting
    if state.leased:
        return in_flight
    return later if state.delayed else empty


def _count(count: int, style: str) -> Cell:
    return Cell(str(count), style if count else "dim")
