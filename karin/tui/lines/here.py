"""Where a person is in plain lines, and which rows the numbers mean that they see."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

from karin.tui.lines.table import numbered_lines
from karin.tui.reading.interest import Interest
from karin.tui.times import Now
from karin.tui.views.fitting import shorten
from karin.tui.views.listing import Place, Row, Subject, View, matches, sort_rows
from karin.tui.world import World

MOST_ROWS = 40  # that are printed unasked
NAME_IN_PROMPT = 30  # cells


class NoSuchColumn(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """A text is the beginning of no column's title; the message is one line."""


@dataclass(slots=True)
class Here:
    """A place, what is let through there and in which order, and the row that is opened."""

    place: Place
    view: View
    filter_text: str = ""
    column: int | None = None
    is_descending: bool = False
    shows_all: bool = False
    opened: Row | None = None
    numbered: Sequence[Row] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Return where this is, for the prompt: ``mappings``, ``messages orders``, ``mappings 2``."""
        keys = [row.key for row in self.numbered]
        parts = [self.place.view]
        if self.place.queue:
            parts.append(shorten(self.place.queue.name, NAME_IN_PROMPT))
        if self.opened and self.opened.key in keys:
            parts.append(str(keys.index(self.opened.key) + 1))
        return " ".join(parts)

    @property
    def subject(self) -> Subject:
        """Return what actions are for when no row is named: the row that is opened, or the place."""
        if self.opened:
            return self.opened.subject
        queue = self.place.queue
        return Subject(queue.name, queue=queue) if queue else Subject()

    @property
    def interest(self) -> Interest:
        """Return what is worth reading here."""
        return self.interest_in(self.opened)

    def interest_in(self, row: Row | None) -> Interest:
        """Return what is worth reading here to tell all of a row."""
        subject = row.subject if row else Subject()
        message = (subject.queue, subject.message_id) if subject.queue and subject.message_id else None
        return Interest(self.place, self.view.needs, message)

    def sort_by(self, title: str) -> None:
        """Sort by the column whose title begins with a text, by none for an empty one. Raises NoSuchColumn."""
        self.column, self.is_descending = None, False
        if not title:
            return
        titles = [column.title.casefold() for column in self.view.columns]
        self.column = next((place for place, one in enumerate(titles) if one.startswith(title.casefold())), None)
        if self.column is None:
            known = ", ".join(column.title for column in self.view.columns if column.title.strip())
            raise NoSuchColumn(f"no column begins with {title}: there are {known}")

    def list_lines(self, world: World, now: Now, width: int) -> list[str]:
        """Return the rows as lines, and keep them under their numbers."""
        rows = self.view.rows(world, now)
        if rows is None:
            return ["nothing was read yet: Enter tries again"]
        let_through = [row for row in rows if matches(row, self.filter_text)] if self.filter_text else rows
        self.numbered = sort_rows(let_through, self.column, descending=self.is_descending)
        return [*self._headlines(world, now, width, len(rows)), *self._row_lines(world, width, has_rows=bool(rows))]

    def _headlines(self, world: World, now: Now, width: int, count: int) -> list[str]:
        lines = _wrapped(self.view.headline(world, now), width)
        if self.filter_text:
            lines.append(f"{len(self.numbered)} of {count} match {self.filter_text}")
        if self.column is not None:
            order = "greatest" if self.is_descending else "least"
            lines.append(f"sorted by {self.view.columns[self.column].title}, the {order} first")
        return lines

    def _row_lines(self, world: World, width: int, *, has_rows: bool) -> list[str]:
        if not has_rows:
            return _wrapped(self.view.empty(world), width)
        if not self.numbered:
            return ["nothing matches: / shows all rows again"]
        left_out = 0 if self.shows_all else max(0, len(self.numbered) - MOST_ROWS)
        if not left_out:
            return numbered_lines(self.view.columns, self.numbered, width)
        advice = f"{left_out} more: `all` shows them, /TEXT those with a text"
        if self.view.follows_end and self.column is None:
            return [advice, *numbered_lines(self.view.columns, self.numbered[left_out:], width, left_out + 1)]
        return [*numbered_lines(self.view.columns, self.numbered[:MOST_ROWS], width), advice]


def _wrapped(sentence: str, width: int) -> list[str]:
    return textwrap.wrap(sentence, width, break_long_words=False, break_on_hyphens=False, replace_whitespace=False)
