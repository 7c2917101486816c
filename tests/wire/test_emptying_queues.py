"""PurgeQueue and DeleteQueue."""

from collections.abc import Callable

import redis

from karin.sqs.message import Message
from karin.store import keys
from tests.wire.sdk import PURGE_IN_PROGRESS, QUEUE_DOES_NOT_EXIST, WORK, SqsClient

Waiting = Callable[[], list[Message]]


def test_purging_removes_ready_and_delayed_messages_and_keeps_the_queue(
    client: SqsClient, queue_url: str, waiting: Waiting, raw: redis.Redis
) -> None:
    for delay in (0, 900):
        client.call("SendMessage", QueueUrl=queue_url, MessageBody="body", DelaySeconds=delay)

    assert client.call("PurgeQueue", QueueUrl=queue_url) == {}

    assert waiting() == []
    assert client.call("GetQueueUrl", QueueName="work") == {"QueueUrl": queue_url}
    assert set(raw.keys("*")) == {keys.QUEUES, keys.queue(WORK)}


def test_a_purged_queue_takes_messages_again(client: SqsClient, queue_url: str, waiting: Waiting) -> None:
    client.call("PurgeQueue", QueueUrl=queue_url)
    client.call("SendMessage", QueueUrl=queue_url, MessageBody="after")

    assert [message.body for message in waiting()] == ["after"]


def test_purging_twice_within_a_minute_is_refused(client: SqsClient, queue_url: str, waiting: Waiting) -> None:
    client.call("PurgeQueue", QueueUrl=queue_url)
    client.call("SendMessage", QueueUrl=queue_url, MessageBody="stays")

    said = client.refused("PurgeQueue", PURGE_IN_PROGRESS, QueueUrl=queue_url)

    assert said == "Only one PurgeQueue operation on work is allowed every 60 seconds."
    assert [message.body for message in waiting()] == ["stays"]


def test_deleting_a_queue_removes_it_with_its_messages(client: SqsClient, queue_url: str, raw: redis.Redis) -> None:
    for delay in (0, 900):
        client.call("SendMessage", QueueUrl=queue_url, MessageBody="body", DelaySeconds=delay)

    assert client.call("DeleteQueue", QueueUrl=queue_url) == {}

    client.refused("GetQueueUrl", QUEUE_DOES_NOT_EXIST, QueueName="work")
    client.refused("SendMessage", QUEUE_DOES_NOT_EXIST, QueueUrl=queue_url, MessageBody="body")
    assert client.call("ListQueues") == {}
    assert set(raw.keys("*")) == {keys.tombstone(WORK), keys.SYNC_ASKED}


def test_deleting_a_queue_twice_does_not_find_it(client: SqsClient, queue_url: str) -> None:
    client.call("DeleteQueue", QueueUrl=queue_url)

    client.refused("DeleteQueue", QUEUE_DOES_NOT_EXIST, QueueUrl=queue_url)
