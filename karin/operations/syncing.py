"""Taking over a deployment: reading the mappings, making their queues exist, and asking others to do so."""

from typing import Protocol

import msgspec

from karin.mapping.model import MappedQueue, Mapping, Snapshot
from karin.operations.context import Context
from karin.sqs.errors import QueueDeletedRecently, SqsError
from karin.sqs.names import QueueId, queue_id_from_arn
from karin.sqs.queue_attributes import REMOVABLE, SETTABLE, check_attributes, defaults_for
from karin.sqs.redrive import check_dead_letter_target
from karin.store.signals import SyncAsked, Synced, SyncFailed

SYNC_ANSWER_SECONDS = 8  # how long a caller may wait for a sync before it hears that its queue is unknown


class Catalog(Protocol):
    """Where deployments are read from: AWS, or something that answers like it."""

    def read(self, now_ms: int, region: str) -> Snapshot:
        """Return the deployment as it is now; raises an error with one line for a person when it cannot."""
        ...


class SyncReport(msgspec.Struct, frozen=True):
    """What a sync found and changed. Mappings are named ``queue -> function``."""

    snapshot: Snapshot
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    created_queues: tuple[str, ...]
    warnings: tuple[str, ...]


def sync(context: Context, catalog: Catalog) -> SyncReport:
    """Read the deployment, make its queues exist, replace the snapshot and tell the schedulers.

    A failure to read leaves the old snapshot standing and raises what the catalog raised. No message is ever deleted.
    """
    snapshot = catalog.read(context.clock.now_ms(), context.region)
    before = context.store.deployment.snapshot()
    created: list[str] = []
    warnings = list(snapshot.warnings)
    for mapped in snapshot.queues:
        queue = queue_id_from_arn(mapped.arn)
        if queue is None:
            continue
        try:
            if _take_over(context, queue, mapped):
                created.append(str(queue))
        except QueueDeletedRecently:
            warnings.append(f"queue {queue.name} was deleted here less than a minute ago: sync again later")
        except SqsError as error:
            warnings.append(f"queue {queue.name}: {error.message}")
    snapshot = msgspec.structs.replace(snapshot, warnings=tuple(warnings))
    context.store.deployment.replace_snapshot(snapshot)
    context.account.forget()
    context.store.signals.publish(Synced())
    old = {mapping.uuid: mapping for mapping in before.mappings} if before else {}
    new = {mapping.uuid: mapping for mapping in snapshot.mappings}
    return SyncReport(
        snapshot,
        added=tuple(title(mapping) for key, mapping in new.items() if key not in old),
        changed=tuple(title(mapping) for key, mapping in new.items() if key in old and old[key] != mapping),
        removed=tuple(title(mapping) for key, mapping in old.items() if key not in new),
        created_queues=tuple(created),
        warnings=tuple(warnings),
    )


def title(mapping: Mapping) -> str:
    """Return a mapping as people name it."""
    return f"{mapping.queue.name} -> {mapping.function_name}"


def ask_for_sync(context: Context) -> bool:
    """Ask a scheduler to sync and wait for its word; tell whether there is a new snapshot.

    One caller a minute asks, whoever it is; all others are told False at once.
    """
    if not context.store.deployment.may_ask_for_sync():
        return False
    deadline_ms = context.clock.now_ms() + SYNC_ANSWER_SECONDS * 1000
    listener = context.store.signals.listen(timeout_seconds=SYNC_ANSWER_SECONDS, wakes=False)
    try:
        next(listener)
        heard_by = context.store.signals.publish(SyncAsked())
        if heard_by <= 1:  # only this listener: there is no scheduler
            return False
        while context.clock.now_ms() < deadline_ms:
            match next(listener):
                case Synced():
                    context.account.forget()
                    return True
                case SyncFailed() | None:
                    return False
        return False
    finally:
        listener.close()


def _take_over(context: Context, queue: QueueId, mapped: MappedQueue) -> bool:
    """Make a queue exist with the attributes it has on AWS; tell whether it is new."""
    fifo = queue.is_fifo
    known = {name: value for name, value in (mapped.attributes or {}).items() if name in SETTABLE}
    attributes = check_attributes(known, fifo=fifo, creating=False, max_delay_seconds=context.max_delay_seconds)
    if policy := attributes.get("RedrivePolicy"):
        check_dead_letter_target(policy, queue, mapped.arn, target_exists=True, allow_policy=None)
    now_ms = context.clock.now_ms()
    is_new = context.store.queues.create(queue, now_ms, {}, defaults_for(fifo=fifo) | attributes)
    if not is_new and attributes:
        # What AWS tells is the whole: a redrive policy that was taken away there must not go on moving messages here.
        context.store.queues.set_attributes(queue, now_ms, dict.fromkeys(REMOVABLE, "") | attributes)
    return is_new
