"""The queues: what waits in each, when it is due next, what it fed lately and which functions it feeds."""

from collections.abc import Sequence

from karin.mapping.model import Snapshot
from karin.operations import wording
from karin.operations.status import Status
from karin.sqs.names import QueueId
from karin.sqs.redrive import read_redrive_policy
from karin.store.queues import QueueState
from karin.tui.times import Now
from karin.tui.views.listing import Cell, Column, Place, Row, Sign, Subject, View
from karin.tui.views.sparkline import sparkline
from karin.tui.world import World

WAITING = Sign("!", "yellow", "messages wait to be delivered")
IN_FLIGHT = Sign(">", "cyan", "messages are in flight")
LATER = Sign("~", "blue", "messages are due later")
EMPTY = Sign("-", "dim", "empty")
DEAD = Sign("x", "red", "a dead-letter queue that holds messages")


class QueuesView(View):
    """One row per queue; enter shows its messages."""

    name = "queues"
    title = "Queues"
    columns = (
        Column(" "),
        Column("QUEUE", is_flexible=True),
        Column("READY", is_number=True),
        Column("DELAYED", is_number=True),
        Column("IN FLIGHT", is_number=True),
        Column("NEXT DUE"),
        Column("OLDEST", from_width=100),
        Column("DEAD", is_number=True, from_width=72),
        Column("LAST 30 MIN", from_width=116),
        Column("FEEDS", is_flexible=True, from_width=64),
    )
    signs = (WAITING, IN_FLIGHT, LATER, EMPTY, DEAD)

    def rows(self, world: World, now: Now) -> list[Row] | None:
        """Return a row for each queue."""
        status = world.status
        if status is None:
            return None
        states = {state.queue: state for state in status.queues}
        takers = {state.queue: states.get(target) for state in status.queues if (target := _dead_letter_target(state))}
        taking = {taker.queue for taker in takers.values() if taker}
        fed = _fed(status.snapshot)
        return [
            _row(state, now, fed.get(queue, ()), takers.get(queue), takes_dead=queue in taking)
            for queue, state in states.items()
        ]

    def empty(self, world: World) -> str:  # noqa: ARG002 - it is the same in every world
        """Say how queues come to be."""
        return f"{wording.NO_QUEUES}; s syncs now"

    def facts(self, world: World) -> object:
        """Return every queue with its counts."""
        return world.status.queues if world.status else ()


def _fed(snapshot: Snapshot | None) -> dict[QueueId, list[str]]:
    """Return the functions that each queue feeds which feeds any."""
    mapped = {mapping.queue for mapping in snapshot.mappings} if snapshot else set()
    return {queue: wording.feeds(queue, snapshot) for queue in mapped}


def _row(state: QueueState, now: Now, fed: Sequence[str], taker: QueueState | None, *, takes_dead: bool) -> Row:
    """Return a queue's row; ``taker`` has its dead letters, with ``takes_dead`` it has those of others."""
    sign = _sign(state, takes_dead=takes_dead)
    dead = None if taker is None else _held(taker)
    name = state.queue.name
    return Row(
        str(state.queue),
        (
            Cell(sign.character, f"bold {sign.style}"),
            Cell(name),
            _count(state.ready, "yellow"),
            _count(state.delayed, "blue"),
            _count(state.leased, "cyan"),
            _instant(state.next_due_at_ms, now),
            _instant(state.oldest_sent_at_ms, now),
            Cell("-", "dim", -1) if dead is None else _count(dead, "red"),
            Cell(sparkline(_two_by_two(state.done)), "green", sum(state.done)),
            Cell(", ".join(fed) or "-", "" if fed else "dim"),
        ),
        Subject(name, queue=state.queue),
        opens=Place("messages", state.queue),
    )


def dead_letter_queue(state: QueueState, status: Status) -> QueueState | None:
    """Return the queue that takes a queue's dead letters; None without one, or when it is gone."""
    target = _dead_letter_target(state)
    return next((other for other in status.queues if other.queue == target), None) if target else None


def _dead_letter_target(state: QueueState) -> QueueId | None:
    policy = state.attributes.get("RedrivePolicy")
    return read_redrive_policy(policy)[0] if policy else None


def _held(state: QueueState) -> int:
    return state.ready + state.delayed + state.leased


def _two_by_two(minutes: tuple[int, ...]) -> list[int]:
    """Return counts of two minutes each: half an hour in half the room."""
    return [sum(minutes[start : start + 2]) for start in range(0, len(minutes), 2)]


def _sign(state: QueueState, *, takes_dead: bool) -> Sign:
    if takes_dead and _held(state):
        return DEAD
    if state.ready:
        return WAITING
    if state.leased:
        return IN_FLIGHT
    return LATER if state.delayed else EMPTY


def _count(count: int, style: str) -> Cell:
    return Cell(str(count), style if count else "dim", count)


def _instant(at_ms: int | None, now: Now) -> Cell:
    return Cell(now.relative(at_ms), "" if at_ms else "dim", float("inf") if at_ms is None else at_ms)
