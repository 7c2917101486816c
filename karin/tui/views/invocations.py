"""The last calls of functions: when, with what, what they came to and how late they were."""

from collections.abc import Sequence

from karin.mapping.invocation import Invocation
from karin.mapping.outcome import OutcomeKind
from karin.operations import facts, inspecting, replaying, wording
from karin.operations.replaying import NothingToReplay
from karin.tui.times import Now
from karin.tui.views.listing import Cell, Column, Detail, Need, Row, Section, Sign, Subject, View
from karin.tui.views.text import document, one_line, printable
from karin.tui.world import World

SUCCEEDED = Sign("+", "green", "the function did all of it")
FAILED = Sign("x", "red", "the function failed: its messages are tried again")
PARTIAL = Sign("!", "yellow", "the function did some of it: the other messages are tried again")
REFUSED = Sign("=", "yellow", "AWS throttled or refused the call: the function did not run")
UNKNOWN = Sign("?", "magenta", "no answer came: the function may have run")
FILTERED = Sign("-", "dim", "no message passed the filters: nothing was called")
_SIGNS = {
    OutcomeKind.SUCCEEDED: SUCCEEDED,
    OutcomeKind.FUNCTION_ERROR: FAILED,
    OutcomeKind.PARTIAL: PARTIAL,
    OutcomeKind.THROTTLED: REFUSED,
    OutcomeKind.REFUSED: REFUSED,
    OutcomeKind.UNKNOWN: UNKNOWN,
    OutcomeKind.FILTERED: FILTERED,
}
_SLOW_MS = 1_000  # a call that was later than this was late


class InvocationsView(View):
    """One row per call, the newest first; enter shows its messages, its log and its event."""

    name = "invocations"
    title = "Invocations"
    columns = (
        Column(" "),
        Column("WHEN"),
        Column("AT", from_width=100),
        Column("QUEUE", is_flexible=True),
        Column("FUNCTION", is_flexible=True),
        Column("MSGS", is_number=True),
        Column("OUTCOME"),
        Column("LATE", is_number=True, from_width=72),
        Column("TOOK", is_number=True),
        Column("ERROR", is_flexible=True, is_sentence=True, from_width=110),
        Column("ID", from_width=110),
    )
    signs = (SUCCEEDED, FAILED, PARTIAL, REFUSED, UNKNOWN, FILTERED)
    needs = frozenset({Need.INVOCATIONS})

    def rows(self, world: World, now: Now) -> list[Row] | None:
        """Return a row for each call."""
        return None if world.invocations is None else [_row(one, now) for one in world.invocations]

    def empty(self, world: World) -> str:  # noqa: ARG002 - it is the same in every world
        """Say how a call comes to be."""
        return f"{wording.no_invocations(None, failed=False)}, and so does n on a queue"

    def headline(self, world: World, now: Now) -> str:
        """Return what the calls came to, how long ago the last one failed, and how late they were."""
        if not world.invocations:
            return ""
        by_kind = {kind: [one for one in world.invocations if one.outcome is kind] for kind in OutcomeKind}
        told = [_counted(kind, calls, now) for kind, calls in by_kind.items() if calls]
        late_ms = sorted(one.lateness_ms for one in world.invocations if one.outcome is not OutcomeKind.FILTERED)
        late = [f"p50 late {wording.elapsed(late_ms[(len(late_ms) - 1) // 2])}"] if late_ms else []
        return f"last {len(world.invocations)}: {', '.join([*told, *late])}"

    def detail(self, world: World, key: str, now: Now) -> Detail | None:
        """Return all that was recorded of a call."""
        one = next((one for one in world.invocations or () if one.id == key), None)
        if one is None:
            return None
        event, event_text = _event(one)
        return Detail(
            f"{one.queue.name} -> {one_line(one.function_name)}: {wording.outcome(one.outcome)}",
            (
                Section(pairs=_pairs(one, now)),
                Section(f"messages, {wording.carried(one)}", text=printable("\n".join(wording.tries(one)))),
                Section("log tail", text=printable(one.log_tail) or "-"),
                Section("event", text=event_text),
            ),
            _subject(one),
            raw=event,
        )

    def facts(self, world: World) -> object:
        """Return the calls as ``karin invocations --json`` does."""
        return [facts.listed_invocation(one) for one in world.invocations or ()]


def _counted(kind: OutcomeKind, calls: Sequence[Invocation], now: Now) -> str:
    text = f"{len(calls)} {wording.outcome(kind)}"
    if kind is not OutcomeKind.FUNCTION_ERROR:
        return text
    return f"{text} (last {now.relative(max(one.started_at_ms for one in calls))})"


def _row(one: Invocation, now: Now) -> Row:
    sign = _SIGNS[one.outcome]
    error = one_line(wording.error(one.error_type, one.error_message))
    is_late = one.lateness_ms >= _SLOW_MS
    return Row(
        one.id,
        (
            Cell(sign.character, f"bold {sign.style}"),
            Cell(now.relative(one.started_at_ms), order=one.started_at_ms),
            Cell(now.clock(one.started_at_ms), order=one.started_at_ms),
            Cell(one.queue.name),
            Cell(one_line(one.function_name)),
            Cell(str(one.message_count), order=one.message_count),
            Cell(wording.outcome(one.outcome), sign.style),
            Cell(wording.elapsed(one.lateness_ms), "yellow" if is_late else "", one.lateness_ms),
            Cell(wording.elapsed(one.duration_ms), order=one.duration_ms),
            Cell(error or "-", "" if error else "dim"),
            Cell(one.id[: inspecting.SHORT_ID], "dim"),
        ),
        _subject(one),
    )


def _subject(one: Invocation) -> Subject:
    return Subject(one.id, queue=one.queue, mapping_uuid=one.mapping_uuid, invocation_id=one.id)


def _pairs(one: Invocation, now: Now) -> tuple[tuple[str, str], ...]:
    failed = (("error type", one.error_type), ("error message", one.error_message))
    return (
        ("id", one.id),
        ("queue", one.queue.name),
        ("function", one_line(one.function_name)),
        ("called", now.full(one.started_at_ms)),
        ("late", wording.elapsed(one.lateness_ms)),
        ("outcome", wording.outcome(one.outcome)),
        ("took", wording.elapsed(one.duration_ms)),
        *((label, one_line(text)) for label, text in failed if text),
        ("request id", one_line(one.request_id) or "-"),
    )


def _event(one: Invocation) -> tuple[str, str]:
    """Return the event of a call, and how it is shown; of one that was not kept nothing, and why."""
    try:
        event = replaying.event_of(one).decode(errors="replace")
    except NothingToReplay as error:
        return "", str(error)
    return event, document(event)
