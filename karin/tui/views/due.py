"""What is due, over all queues together, soonest first."""

from karin.mapping.model import Snapshot
from karin.operations import wording
from karin.store.agenda import Agenda, DueEntry
from karin.tui.times import Now
from karin.tui.views.listing import Cell, Column, Need, Place, Row, Sign, Subject, View
from karin.tui.views.sparkline import sparkline
from karin.tui.views.text import one_line
from karin.tui.world import World

DUE = Sign("!", "yellow", "it may be received now")
LATER = Sign("~", "blue", "it is due later, or in flight until then")
SPANS = ("now", "in a minute", "hour", "day", "later")  # of karin.store.agenda
SEPARATOR = " · "
_UNITS = ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k"))


class DueView(View):
    """One row for each message or group among the first that are due; enter shows its queue's messages."""

    name = "due"
    title = "Due"
    columns = (
        Column(" "),
        Column("DUE"),
        Column("AT"),
        Column("QUEUE", is_flexible=True),
        Column("MESSAGE", is_flexible=True),
        Column("FEEDS", is_flexible=True, from_width=72),
    )
    signs = (DUE, LATER)
    needs = frozenset({Need.AGENDA})

    def rows(self, world: World, now: Now) -> list[Row] | None:
        """Return a row for each of the soonest."""
        if world.agenda is None:
            return None
        snapshot = world.status.snapshot if world.status else None
        return [_row(entry, snapshot, now) for entry in world.agenda.entries]

    def empty(self, world: World) -> str:  # noqa: ARG002 - it is the same in every world
        """Say what would be due."""
        return "nothing is due: a message stands here from its send until it is deleted; n sends one"

    def headline(self, world: World, now: Now) -> str:  # noqa: ARG002 - it tells of the instant of the reading
        """Return how much is due in each span of time, of all queues together: at most 78 cells."""
        counts = _counts(world.agenda) if world.agenda else ()
        if not any(counts):
            return ""
        told = SEPARATOR.join(f"{span} {_short(count)}" for span, count in zip(SPANS, counts, strict=True))
        return f"{sparkline(counts)}  {told}"

    def facts(self, world: World) -> object:
        """Return the counts of every queue and the soonest entries."""
        if world.agenda is None:
            return {}
        by_queue = {str(queue): dict(zip(SPANS, counts, strict=True)) for queue, counts in world.agenda.counts.items()}
        return {"at_ms": world.agenda.at_ms, "counts": by_queue, "entries": world.agenda.entries}


def _row(entry: DueEntry, snapshot: Snapshot | None, now: Now) -> Row:
    fed = wording.feeds(entry.queue, snapshot)
    sign = DUE if entry.due_at_ms <= now.ms else LATER
    what = entry.message_id or f"group {entry.group}"
    return Row(
        f"{entry.queue} {what}",
        (
            Cell(sign.character, f"bold {sign.style}"),
            Cell(now.relative(entry.due_at_ms), sign.style if sign is DUE else "", entry.due_at_ms),
            Cell(now.clock(entry.due_at_ms), order=entry.due_at_ms),
            Cell(entry.queue.name),
            Cell(one_line(what), "" if entry.message_id else "cyan"),
            Cell(", ".join(fed) or "-", "" if fed else "dim"),
        ),
        Subject(entry.message_id or entry.group or "", queue=entry.queue, message_id=entry.message_id),
        opens=Place("messages", entry.queue),
    )


def _counts(agenda: Agenda) -> tuple[int, ...]:
    return tuple(map(sum, zip(*agenda.counts.values(), strict=True)))


def _short(count: int) -> str:
    """Return a count in at most four cells: ``9999``, ``12k``, ``1.2M``."""
    if count < 10_000:
        return str(count)
    size, unit = next(pair for pair in _UNITS if count >= pair[0])
    return f"{count // (size // 10) / 10:.1f}{unit}" if count < 10 * size else f"{count // size}{unit}"
