"""Taking over a deployment: reading the mappings, making their queues exist, and asking others to do so.

A sync first finds out what it will change (its plan), then changes it. It never deletes a queue nor a message.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from karin.mapping.advice import mapping_warnings
from karin.mapping.changes import FieldChange, MappingChange, mapping_changes
from karin.mapping.model import LambdaFunction, MappedQueue, Snapshot
from karin.operations.context import Context
from karin.operations.taking_over import QueuePlan, plan_queue, take_over
from karin.sqs.errors import QueueDeletedRecently, SqsError
from karin.store.signals import SyncAsked, Synced, SyncFailed

SYNC_ANSWER_SECONDS = 8  # how long a caller may wait for a sync before it hears that its queue is unknown
QUEUES_KEPT_MS = 60 * 60 * 1000  # SQS bills each look at a queue: once a minute, 43,200 a month for every queue
URLS_KEPT_MS = 24 * 60 * 60 * 1000  # nothing that AWS lists tells of a new URL; so they are asked for again each day
MOST_URLS = 50  # of one sync that no person asked for: Lambda allows an account 15 such calls a second


class Catalog(Protocol):
    """Where deployments are read from: AWS, or something that answers like it."""

    def read(self, now_ms: int, region: str, known: Sequence[MappedQueue] = ()) -> Snapshot:
        """Return the deployment as it is now, but queues that are ``known`` as they are given here.

        Raises an error with one line for a person when it cannot.
        """
        ...

    def read_urls(
        self, functions: Sequence[LambdaFunction], now_ms: int, region: str
    ) -> tuple[tuple[LambdaFunction, ...], str | None]:
        """Return functions with the URLs that they have now, as far as they are told, and a warning if not all are."""
        ...


class QueueChange(msgspec.Struct, frozen=True):
    """A queue whose attributes follow those it has on AWS; ``queue`` is ``account/name``."""

    queue: str
    fields: tuple[FieldChange, ...]


class SyncReport(msgspec.Struct, frozen=True):
    """What a sync found and changed, or would change. Mappings are named ``queue -> function``.

    In a report for which nothing was changed, ``is_dry_run``.
    """

    snapshot: Snapshot
    added: tuple[str, ...] = ()
    changed: tuple[MappingChange, ...] = ()
    removed: tuple[str, ...] = ()
    created_queues: tuple[str, ...] = ()
    changed_queues: tuple[QueueChange, ...] = ()
    warnings: tuple[str, ...] = ()
    is_dry_run: bool = False


def sync(context: Context, catalog: Catalog, *, thoroughly: bool = False) -> SyncReport:
    """Read the deployment, make its queues exist, replace the snapshot and tell the schedulers; then read URLs.

    A failure to read leaves the old snapshot standing and raises what the catalog raised. Queues and function URLs cost
    a request each, so what was read lately is taken to be as it was, unless a person wants it done ``thoroughly``.
    """
    before = context.store.deployment.snapshot()
    oldest_ms = context.clock.now_ms() - QUEUES_KEPT_MS
    known = [] if thoroughly or not before else [queue for queue in before.queues if queue.read_at_ms > oldest_ms]
    report, plans = _prepare(context, catalog, before, known)
    warnings = list(report.snapshot.warnings)
    done: list[QueuePlan] = []
    for plan in plans:
        try:
            take_over(context, plan)
            done.append(plan)
        except QueueDeletedRecently:
            warnings.append(f"queue {plan.queue.name} was deleted here less than a minute ago: sync again later")
        except SqsError as error:
            warnings.append(f"queue {plan.queue.name}: {error.message}")
    snapshot = msgspec.structs.replace(report.snapshot, warnings=tuple(warnings))
    context.store.deployment.replace_snapshot(snapshot)
    context.account.forget()
    context.store.signals.publish(Synced())
    snapshot = _read_urls(context, catalog, snapshot, every=thoroughly)
    return _told(msgspec.structs.replace(report, snapshot=snapshot), done)


def preview(context: Context, catalog: Catalog) -> SyncReport:
    """Return what a sync would change, and change nothing; raises what the catalog raises."""
    report, plans = _prepare(context, catalog, context.store.deployment.snapshot(), [])
    return _told(msgspec.structs.replace(report, is_dry_run=True), plans)


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
        if not context.store.signals.publish(SyncAsked()):  # nobody heard it: there is no scheduler
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


def _prepare(
    context: Context, catalog: Catalog, before: Snapshot | None, known: Sequence[MappedQueue]
) -> tuple[SyncReport, list[QueuePlan]]:
    """Return what is different now, and what to do about queues: dead-letter queues come first."""
    snapshot = catalog.read(context.clock.now_ms(), context.region, known)
    snapshot = snapshot.overridden(context.store.deployment.overrides())
    plans = [plan for mapped in snapshot.queues if (plan := plan_queue(context, mapped))]
    changes = mapping_changes(before, snapshot)
    snapshot = msgspec.structs.replace(
        _with_known_urls(snapshot, before),
        warnings=(*snapshot.warnings, *(warning for plan in plans for warning in plan.warnings)),
    )
    return SyncReport(snapshot, changes.added, changes.changed, changes.removed), plans


def _told(report: SyncReport, plans: Sequence[QueuePlan]) -> SyncReport:
    """Return a report with its queues and all warnings, those about mappings first."""
    return msgspec.structs.replace(
        report,
        created_queues=tuple(str(plan.queue) for plan in plans if plan.is_new),
        changed_queues=tuple(QueueChange(str(plan.queue), plan.changes) for plan in plans if plan.changes),
        warnings=(*mapping_warnings(report.snapshot.mappings), *report.snapshot.warnings),
    )


def _with_known_urls(snapshot: Snapshot, before: Snapshot | None) -> Snapshot:
    """Return a snapshot with the URLs of the one before, to be read again where the function changed since."""
    known = {function.arn: function for function in before.functions} if before else {}
    return msgspec.structs.replace(
        snapshot,
        functions=tuple(
            msgspec.structs.replace(
                function,
                urls=old.urls,
                urls_read_at_ms=old.urls_read_at_ms if old.revision == function.revision else 0,
            )
            if (old := known.get(function.arn))
            else function
            for function in snapshot.functions
        ),
    )


def _read_urls(context: Context, catalog: Catalog, snapshot: Snapshot, *, every: bool) -> Snapshot:
    """Return a snapshot with URLs read anew, and store it, unless another sync has stored a newer one meanwhile.

    They come last, because they are many, slow and not needed to deliver.
    """
    now_ms = context.clock.now_ms()
    wanted = sorted(snapshot.functions, key=lambda function: function.urls_read_at_ms)
    if not every:
        wanted = [one for one in wanted if now_ms - one.urls_read_at_ms >= URLS_KEPT_MS][:MOST_URLS]
    if not wanted:
        return snapshot
    read, warning = catalog.read_urls(wanted, now_ms, snapshot.region)
    by_arn = {function.arn: function for function in read}
    snapshot = msgspec.structs.replace(
        snapshot,
        functions=tuple(by_arn.get(function.arn, function) for function in snapshot.functions),
        warnings=(*snapshot.warnings, warning) if warning else snapshot.warnings,
    )
    stored = context.store.deployment.snapshot()
    if stored and stored.synced_at_ms == snapshot.synced_at_ms:
        context.store.deployment.replace_snapshot(snapshot)
    return snapshot
