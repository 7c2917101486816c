"""What a view is made of: columns and rows as data, for the full screen and for plain lines alike."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import Enum, auto
from typing import ClassVar, NamedTuple

import msgspec

from karin.sqs.names import QueueId
from karin.tui.times import Now
from karin.tui.world import World


class Column(NamedTuple):
    """A column; a flexible one gives way when the terminal is narrow: a name in its middle, a sentence at its end.

    It is left out where the terminal has fewer cells than ``from_width``.
    """

    title: str
    is_number: bool = False
    is_flexible: bool = False
    is_sentence: bool = False
    from_width: int = 0


class Cell(NamedTuple):
    """A text, its Rich style, and what to sort it by when that is not the text: a number."""

    text: str
    style: str = ""
    order: float | None = None


class Subject(msgspec.Struct, frozen=True):
    """What a row is about, as far as actions are concerned; ``text`` is what copying it copies."""

    text: str = ""
    queue: QueueId | None = None
    message_id: str | None = None
    mapping_uuid: str | None = None
    invocation_id: str | None = None


class Place(msgspec.Struct, frozen=True):
    """Where a person is: a view by its name, in ``messages`` those of a queue."""

    view: str
    queue: QueueId | None = None


class Row(NamedTuple):
    """A row; the cursor stays with its ``key`` when rows come and go. ``opens`` is where enter leads.

    Without it enter shows the view's detail of the row, if there is one.
    """

    key: str
    cells: tuple[Cell, ...]
    subject: Subject = Subject()
    opens: Place | None = None


class Sign(NamedTuple):
    """A character that tells a state without colour, its Rich style, and what it means."""

    character: str
    style: str
    meaning: str


class Section(msgspec.Struct, frozen=True):
    """A part of a detail: pairs of label and value, or a text of many lines; with neither, just its title."""

    title: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    text: str = ""


class Detail(msgspec.Struct, frozen=True):
    """All about one thing. ``raw`` is what copying it copies."""

    title: str
    sections: tuple[Section, ...]
    subject: Subject = Subject()
    raw: str = ""


class Need(Enum):
    """What of the world is to be read while a view is shown, beside the status, which always is."""

    MESSAGES = auto()
    INVOCATIONS = auto()
    AGENDA = auto()
    LOGS = auto()
    STORE = auto()
    PROCESSES = auto()


class View(ABC):
    """One list. Pure: the same world and instant make the same rows."""

    name: ClassVar[str]
    title: ClassVar[str]
    columns: ClassVar[tuple[Column, ...]]
    signs: ClassVar[tuple[Sign, ...]] = ()
    needs: ClassVar[frozenset[Need]] = frozenset()
    follows_end: ClassVar[bool] = False  # the newest row is the last, and the cursor stays on it

    @abstractmethod
    def rows(self, world: World, now: Now) -> Sequence[Row] | None:
        """Return all rows, unfiltered; None while what they need is not read yet."""

    @abstractmethod
    def empty(self, world: World) -> str:
        """Return what to say when there are no rows, and what to do about it."""

    def detail(self, world: World, key: str, now: Now) -> Detail | None:  # noqa: ARG002 - for views that have one
        """Return all about the row with a key; None when there is no more to tell, or it is gone."""
        return None

    def headline(self, world: World, now: Now) -> str:  # noqa: ARG002 - for views that have one
        """Return a line to stand above the rows, empty for none."""
        return ""

    @abstractmethod
    def facts(self, world: World) -> object:
        """Return what is shown as values for JSON, for an export."""


def matches(row: Row, filter_text: str) -> bool:
    """Tell whether any cell of a row contains a text, in whatever case; ``!text`` means that none does."""
    is_inverse = filter_text.startswith("!") and len(filter_text) > 1
    wanted = filter_text.removeprefix("!").casefold() if is_inverse else filter_text.casefold()
    return is_inverse != any(wanted in cell.text.casefold() for cell in row.cells)


def sort_rows(rows: Sequence[Row], column: int | None, *, descending: bool) -> list[Row]:
    """Return rows ordered by a column, or as they are; rows that are alike in it keep their order."""
    if column is None:
        return list(rows)
    return sorted(rows, key=lambda row: _order(row.cells[column]), reverse=descending)


def _order(cell: Cell) -> tuple[int, float, str]:
    return (1, 0.0, cell.text.casefold()) if cell.order is None else (0, cell.order, "")
