"""Message move tasks: starting, listing and cancelling them. The moving itself is the schedulers' work."""

import uuid

from karin.operations.context import Context
from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.moves import (
    MoveTask,
    check_listed,
    check_move,
    check_queue_types,
    no_dead_letter_queue,
    no_such_resource,
    read_task_handle,
    source_of,
)
from karin.sqs.names import QueueId
from karin.store.queues import QueueState
from karin.store.signals import MoveWaits


def start_move(
    context: Context, source_arn: str | None, destination_arn: str | None, max_per_second: int | None
) -> MoveTask:
    """Start a task and tell the schedulers; raises the SqsError that AWS would give.

    It moves what is ready now. Of all requests this one costs the most commands, six: it concerns queues in several
    slots, and nobody makes it often.
    """
    request = check_move(source_arn, destination_arn, max_per_second)
    ready = _described(context, request.source, "SourceArn").ready
    if not context.store.queues.has_sources(request.source):
        raise no_dead_letter_queue()
    if request.destination is not None:
        _described(context, request.destination, "DestinationArn")
    check_queue_types(request.source, request.destination)
    now_ms = context.clock.now_ms()
    task = MoveTask(
        str(uuid.uuid4()), request.source_arn, request.destination_arn, request.max_per_second, now_ms, ready
    )
    context.store.signals.publish(MoveWaits(context.store.moves.start(request.source, now_ms, task)))
    return task


def list_moves(context: Context, source_arn: str | None, most: int | None = None) -> list[MoveTask]:
    """Return up to ``most`` tasks of a source, the latest first; raises the SqsError that AWS would give."""
    source = source_of(source_arn)
    return context.store.moves.listed(source, context.clock.now_ms(), check_listed(most))


def cancel_move(context: Context, task_handle: str | None) -> int:
    """Ask for a task's end and return how many messages were moved until now; what is moved stays moved.

    Raises the SqsError that AWS would give.
    """
    task_id, source = read_task_handle(task_handle)
    task, active = context.store.moves.cancel(source, context.clock.now_ms(), task_id)
    if not task.is_attended:
        context.store.signals.publish(MoveWaits(active))
    return task.moved


def _described(context: Context, queue: QueueId, parameter: str) -> QueueState:
    try:
        return context.store.queues.describe(queue, context.clock.now_ms())
    except QueueDoesNotExist:
        raise no_such_resource(parameter) from None
