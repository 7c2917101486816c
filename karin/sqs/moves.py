"""Message move tasks: moving what a dead-letter queue holds back to where it came from, or to another queue.

What a task is, what its handle says, what a request for one must look like, and how fast it may go (SQS API reference,
StartMessageMoveTask; SQS developer guide, "Configure a dead-letter queue redrive").
"""

import base64
import binascii
import uuid
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from karin.sqs.errors import InvalidParameterValue, MissingParameter, ResourceNotFound
from karin.sqs.limits import LISTED_MOVES, MOVES_PER_SECOND
from karin.sqs.message import Message
from karin.sqs.names import QueueId, queue_id_from_arn

CANNOT_TELL_SOURCE = "CouldNotDetermineMessageSource"  # a FailureReason: a message came to the queue by itself
NO_DESTINATION = "AWS.SimpleQueueService.NonExistentQueue"  # another: the queue that it came from is gone

STEPS_PER_SECOND = 20  # at most: a step costs the store four commands, whatever it moves
_ROUNDING_MS = 1  # the clock rounds down


class MoveStatus(StrEnum):
    """Where a task stands; only the first two are active."""

    RUNNING = "RUNNING"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class MoveTask(msgspec.Struct, frozen=True):
    """A task as its listing tells it; ``to_move`` is how many messages were ready when it started.

    Without a destination each message goes back to the queue that it was dead-lettered from. ``is_attended`` says that
    a scheduler works on it just now.
    """

    task_id: str
    source_arn: str
    destination_arn: str | None
    max_per_second: int | None
    started_at_ms: int
    to_move: int
    status: MoveStatus = MoveStatus.RUNNING
    moved: int = 0
    failure_reason: str | None = None
    is_attended: bool = False

    @property
    def handle(self) -> str:
        """Return the TaskHandle: base64 of what it names, as on AWS."""
        return base64.b64encode(msgspec.json.encode(_Handle(self.task_id, self.source_arn))).decode()

    @property
    def is_active(self) -> bool:
        """Tell whether the task goes on."""
        return self.status in (MoveStatus.RUNNING, MoveStatus.CANCELLING)


class ActiveMove(msgspec.Struct, frozen=True):
    """A task that schedulers have to see to. Written ``account/name task_id started_at_ms``."""

    source: QueueId
    task_id: str
    started_at_ms: int

    def __str__(self) -> str:
        return f"{self.source} {self.task_id} {self.started_at_ms}"

    @classmethod
    def parse(cls, text: str) -> "ActiveMove":
        """Read the text back; raises ValueError when it is not one."""
        source, task_id, started_at_ms = text.split(" ")
        return cls(QueueId.parse(source), task_id, int(started_at_ms))


class MoveRequest(msgspec.Struct, frozen=True):
    """A request for a task that passed every rule which does not depend on the queues."""

    source: QueueId
    source_arn: str
    destination: QueueId | None
    destination_arn: str | None
    max_per_second: int | None


class _Handle(msgspec.Struct, frozen=True, rename="camel"):
    task_id: str
    source_arn: str


def check_move(source_arn: str | None, destination_arn: str | None, max_per_second: int | None) -> MoveRequest:
    """Check what a caller asks for; raises the SqsError that AWS gives for the first rule broken."""
    source = source_of(source_arn)
    destination = None if destination_arn is None else _queue("DestinationArn", destination_arn)
    low, high = MOVES_PER_SECOND
    if max_per_second is not None and not low <= max_per_second <= high:
        raise InvalidParameterValue(
            "Value for parameter MaxNumberOfMessagesPerSecond is invalid."
            f" Reason: You must enter a number that's between {low} and {high}."
        )
    if destination == source:
        raise InvalidParameterValue("Source queue arn and destination queue arn cannot be the same.")
    return MoveRequest(source, source_arn or "", destination, destination_arn, max_per_second)


def check_queue_types(source: QueueId, destination: QueueId | None) -> None:
    """Refuse to move messages between a FIFO and a standard queue."""
    if destination is not None and destination.is_fifo != source.is_fifo:
        raise InvalidParameterValue("The source queue and destination queue must be of the same queue type.")


def check_listed(most: int | None) -> int:
    """Return how many tasks a listing shows: one unless the caller says otherwise."""
    low, high = LISTED_MOVES
    if most is not None and not low <= most <= high:
        raise InvalidParameterValue(
            f"Value for parameter MaxResults is invalid. Reason: You must enter a number that's between {low} and"
            f" {high}."
        )
    return low if most is None else most


def source_of(arn: str | None) -> QueueId:
    """Return the queue that a SourceArn names; raises an SqsError when there is none, or it is no ARN of a queue."""
    if arn is None:
        raise MissingParameter("SourceArn")
    return _queue("SourceArn", arn)


def read_task_handle(handle: str | None) -> tuple[str, QueueId]:
    """Return the task and the source queue that a TaskHandle names; raises an SqsError when it is none."""
    if handle is None:
        raise MissingParameter("TaskHandle")
    try:
        said = msgspec.json.decode(base64.b64decode(handle, validate=True), type=_Handle)
    except (binascii.Error, ValueError):  # msgspec's errors are ValueErrors
        said = None
    source = queue_id_from_arn(said.source_arn) if said else None
    if said is None or source is None:
        raise InvalidParameterValue("Value for parameter TaskHandle is invalid.")
    return said.task_id, source


def no_dead_letter_queue() -> InvalidParameterValue:
    """Return AWS's error for a source that no queue has for its dead-letter queue."""
    return InvalidParameterValue("Source queue must be configured as a Dead Letter Queue.")


def already_running() -> InvalidParameterValue:
    """Return AWS's error for a second task on a source."""
    return InvalidParameterValue(
        "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
    )


def no_such_resource(parameter: str) -> ResourceNotFound:
    """Return AWS's error for an ARN whose queue does not exist."""
    return ResourceNotFound(f"The resource that you specified for the {parameter} parameter doesn't exist.")


def no_such_task() -> ResourceNotFound:
    """Return AWS's error for a task that is unknown or over."""
    return ResourceNotFound("Task does not exist.")


def moved_message(task_id: str, message: Message, now_ms: int, *, to_fifo: bool) -> Message:
    """Return a message as it arrives: a new one, with an id that is the same however often the move is tried."""
    message_id = str(uuid.uuid5(uuid.UUID(task_id), message.message_id))
    return replace(
        message,
        message_id=message_id,
        sent_at_ms=now_ms,
        deduplication_id=message_id if to_fifo else None,
        sequence_number=None,
        dead_letter_source_arn=None,
        retained_from_ms=0,
    )


def pace(max_per_second: int) -> tuple[int, int]:
    """Return how many messages a step moves, and the shortest time in ms from the end of one to the next.

    However the steps fall, no second sees more than ``max_per_second``: it has room for ``max_per_second // size``
    steps at most.
    """
    size = -(-max_per_second // STEPS_PER_SECOND)
    return size, -(-1000 // (max_per_second // size)) + _ROUNDING_MS


def _queue(parameter: str, arn: str) -> QueueId:
    queue = queue_id_from_arn(arn)
    if queue is None:
        raise InvalidParameterValue(
            f"You must use this format to specify the {parameter}:"
            " arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        )
    return queue
