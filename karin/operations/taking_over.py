"""Taking over a deployed queue: what has to be done here for it to be as AWS has it, and doing that.

Attributes follow AWS, whatever they were changed to here. What karin does not know is passed over, and what it cannot
accept costs that attribute and a warning: a queue must exist for its messages to be taken.
"""

import msgspec

from karin.mapping.changes import FieldChange, attribute_changes
from karin.mapping.model import MappedQueue
from karin.operations.context import Context
from karin.sqs.errors import QueueDoesNotExist, SqsError
from karin.sqs.names import QueueId, queue_id_from_arn
from karin.sqs.queue_attributes import REMOVABLE, SETTABLE, check_attributes, defaults_for
from karin.sqs.redrive import check_dead_letter_target


class QueuePlan(msgspec.Struct, frozen=True):
    """What to do for one queue. ``attributes`` are what it is to have, an empty one is to be removed."""

    queue: QueueId
    is_new: bool
    attributes: dict[str, str]
    changes: tuple[FieldChange, ...] = ()
    warnings: tuple[str, ...] = ()


def plan_queue(context: Context, mapped: MappedQueue) -> QueuePlan | None:
    """Return what taking over a queue would do, None when its ARN names none; one Redis command, nothing is changed."""
    queue = queue_id_from_arn(mapped.arn)
    if queue is None:
        return None
    attributes, warnings = _understood(context, queue, mapped)
    try:
        found = context.store.queues.describe(queue, context.clock.now_ms()).attributes
    except QueueDoesNotExist:
        return QueuePlan(queue, True, attributes, warnings=warnings)
    if not attributes:  # AWS did not tell
        return QueuePlan(queue, False, {}, warnings=warnings)
    # What AWS tells is the whole: a redrive policy that was taken away there must not go on moving messages here.
    absent = {name: "" for name in REMOVABLE if name not in (mapped.attributes or {})}
    wanted = absent | attributes
    return QueuePlan(queue, False, wanted, attribute_changes(found, wanted), warnings)


def take_over(context: Context, plan: QueuePlan) -> None:
    """Carry out a plan; raises the SqsError of whatever cannot be done."""
    now_ms = context.clock.now_ms()
    if plan.is_new:
        given = {name: value for name, value in plan.attributes.items() if value}
        is_new = context.store.queues.create(plan.queue, now_ms, {}, defaults_for(fifo=plan.queue.is_fifo) | given)
        if not is_new and given:  # somebody created it since it was planned
            context.store.queues.set_attributes(plan.queue, now_ms, given)
    elif plan.changes:
        names = {change.field for change in plan.changes}
        context.store.queues.set_attributes(
            plan.queue, now_ms, {name: value for name, value in plan.attributes.items() if name in names}
        )


def _understood(context: Context, queue: QueueId, mapped: MappedQueue) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the attributes that AWS tells and karin accepts, and a warning for each that it does not accept."""
    known = {name: value for name, value in (mapped.attributes or {}).items() if name in SETTABLE}
    accepted: dict[str, str] = {}
    warnings = []
    for name, value in known.items():
        try:
            _check(context, queue, mapped, {name: value})
        except SqsError as error:
            warnings.append(f"queue {queue.name}: {error.message} Its {name} is left as it is here.")
        else:
            accepted[name] = value
    try:
        return _check(context, queue, mapped, accepted), tuple(warnings)
    except SqsError as error:  # each by itself is right, together they are not
        return {}, (*warnings, f"queue {queue.name}: {error.message} Its attributes are left as they are here.")


def _check(context: Context, queue: QueueId, mapped: MappedQueue, attributes: dict[str, str]) -> dict[str, str]:
    checked = check_attributes(
        attributes, fifo=queue.is_fifo, creating=False, max_delay_seconds=context.max_delay_seconds
    )
    if policy := checked.get("RedrivePolicy"):
        check_dead_letter_target(policy, queue, mapped.arn, target_exists=True, allow_policy=None)
    return checked
