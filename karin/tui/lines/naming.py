"""Which row a person means: by its number, by a name, or by the beginning of an id."""

from collections.abc import Iterable, Sequence

from karin.operations.inspecting import SHORTEST_BEGINNING
from karin.tui.views.listing import Column, Row

NOTHING = "-"  # in a cell


class NoSuchRow(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """A text means no row, or several; the message is one line."""


def row_meant(text: str, numbered: Sequence[Row], columns: Sequence[Column]) -> Row:
    """Return the row that a text means, numbers counted from 1. Raises NoSuchRow.

    What a row is comes before what it merely tells in a column of names, and both before the beginning of an id.
    """
    if text.isdecimal() and 1 <= int(text) <= len(numbered):
        return numbered[int(text) - 1]
    for found in (
        [row for row in numbered if text in _own_names(row)],
        [row for row in numbered if text in _told_names(row, columns)],
        [row for row in numbered if len(text) >= SHORTEST_BEGINNING and _begins(text, _own_names(row))],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            raise NoSuchRow(f"{text} means {len(found)} rows here: say a number")
    raise NoSuchRow(f"there is no row {text} here: say a number, or a name that is shown")


def _own_names(row: Row) -> set[str]:
    subject = row.subject
    ids = (subject.text, subject.message_id, subject.mapping_uuid, subject.invocation_id)
    return {row.key, *(one for one in ids if one), *([subject.queue.name] if subject.queue else [])}


def _told_names(row: Row, columns: Sequence[Column]) -> set[str]:
    return {cell.text for column, cell in zip(columns, row.cells, strict=True) if column.is_flexible} - {NOTHING}


def _begins(text: str, names: Iterable[str]) -> bool:
    return any(name.startswith(text) for name in names)
