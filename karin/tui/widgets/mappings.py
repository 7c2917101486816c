"""The table of mappings."""

from karin.mapping.model import Mapping
from karin.operations import wording
from karin.operations.status import Status
from karin.tui.widgets.grid import Cell, Column, Row
from karin.tui.widgets.tables import Table

SIGNS = (
    ("+", "green", "karin delivers for this mapping"),
    ("x", "red", "karin does not deliver for it"),
)


class MappingsTable(Table):
    """One row per event source mapping, as AWS had it at the last sync."""

    TITLE = "Mappings"
    COLUMNS = (
        Column(" "),
        Column("QUEUE", is_flexible=True),
        Column("FUNCTION", is_flexible=True),
        Column("BATCH", is_number=True),
        Column("IN AWS"),
        Column("SERVED", is_flexible=True, is_sentence=True),
    )

    def rows_of(self, status: Status, _now_ms: int) -> list[Row]:
        """Return a row for each mapping."""
        return [_row(mapping) for mapping in (status.snapshot.mappings if status.snapshot else ())]

    def empty_text(self, status: Status) -> str:
        """Say why there are none."""
        if status.snapshot is None:
            return f"{wording.NOTHING_SYNCED}: s reads the mappings from AWS"
        return f"{wording.NO_MAPPINGS} in {status.snapshot.region}: s reads them anew"


def _row(mapping: Mapping) -> Row:
    serving, idle = SIGNS
    sign, style, _ = serving if mapping.is_served else idle
    return Row(
        mapping.uuid,
        (
            Cell(sign, f"bold {style}"),
            Cell(mapping.queue.name),
            Cell(mapping.function_name),
            Cell(str(mapping.batch_size)),
            Cell(mapping.state),
            Cell(wording.served(mapping), style),
        ),
    )
