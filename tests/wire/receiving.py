"""What tests of receiving share: seeds, receives, and a look at when messages are due."""

from typing import Any

import redis

from karin.sqs.names import QueueId
from karin.store import keys
from tests.wire.sdk import WORK, SqsClient

FIFO = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
INVALID_HANDLE_TEXT = 'The input receipt handle "{}" is not a valid receipt handle.'
EXPIRED_TEXT = "Value {} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."


def send(client: SqsClient, url: str, body: str = "hello", **more: Any) -> str:
    """Send a message; return its id."""
    sent: str = client.call("SendMessage", QueueUrl=url, MessageBody=body, **more)["MessageId"]
    return sent


def receive(client: SqsClient, url: str, **more: Any) -> list[dict[str, Any]]:
    """Receive messages; none is an answer without a list of them."""
    result = client.call("ReceiveMessage", QueueUrl=url, **more)
    assert result == {} or result["Messages"]
    found: list[dict[str, Any]] = result.get("Messages", [])
    return found


def receive_one(client: SqsClient, url: str, **more: Any) -> dict[str, Any]:
    """Receive exactly one message."""
    [message] = receive(client, url, **more)
    return message


def handles(client: SqsClient, url: str, **more: Any) -> list[str]:
    """Receive up to ten messages; return their handles."""
    return [message["ReceiptHandle"] for message in receive(client, url, MaxNumberOfMessages=10, **more)]


def received(client: SqsClient, url: str, number: int = 1, **more: Any) -> list[str]:
    """Send so many messages, one group in a FIFO queue, and receive what is due; return the handles."""
    group = {"MessageGroupId": "g"} if url.endswith(".fifo") else {}
    entries = [{"Id": str(place), "MessageBody": str(place)} | group for place in range(number)]
    client.call("SendMessageBatch", QueueUrl=url, Entries=entries)
    return handles(client, url, **more)


def due_instants_ms(raw: redis.Redis, queue: QueueId = WORK) -> list[int]:
    """Return when the messages of a queue are due, in order."""
    due: Any = raw.zrange(keys.due(queue), 0, -1, withscores=True)
    return [int(at_ms) for _, at_ms in due]


def all_keys(raw: redis.Redis) -> set[str]:
    """Return every key in the store."""
    found: Any = raw.keys("*")
    return set(found)
