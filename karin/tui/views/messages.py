"""The messages of one queue: which are due when, how often each was tried, and what it says."""

from collections.abc import Iterator

from karin.operations import facts, inspecting, wording
from karin.operations.status import Status
from karin.sqs.names import QueueId
from karin.sqs.redrive import read_redrive_policy
from karin.store.inspect import MessageState, SeenMessage
from karin.store.queues import QueueState
from karin.tui.times import Now
from karin.tui.views.listing import Cell, Column, Detail, Need, Row, Section, Sign, Subject, View
from karin.tui.views.queues import dead_letter_queue
from karin.tui.views.text import beginning, document, one_line
from karin.tui.world import QueueMessages, World

READY = Sign("!", "yellow", "it waits to be delivered")
LEASED = Sign(">", "cyan", "it is in flight")
DELAYED = Sign("~", "blue", "it is due later")
BEHIND = Sign("|", "dim", "it stands behind another one of its group")
_SIGNS = {MessageState.READY: READY, MessageState.LEASED: LEASED, MessageState.DELAYED: DELAYED}
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))


class MessagesView(View):
    """One row per message in the order in which they are due, in a FIFO queue in that of their groups."""

    name = "messages"
    title = "Messages"
    columns = (
        Column(" "),
        Column("DUE"),
        Column("STATE"),
        Column("TRIES", is_number=True),
        Column("AGE", is_number=True, from_width=72),
        Column("GROUP", is_flexible=True, from_width=90),
        Column("ID"),
        Column("BODY", is_flexible=True, is_sentence=True),
    )
    signs = (READY, LEASED, DELAYED, BEHIND)
    needs = frozenset({Need.MESSAGES})

    def __init__(self, queue: QueueId) -> None:
        self._queue = queue

    def rows(self, world: World, now: Now) -> list[Row] | None:
        """Return a row for each message."""
        found = self._found(world)
        return None if found is None else [self._row(seen, now) for seen in found.messages]

    def empty(self, world: World) -> str:
        """Say why there are none, and what makes one."""
        found = self._found(world)
        if found and found.problem:
            return found.problem
        if found and found.has_more:
            return f"the first messages of {self._queue.name} cannot be shown; others follow"
        return f"{wording.no_messages(self._queue, None)}, and so does n"

    def headline(self, world: World, now: Now) -> str:  # noqa: ARG002 - it tells of the instant of the reading
        """Return how many there are in each state, and what the queue does with them."""
        found, state = self._found(world), self._state(world)
        name = f"{self._queue.name}, first {len(found.messages)}" if found and found.has_more else self._queue.name
        if state is None or world.status is None:
            return name
        counts = f"{state.ready} ready, {state.delayed} delayed, {state.leased} in flight"
        return "; ".join([f"{name}: {counts}", *_rules(state, world.status)])

    def detail(self, world: World, key: str, now: Now) -> Detail | None:
        """Return all of a message once it is read; until then, or when it is gone, a word on that."""
        subject = Subject(key, queue=self._queue, message_id=key)
        title = f"{self._queue.name}: message {key}"
        one = world.message
        if one is None or (one.queue, one.message_id) != (self._queue, key):
            return Detail(title, (Section("reading…"),), subject)
        if one.seen is None:
            return Detail(title, (Section(one.problem),), subject)
        state = self._state(world)
        sections = (
            Section(pairs=_pairs(self._queue, one.seen, state, now)),
            *_attribute_sections(self._queue, one.seen),
        )
        body = Section(f"body, {wording.counted(one.seen.body_bytes, 'byte')}", text=document(one.seen.message.body))
        return Detail(title, (*sections, body), subject, raw=one.seen.message.body)

    def facts(self, world: World) -> object:
        """Return the messages as ``karin messages QUEUE --json`` does; whether others follow, and not from where."""
        found = self._found(world)
        listed = [facts.listed_message(seen) for seen in found.messages] if found else []
        return {"messages": listed, "has_more": bool(found and found.has_more)}

    def _found(self, world: World) -> QueueMessages | None:
        return world.messages if world.messages and world.messages.queue == self._queue else None

    def _state(self, world: World) -> QueueState | None:
        states = world.status.queues if world.status else ()
        return next((one for one in states if one.queue == self._queue), None)

    def _row(self, seen: SeenMessage, now: Now) -> Row:
        message, state = seen.message, wording.message_state(seen, now.ms)
        sign = BEHIND if state != seen.state.value else _SIGNS[seen.state]
        age_ms = now.ms - message.sent_at_ms
        group = one_line(message.group_id or "")
        is_cut = seen.body_bytes > len(message.body.encode())
        return Row(
            message.message_id,
            (
                Cell(sign.character, f"bold {sign.style}"),
                Cell(now.relative(seen.due_at_ms), order=seen.due_at_ms),
                Cell(state, sign.style),
                Cell(str(seen.receive_count), "yellow" if seen.receive_count > 1 else "", seen.receive_count),
                Cell(wording.elapsed(age_ms), order=age_ms),
                Cell(group or "-", "" if group else "dim"),
                Cell(message.message_id[: inspecting.SHORT_ID], "dim"),
                Cell(one_line(message.body) + ("…" if is_cut else "")),
            ),
            Subject(message.message_id, queue=self._queue, message_id=message.message_id),
        )


def _rules(state: QueueState, status: Status) -> Iterator[str]:
    """Yield how long a queue keeps and hides messages, and where they go that are received too often."""
    kept, leased = (state.attributes.get(name) for name in ("MessageRetentionPeriod", "VisibilityTimeout"))
    if kept and leased:
        yield f"kept {_duration(int(kept))}, leased {_duration(int(leased))}"
    policy = state.attributes.get("RedrivePolicy")
    target, tries = read_redrive_policy(policy) if policy else (state.queue, 0)
    if target != state.queue:  # a queue that names itself keeps them
        is_gone = dead_letter_queue(state, status) is None
        yield f"{tries} {'try' if tries == 1 else 'tries'}, then {target.name}{', which is gone' if is_gone else ''}"


def _duration(seconds: int) -> str:
    """Return a duration exactly: ``4d``, ``90s``."""
    for unit_seconds, unit in _UNITS:
        if seconds and seconds % unit_seconds == 0:
            return f"{seconds // unit_seconds}{unit}"
    return f"{seconds}s"


def _pairs(queue: QueueId, seen: SeenMessage, state: QueueState | None, now: Now) -> tuple[tuple[str, str], ...]:
    message = seen.message
    expires_at_ms = inspecting.expires_at_ms(message, state) if state else None
    return (
        ("id", message.message_id),
        ("queue", queue.name),
        ("state", wording.message_state(seen, now.ms)),
        ("due", now.full(seen.due_at_ms)),
        ("tries", str(seen.receive_count)),
        ("sent", now.full(message.sent_at_ms)),
        ("first received", now.full(seen.first_received_at_ms)),
        ("expires", now.full(expires_at_ms)),
        *([("group", one_line(message.group_id))] if message.group_id else []),
        *([("sequence number", message.sequence_number)] if message.sequence_number else []),
    )


def _attribute_sections(queue: QueueId, seen: SeenMessage) -> tuple[Section, ...]:
    own = [(name, wording.attribute(value)) for name, value in seen.message.attributes.items()]
    system = inspecting.system_attributes_of(queue, seen).items()
    return tuple(
        Section(title, pairs=tuple((one_line(name), beginning(text)) for name, text in pairs))
        for title, pairs in (("attributes", own), ("system attributes", system))
        if pairs
    )
