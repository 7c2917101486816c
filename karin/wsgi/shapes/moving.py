"""Requests and responses of the actions on message move tasks."""

from typing import Annotated

from karin.wsgi.shapes.base import Flat, Shape


class StartMessageMoveTaskRequest(Shape):
    """StartMessageMoveTask."""

    source_arn: str | None = None
    destination_arn: str | None = None
    max_number_of_messages_per_second: int | None = None


class StartMessageMoveTaskResult(Shape):
    """The handle by which a task is cancelled."""

    task_handle: str | None = None


class ListMessageMoveTasksRequest(Shape):
    """ListMessageMoveTasks."""

    source_arn: str | None = None
    max_results: int | None = None


class ListMessageMoveTasksResultEntry(Shape):
    """A task; the timestamp is in milliseconds."""

    task_handle: str | None = None
    status: str | None = None
    source_arn: str | None = None
    destination_arn: str | None = None
    max_number_of_messages_per_second: int | None = None
    approximate_number_of_messages_moved: int | None = None
    approximate_number_of_messages_to_move: int | None = None
    failure_reason: str | None = None
    started_timestamp: int | None = None


class ListMessageMoveTasksResult(Shape):
    """The latest tasks of a source; absent when there are none."""

    results: Annotated[list[ListMessageMoveTasksResultEntry] | None, Flat("ListMessageMoveTasksResultEntry")] = None


class CancelMessageMoveTaskRequest(Shape):
    """CancelMessageMoveTask."""

    task_handle: str | None = None


class CancelMessageMoveTaskResult(Shape):
    """How many messages the task has moved."""

    approximate_number_of_messages_moved: int | None = None
