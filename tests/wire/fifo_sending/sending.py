"""Sends to FIFO queues, good and bad, alone and in batches."""

from collections.abc import Callable
from typing import Any

from karin.sqs.message import Message
from karin.sqs.names import QueueId
from tests.wire.sdk import ACCOUNT, INVALID_PARAMETER, Fault, SqsClient

FIFO = QueueId(ACCOUNT, "work.fifo")
NO_GROUP = "The request must contain the parameter MessageGroupId."
NO_DEDUPLICATION = (
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
)
BAD_ID = (
    "Value {value} for parameter {name} is invalid."
    " Reason: {name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
)
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
Waiting = Callable[[], list[Message]]


def send(client: SqsClient, url: str, body: str = "body", **more: Any) -> dict[str, Any]:
    """Send a message of group ``g``, unless another is given; return the answer."""
    return client.call("SendMessage", QueueUrl=url, MessageBody=body, **{"MessageGroupId": "g", **more})


def refused(client: SqsClient, fault: Fault, url: str, **more: Any) -> str:
    """Send a message, which must be refused; return the error's text. A parameter that is None is left out."""
    parameters = {"MessageBody": "body", "MessageGroupId": "g", "MessageDeduplicationId": "d"} | more
    given = {name: value for name, value in parameters.items() if value is not None}
    return client.refused("SendMessage", fault, QueueUrl=url, **given)


def entry(entry_id: str, body: str = "body", **more: Any) -> dict[str, Any]:
    """Return an entry of a batch, good unless ``more`` says otherwise. A member that is None is left out."""
    members = {"Id": entry_id, "MessageBody": body, "MessageGroupId": "g", "MessageDeduplicationId": entry_id} | more
    return {name: value for name, value in members.items() if value is not None}


def send_batch(client: SqsClient, url: str, *entries: dict[str, Any]) -> dict[str, Any]:
    """Send a batch; return the answer."""
    return client.call("SendMessageBatch", QueueUrl=url, Entries=list(entries))


def batch_refused(client: SqsClient, url: str, *entries: dict[str, Any]) -> str:
    """Send a batch, which must be refused as a whole for a wrong value; return the error's text."""
    return client.refused("SendMessageBatch", INVALID_PARAMETER, QueueUrl=url, Entries=list(entries))
