"""How karin's facts are put into words, once for every place that shows them to a person.

Knows neither columns, colours nor terminals: those belong to whoever shows the words.
"""

from karin.mapping.model import Mapping, Snapshot
from karin.operations.status import Status
from karin.operations.syncing import SyncReport
from karin.sqs.moves import CANNOT_TELL_SOURCE, NO_DESTINATION, MoveStatus, MoveTask
from karin.sqs.names import QueueId

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


def served(mapping: Mapping) -> str:
    """Return whether karin delivers for a mapping, and when not, why and what to do."""
    return "yes" if mapping.unserved_because is None else f"no: {mapping.unserved_because}"


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
        *(("warning", warning) for warning in (seen.snapshot.warnings if seen.snapshot else ())),
    ]


def sent(message_id: str, queue: QueueId, delay_seconds: int | None) -> str:
    """Return in one line what became of a send."""
    when = f", due in {delay_seconds} s" if delay_seconds else ""
    return f"sent {message_id} to {queue.name}{when}"


def purged(removed: int, queue: QueueId) -> str:
    """Return in one line what a purge did."""
    return f"deleted {counted(removed, 'message')} of {queue.name}"


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
    return f"{functions}, {mappings} in {snapshot.region}"


def sync_lines(report: SyncReport) -> list[str]:
    """Return what a sync changed, line by line, then its warnings."""
    changes = (("new", report.added), ("changed", report.changed), ("gone", report.removed))
    lines = [f"{word}: {name}" for word, names in changes for name in names] or ["nothing changed"]
    return lines + [f"warning: {warning}" for warning in report.warnings]
