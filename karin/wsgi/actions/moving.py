"""StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask."""

from karin.operations import moving
from karin.operations.context import Context
from karin.sqs.moves import MoveStatus, MoveTask
from karin.wsgi.actions.base import Action
from karin.wsgi.caller import Caller
from karin.wsgi.shapes import moving as shapes


def start_message_move_task(
    context: Context,
    request: shapes.StartMessageMoveTaskRequest,
    caller: Caller,  # noqa: ARG001 - what every action is given
) -> shapes.StartMessageMoveTaskResult:
    """StartMessageMoveTask."""
    task = moving.start_move(
        context, request.source_arn, request.destination_arn, request.max_number_of_messages_per_second
    )
    return shapes.StartMessageMoveTaskResult(task_handle=task.handle)


def list_message_move_tasks(
    context: Context,
    request: shapes.ListMessageMoveTasksRequest,
    caller: Caller,  # noqa: ARG001 - what every action is given
) -> shapes.ListMessageMoveTasksResult:
    """ListMessageMoveTasks."""
    tasks = moving.list_moves(context, request.source_arn, request.max_results)
    return shapes.ListMessageMoveTasksResult(results=[_entry(task) for task in tasks] or None)


def cancel_message_move_task(
    context: Context,
    request: shapes.CancelMessageMoveTaskRequest,
    caller: Caller,  # noqa: ARG001 - what every action is given
) -> shapes.CancelMessageMoveTaskResult:
    """CancelMessageMoveTask."""
    moved = moving.cancel_move(context, request.task_handle)
    return shapes.CancelMessageMoveTaskResult(approximate_number_of_messages_moved=moved)


def _entry(task: MoveTask) -> shapes.ListMessageMoveTasksResultEntry:
    return shapes.ListMessageMoveTasksResultEntry(
        task_handle=task.handle if task.status is MoveStatus.RUNNING else None,
        status=task.status.value,
        source_arn=task.source_arn,
        destination_arn=task.destination_arn,
        max_number_of_messages_per_second=task.max_per_second,
        approximate_number_of_messages_moved=task.moved,
        approximate_number_of_messages_to_move=task.to_move,
        failure_reason=task.failure_reason,
        started_timestamp=task.started_at_ms,
    )


ACTIONS = {
    "CancelMessageMoveTask": Action(shapes.CancelMessageMoveTaskRequest, cancel_message_move_task),
    "ListMessageMoveTasks": Action(shapes.ListMessageMoveTasksRequest, list_message_move_tasks),
    "StartMessageMoveTask": Action(shapes.StartMessageMoveTaskRequest, start_message_move_task),
}
