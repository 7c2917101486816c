"""How the last of some calls went: a cell in a list, two pairs in a detail."""

from collections.abc import Iterable

from karin.mapping.invocation import Invocation
from karin.mapping.outcome import OutcomeKind
from karin.operations import wording
from karin.tui.times import Now
from karin.tui.views.listing import Cell
from karin.tui.views.text import one_line


def newest(calls: Iterable[Invocation]) -> Invocation | None:
    """Return the newest call of those in which the function was called; None without one."""
    made = (one for one in calls if one.outcome is not OutcomeKind.FILTERED)
    return max(made, key=lambda one: one.started_at_ms, default=None)


def last_cell(last: Invocation | None, now: Now) -> Cell:
    """Return how and when a call went, sorted by when."""
    if last is None:
        return Cell("-", "dim", float("-inf"))
    style = "green" if last.outcome is OutcomeKind.SUCCEEDED else "red"
    return Cell(f"{wording.outcome(last.outcome)} {now.relative(last.started_at_ms)}", style, last.started_at_ms)


def last_pairs(last: Invocation | None, now: Now) -> tuple[tuple[str, str], ...]:
    """Return when a call was and how it went, in full."""
    if last is None:
        return ()
    error = one_line(f"{last.error_type}: {last.error_message}" if last.error_message else last.error_type)
    went = f"{wording.outcome(last.outcome)}, {wording.elapsed(last.duration_ms)}{f': {error}' if error else ''}"
    return (("last called", now.full(last.started_at_ms)), ("outcome", went))
