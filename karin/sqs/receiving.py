"""What a receive may ask for, and what it shows of a message (SQS API reference, ReceiveMessage)."""

from collections.abc import Collection

import msgspec

from karin.sqs.errors import InvalidParameterValue
from karin.sqs.fifo import check_fifo_id
from karin.sqs.limits import RECEIVE_MESSAGES, VISIBILITY_SECONDS, WAIT_SECONDS
from karin.sqs.message import Message, MessageAttribute, ReceivedMessage

ALL = "All"
ALL_MESSAGE_ATTRIBUTES = {ALL, ".*", "*"}
PREFIX = ".*"


class Receive(msgspec.Struct, frozen=True):
    """What a caller wants received; None leaves the wait and the visibility timeout to the queue."""

    most: int = 1
    wait_seconds: int | None = None
    visibility_seconds: int | None = None
    attempt_id: str | None = None


def check_receive(receive: Receive, *, fifo: bool) -> None:
    """Accept a receive or raise the SqsError that AWS gives for the first parameter that is wrong."""
    low, high = RECEIVE_MESSAGES
    if not low <= receive.most <= high:
        raise _invalid("MaxNumberOfMessages", receive.most, f"Must be between {low} and {high}, if provided.")
    _check_seconds("WaitTimeSeconds", receive.wait_seconds, WAIT_SECONDS)
    _check_seconds("VisibilityTimeout", receive.visibility_seconds, VISIBILITY_SECONDS)
    if receive.attempt_id is not None:
        check_fifo_id("ReceiveRequestAttemptId", receive.attempt_id)
        if not fifo:
            raise _invalid(
                "ReceiveRequestAttemptId",
                receive.attempt_id,
                "The request include parameter that is not valid for this queue type.",
            )


def system_attributes(received: ReceivedMessage) -> dict[str, str]:
    """Return the queue's own attributes of a message, all as text, without those it does not have."""
    message = received.message
    attributes = {
        "ApproximateReceiveCount": str(received.receive_count),
        "AWSTraceHeader": message.trace_header,
        "SentTimestamp": str(message.sent_at_ms),
        "SequenceNumber": message.sequence_number,
        "MessageGroupId": message.group_id,
        "SenderId": message.sender_id,
        "MessageDeduplicationId": message.deduplication_id,
        "ApproximateFirstReceiveTimestamp": str(received.first_received_at_ms),
        "DeadLetterQueueSourceArn": message.dead_letter_source_arn,
    }
    return {name: value for name, value in attributes.items() if value is not None}


def asked_system_attributes(received: ReceivedMessage, names: Collection[str]) -> dict[str, str]:
    """Return the system attributes that a caller asked for: by name, or ``All``; names that mean none are ignored."""
    if not names:
        return {}
    return {name: value for name, value in system_attributes(received).items() if name in names or ALL in names}


def asked_attributes(message: Message, names: Collection[str]) -> dict[str, MessageAttribute]:
    """Return the message attributes that a caller asked for: by name, by ``prefix.*``, or all of them.

    A prefix is any beginning: ``Hel.*`` asks for ``Hello`` as well as for ``Help.Me``.
    """
    if not ALL_MESSAGE_ATTRIBUTES.isdisjoint(names):
        return message.attributes
    prefixes = tuple(name.removesuffix(PREFIX) for name in names if name.endswith(PREFIX))
    return {
        name: attribute for name, attribute in message.attributes.items() if name in names or name.startswith(prefixes)
    }


def _check_seconds(name: str, seconds: int | None, limits: tuple[int, int]) -> None:
    low, high = limits
    if seconds is not None and not low <= seconds <= high:
        raise _invalid(name, seconds, f"Must be >= {low} and <= {high}, if provided.")


def _invalid(name: str, value: object, reason: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"Value {value} for parameter {name} is invalid. Reason: {reason}")
