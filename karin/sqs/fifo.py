"""FIFO queues: what tells a duplicate (SQS developer guide, "Exactly-once processing")."""

import hashlib

from karin.sqs.errors import InvalidParameterValue


def content_deduplication_id(body: str) -> str:
    """Return the id that a queue with ContentBasedDeduplication gives a message: of its body, attributes aside."""
    return hashlib.sha256(body.encode()).hexdigest()


def deduplication_missing() -> InvalidParameterValue:
    """Return AWS's error for a message without a MessageDeduplicationId in a queue that makes none itself."""
    return InvalidParameterValue(
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
    )
