"""How karin's facts are put into words, once for every place that shows them to a person.

Knows neither columns, colours nor terminals: those belong to whoever shows the words.
"""

from collections.abc import Sequence

from karin.mapping.advice import mapping_warnings
from karin.mapping.changes import FieldChange
from karin.mapping.invocation import Invocation
from karin.mapping.model import Mapping, Snapshot
from karin.mapping.outcome import OutcomeKind
from karin.mapping.pause import Pause, PausedBy
from karin.operations.importing import Imported
from karin.operations.status import Status
from karin.operations.syncing import SyncReport
from karin.sqs.moves import CANNOT_TELL_SOURCE, NO_DESTINATION, MoveStatus, MoveTask
from karin.sqs.names import QueueId
from karin.sqs.source import Waiting
from karin.store.inspect import MessageState, SeenMessage

NO_QUEUES = "no queues yet: CreateQueue makes one, and so does a sync for each queue that is mapped"
NO_MAPPINGS = "no mappings of SQS queues are deployed"
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


def warnings(snapshot: Snapshot | None) -> list[str]:
    """Return what a person should know about a deployment, that of its mappings first."""
    return [*mapping_warnings(snapshot.mappings), *snapshot.warnings] if snapshot else []


def status_rows(seen: Status, *, store: str, endpoint_url: str) -> list[tuple[str, str]]:
    """Return all of a status as label and value; ``store`` is fit for showing."""
    ready, leased, delayed = seen.counts
    mappings = seen.snapshot.mappings if seen.snapshot else ()
    served_count = sum(mapping.is_served for mapping in mappings)
    synced = f"synced {relative(seen.snapshot.synced_at_ms, seen.now_ms)}" if seen.snapshot else NOTHING_SYNCED
    alive = f"{seen.schedulers_alive} alive" if seen.schedulers_alive else "none alive: messages wait; see `karin up`"
    return [
        ("scheduler", alive),
        ("endpoint", endpoint_url),
        ("store", store),
        ("queues", f"{len(seen.queues)}: {ready} ready, {delayed} delayed, {leased} in flight"),
        ("next due", relative(seen.next_due_at_ms, seen.now_ms)),
        ("mappings", f"{len(mappings)}, {served_count} served; {synced}"),
        *(("warning", warning) for warning in warnings(seen.snapshot)),
    ]


def sent(message_id: str, queue: QueueId, delay_seconds: int | None) -> str:
    """Return in one line what became of a send."""
    when = f", due in {delay_seconds} s" if delay_seconds else ""
    return f"sent {message_id} to {queue.name}{when}"


def purged(removed: int, queue: QueueId) -> str:
    """Return in one line what a purge did."""
    return f"deleted {counted(removed, 'message')} of {queue.name}"


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


def outcome(kind: OutcomeKind) -> str:
    """Return how a call went, in a word."""
    return "failed" if kind is OutcomeKind.FUNCTION_ERROR else kind.value


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
