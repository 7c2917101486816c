"""FIFO queues: their ids, and what tells a duplicate (SQS developer guide, "Exactly-once processing")."""

import hashlib
import re

from karin.sqs.errors import InvalidParameterValue
from karin.sqs.limits import GROUP_ID_LENGTH

_ID = re.compile(r"[!-~]{1,%d}" % GROUP_ID_LENGTH)  # noqa: UP031 - braces of the pattern


def check_fifo_id(name: str, value: str) -> None:
    """Accept a group's, deduplication's or receive attempt's id; ``name`` is that of its parameter."""
    if not _ID.fullmatch(value):
        raise InvalidParameterValue(
            f"Value {value} for parameter {name} is invalid. Reason: {name} can only include alphanumeric"
            f" and punctuation characters. 1 to {GROUP_ID_LENGTH} in length."
        )


def content_deduplication_id(body: str) -> str:
    """Return the id that a queue with ContentBasedDeduplication gives a message: of its body, attributes aside."""
    return hashlib.sha256(body.encode()).hexdigest()


def deduplication_missing() -> InvalidParameterValue:
    """Return AWS's error for a message without a MessageDeduplicationId in a queue that makes none itself."""
    return InvalidParameterValue(
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
    )
