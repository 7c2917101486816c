"""How karin's facts are put into words, once for every place that shows them to a person.

Knows neither columns, colours nor terminals: those belong to whoever shows the words.
"""

from collections.abc import Collection, Sequence

from karin.mapping.advice import mapping_warnings
from karin.mapping.changes import FieldChange, title
from karin.mapping.invocation import Invocation
from karin.mapping.model import Mapping, Snapshot
from karin.mapping.outcome import OutcomeKind
from karin.mapping.pause import Pause, PausedBy
from karin.operations.importing import Imported
from karin.operations.status import Status
from karin.operations.syncing import SyncReport
from karin.parts import SILENT, STOPPED
from karin.sqs.message import MessageAttribute
from karin.sqs.moves import CANNOT_TELL_SOURCE, NO_DESTINATION, MoveStatus, MoveTask
from karin.sqs.names import QueueId
from karin.sqs.source import Waiting
from karin.store.inspect import MessageState, SeenMessage

NO_QUEUES = "no queues yet: CreateQueue makes one, and so does a sync for each queue that is mapped"
NO_MAPPINGS = "no mappings of SQS queues are deployed"
GO_ON = "`kill -CONT` lets it go on, or restart karin"
NOTHING_SYNCED = "nothing was synced yet"
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"))


def relative(at_ms: int | None, now_ms: int) -> str:
    """Return an instant as people say it: ``in 4m``, ``now``, ``12s ago``, ``-`` for none."""
    if at_ms is None:
        return "-"
    distance_ms = at_ms - now_ms
    for unit_ms, unit in _UNITS:
        if abs(distance_ms) >= unit_ms:
            count = abs(distance_ms) // unit_ms
            return f"in {count}{unit}" if distance_ms > 0 else f"{count}{unit} ago"
    return "now"


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: ``1 message``, ``2 messages``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def feeds(queue: QueueId, snapshot: Snapshot | None) -> list[str]:
    """Return the functions that karin calls with a queue's messages."""
    return [mapping.function_name for mapping in snapshot.mappings_of(queue)] if snapshot else []


def served(mapping: Mapping, pause: Pause | None = None, now_ms: int = 0) -> str:
    """Return whether karin delivers for a mapping, and when not, why and what to do."""
    if mapping.unserved_because is not None:
        return f"no: {mapping.unserved_because}"
    if pause is not None:
        return paused(pause, now_ms)
    if mapping.is_delivered_twice:
        return "yes, and AWS polls it too: `karin serve --undo` ends that"
    return "yes, even if AWS polls it" if mapping.served_anyway else "yes"


def paused(pause: Pause, now_ms: int) -> str:
    """Return why a mapping is paused, and how it goes on."""
    if pause.by is PausedBy.USER:
        return f"paused{f': {pause.reason}' if pause.reason else ''}; `karin resume` ends that"
    return f"paused, a call is tried again {relative(pause.until_ms, now_ms)}: {pause.reason}"


def pause_line(mapping: Mapping, pause: Pause, now_ms: int) -> str:
    """Return which mapping is paused since when, why, and how it goes on, in one line."""
    since = f"{title(mapping)}, {relative(pause.since_ms, now_ms)}"
    if pause.by is PausedBy.USER:
        return f"{since}{f': {pause.reason}' if pause.reason else ''}; `karin resume {mapping.queue.name}` ends that"
    return f"{since}: {pause.reason}; a call is tried again {relative(pause.until_ms, now_ms)}"


def warnings(snapshot: Snapshot | None) -> list[str]:
    """Return what a person should know about a deployment, that of its mappings first."""
    return [*mapping_warnings(snapshot.mappings), *snapshot.warnings] if snapshot else []


def status_rows(seen: Status, *, store: str, endpoint_url: str) -> list[tuple[str, str]]:
    """Return all of a status as label and value; ``store`` is fit for showing."""
    ready, leased, delayed = seen.counts
    mappings = seen.snapshot.mappings if seen.snapshot else ()
    served_count = sum(mapping.is_served for mapping in mappings)
    synced = f"synced {relative(seen.snapshot.synced_at_ms, seen.now_ms)}" if seen.snapshot else NOTHING_SYNCED
    paused_count = f", {len(seen.paused)} paused" if seen.paused else ""
    return [
        ("scheduler", _schedulers(seen)),
        ("endpoint", _endpoint(seen, endpoint_url)),
        ("store", store),
        ("queues", f"{len(seen.queues)}: {ready} ready, {delayed} delayed, {leased} in flight"),
        ("next due", relative(seen.next_due_at_ms, seen.now_ms)),
        ("mappings", f"{len(mappings)}, {served_count} served{paused_count}; {synced}"),
        *(("paused", pause_line(mapping, pause, seen.now_ms)) for mapping, pause in seen.paused),
        *(("warning", warning) for warning in warnings(seen.snapshot)),
    ]


def _schedulers(seen: Status) -> str:
    here = seen.parts.scheduler if seen.parts else ""
    if seen.schedulers_alive:
        return f"{seen.schedulers_alive} alive{f', that of this machine is {here}' if here else ''}"
    if here == STOPPED:
        return f"none alive, that of this machine is stopped: messages wait; {GO_ON}"
    return "none alive: messages wait; see `karin up`"


def _endpoint(seen: Status, url: str) -> str:
    how = seen.parts.endpoint if seen.parts else ""
    if not how:
        return url
    advice = GO_ON if how == STOPPED else "see karin's log"
    return f"{url} {how if how == SILENT else f'is {how}'}: nobody can send; {advice}"


def held(seen: Status) -> str:
    """Return what all queues hold, and what they may."""
    limits = seen.limits
    of_all = f" of {limits.total_bytes:,}" if limits.total_bytes else ", without a limit"
    of_one = f"; one queue may hold {limits.queue_bytes:,}" if limits.queue_bytes else ""
    return f"{seen.held_bytes:,} bytes{of_all}{of_one}"


def sent(message_id: str, queue: QueueId, delay_seconds: int | None) -> str:
    """Return in one line what became of a send."""
    when = f", due in {delay_seconds} s" if delay_seconds else ""
    return f"sent {message_id} to {queue.name}{when}"


def purged(removed: int, queue: QueueId) -> str:
    """Return in one line what a purge did."""
    return f"deleted {counted(removed, 'message')} of {queue.name}"


def import_question(ready: int, queue: QueueId, snapshot: Snapshot | None) -> str:
    """Return what an import is about to do."""
    called = feeds(queue, snapshot)
    then = f", and call {' and '.join(called)} with {'it' if ready == 1 else 'them'} at once" if called else ""
    return f"Move {counted(ready, 'message')} of {queue.name} out of the real SQS into karin{then}?"


def imported(queue: QueueId, done: Imported, left: Waiting) -> str:
    """Return what an import did and what it had to leave."""
    text = f"imported {counted(done.messages, 'message')} into {queue.name}"
    if done.undeleted:
        text += f"; AWS did not delete {done.undeleted} of them and shows them again: import once more"
    if left.ready or left.delayed or left.leased:
        text += f"; in SQS are still {left.ready} ready, {left.delayed} delayed, {left.leased} in flight"
        text += ", as far as it can tell: import again later"
    return text


def redrive_question(ready: int, source: QueueId, destination: QueueId | None) -> str:
    """Return what a redrive is about to do."""
    return f"Move {counted(ready, 'message')} of {source.name} to {_target(destination)}?"


def redrive_started(task: MoveTask, source: QueueId, destination: QueueId | None) -> str:
    """Return in one line what a redrive does from now on."""
    pace = f", {task.max_per_second} a second" if task.max_per_second else ""
    return f"moving {counted(task.to_move, 'message')} of {source.name} to {_target(destination)}{pace}"


def redrive_progress(task: MoveTask, source: QueueId) -> str:
    """Return in one line where a redrive stands or how it ended, and what to do when it failed."""
    moved = f"moved {task.moved} of {counted(task.to_move, 'message')} of {source.name}"
    if task.failure_reason == CANNOT_TELL_SOURCE:
        return f"{moved}: the rest was sent to {source.name} directly; name a queue for it with --to"
    if task.failure_reason == NO_DESTINATION:
        return f"{moved}: the queue of the rest does not exist any more; name another with --to"
    if task.failure_reason or task.status in (MoveStatus.CANCELLING, MoveStatus.CANCELLED):
        return f"{moved}: {task.failure_reason or task.status.value.lower()}"
    return moved


def _target(destination: QueueId | None) -> str:
    return destination.name if destination else "the queues they came from"


def sync_title(report: SyncReport) -> str:
    """Return in one line what a sync found."""
    snapshot = report.snapshot
    functions, mappings = counted(len(snapshot.functions), "function"), counted(len(snapshot.mappings), "mapping")
    found = f"{functions}, {mappings} in {snapshot.region}"
    return f"{found}; nothing is changed yet, `karin sync` would make of this:" if report.is_dry_run else found


def sync_lines(report: SyncReport) -> list[str]:
    """Return what a sync changed, line by line, then its warnings."""
    return (sync_changes(report) or ["nothing changed"]) + [f"warning: {warning}" for warning in report.warnings]


def sync_changes(report: SyncReport) -> list[str]:
    """Return each change of a sync as a line."""
    return [
        *(f"new: {name}" for name in report.added),
        *(f"changed: {one.mapping}: {_fields(one.fields)}" for one in report.changed),
        *(f"gone: {name} (its queue and messages stay)" for name in report.removed),
        *(f"new queue: {name}" for name in report.created_queues),
        *(f"changed queue: {one.queue}: {_fields(one.fields)}" for one in report.changed_queues),
    ]


def _fields(changes: Sequence[FieldChange]) -> str:
    return ", ".join(map(str, changes))


def elapsed(duration_ms: int) -> str:
    """Return a duration as people say it: ``4ms``, ``1.2s``, ``12s``, ``3m``."""
    if duration_ms < 1_000:
        return f"{max(0, duration_ms)}ms"
    if duration_ms < 10_000:
        return f"{duration_ms // 100 / 10:.1f}s"
    unit_ms, unit = next(pair for pair in _UNITS if duration_ms >= pair[0])
    return f"{duration_ms // unit_ms}{unit}"


def message_state(seen: SeenMessage, now_ms: int) -> str:
    """Return a message's state in a word: ``behind`` when it waits for another one of its group."""
    return "behind" if seen.state is MessageState.READY and seen.due_at_ms > now_ms else seen.state.value


def no_messages(queue: QueueId, state: MessageState | None) -> str:
    """Return what to say when there is no message to show, and what to do."""
    if state is None:
        return f"no messages in {queue.name}: `karin send {queue.name} BODY` sends one"
    return f"no {state.value} messages in {queue.name}: `karin messages {queue.name}` shows all"


def in_flight(seen: SeenMessage, queue: QueueId, now_ms: int) -> str:
    """Return what to know before a message is touched that someone may hold."""
    message_id, when = seen.message.message_id, relative(seen.due_at_ms, now_ms)
    return f"Message {message_id} of {queue.name} is in flight, or waits for its retry {when}."


def sooner_question(seen: SeenMessage, queue: QueueId, now_ms: int) -> str:
    """Return what to ask before a message in flight is made due sooner."""
    return f"{in_flight(seen, queue, now_ms)} If a function has it now, it is called with it once more. Go on?"


def delete_question(seen: SeenMessage, queue: QueueId, now_ms: int) -> str:
    """Return what to ask before a message is deleted."""
    question = f"Delete message {seen.message.message_id} of {queue.name} for good?"
    if seen.state is MessageState.LEASED:
        return f"{in_flight(seen, queue, now_ms)} A function that has it now goes on with it. {question}"
    return question


def rescheduled(message_id: str, queue: QueueId, due_at_ms: int, now_ms: int, due_at: str) -> str:
    """Return in one line when a message is due; ``due_at`` is that instant as its reader writes it."""
    when = f"{relative(due_at_ms, now_ms)}, at {due_at}" if due_at_ms > now_ms else "now"
    return f"message {message_id} of {queue.name} is due {when}"


def deleted(message_id: str, queue: QueueId) -> str:
    """Return in one line that a message is gone."""
    return f"deleted message {message_id} of {queue.name}"


def waits_because(
    queue: QueueId, snapshot: Snapshot | None, paused_uuids: Collection[str], schedulers_alive: int
) -> str:
    """Return why a message of a queue is not delivered although it is due; empty when it is."""
    mappings = snapshot.mappings_of(queue) if snapshot else ()
    if not mappings:
        return f"karin calls no function with messages of {queue.name}: it waits for whoever receives it"
    if all(one.uuid in paused_uuids for one in mappings):
        return f"{title(mappings[0])} is paused: its messages wait"
    return "" if schedulers_alive else "no scheduler is alive: it waits until one is; see `karin up`"


def outcome(kind: OutcomeKind) -> str:
    """Return how a call went, in a word."""
    return "failed" if kind is OutcomeKind.FUNCTION_ERROR else kind.value


def error(error_type: str, error_message: str) -> str:
    """Return why a call failed: ``TypeError: x is not a function``; empty when it did not."""
    return f"{error_type}: {error_message}" if error_message else error_type


def carried(one: Invocation) -> str:
    """Return how many messages a call had: ``9``, ``9, 1 filtered out``."""
    return f"{one.message_count}{f', {one.filtered_count} filtered out' if one.filtered_count else ''}"


def tries(one: Invocation, most: int | None = None) -> list[str]:
    """Return the first messages of a call line by line, with their receive counts; a last line counts the others."""
    pairs = zip(one.message_ids, one.attempts, strict=True)
    lines = [f"{message_id}  try {attempt}" for message_id, attempt in pairs][:most]
    rest = one.message_count - len(lines)
    return [*lines, f"and {rest} more"] if rest else lines


def attribute(value: MessageAttribute) -> str:
    """Return a message attribute's value with its type; of a binary one how long it is."""
    text = value.string_value
    if text is None:
        text = counted(len(value.binary_value or b""), "byte")
    return f"{text} ({value.data_type})"


def no_invocations(queue: QueueId | None, *, failed: bool) -> str:
    """Return what to say when there is no invocation to show, and what to do."""
    of_queue = f" of {queue.name}" if queue else ""
    if failed:
        return f"no failed invocations{of_queue} among those that are kept"
    return f"no invocations{of_queue} yet: `karin send` to a mapped queue makes one"


def replay_question(invocation: Invocation, now_ms: int) -> str:
    """Return what a replay is about to do."""
    count = invocation.message_count
    when = relative(invocation.started_at_ms, now_ms)
    kept = "The message itself is" if count == 1 else "The messages themselves are"
    event = f"the event of {when}, {counted(count, 'message')} of {invocation.queue.name}"
    return f"Call {invocation.function_name} once more with {event}? {kept} not touched."
