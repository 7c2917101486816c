"""One Redis command for each SQS request: free plans count them."""

import json
from typing import Any

import pytest
import redis

from tests.wire.monitoring import commands
from tests.wire.sdk import ACCOUNT, INVALID_CONTENTS, SqsClient

BATCH = [{"Id": str(place), "MessageBody": "x" * 1000, "DelaySeconds": place} for place in range(10)]


def warm_up(client: SqsClient) -> str:
    """Let the endpoint connect and load its scripts; return the URL of a queue named ``work``."""
    url = client.create("warm")
    client.call("SendMessage", QueueUrl=url, MessageBody="body")
    client.call("SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "0"})
    client.call("PurgeQueue", QueueUrl=url)
    client.attributes(url)
    client.call("DeleteQueue", QueueUrl=url)
    return client.create("work")


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("SendMessage", {"MessageBody": "body"}),
        ("SendMessage", {"MessageBody": "x" * 1_000_000, "DelaySeconds": 900}),
        ("SendMessageBatch", {"Entries": BATCH}),
        ("GetQueueAttributes", {"AttributeNames": ["All"]}),
        ("SetQueueAttributes", {"Attributes": {"DelaySeconds": "5", "VisibilityTimeout": "60"}}),
        ("PurgeQueue", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_request_about_a_queue_is_one_command(
    client: SqsClient, raw: redis.Redis, action: str, parameters: dict[str, Any]
) -> None:
    url = warm_up(client)

    with commands(raw) as seen:
        client.call(action, QueueUrl=url, **parameters)

    assert seen == ["EVALSHA"]


def test_finding_a_queue_by_its_name_is_one_command(client: SqsClient, raw: redis.Redis) -> None:
    warm_up(client)

    with commands(raw) as seen:
        client.call("GetQueueUrl", QueueName="work")

    assert seen == ["EVALSHA"]


@pytest.mark.parametrize("parameters", [{}, {"QueueNamePrefix": "w", "MaxResults": 1}], ids=["all", "page"])
def test_listing_queues_is_one_command(client: SqsClient, raw: redis.Redis, parameters: dict[str, Any]) -> None:
    warm_up(client)
    client.create("work-2")

    with commands(raw) as seen:
        client.call("ListQueues", **parameters)

    assert seen == ["ZRANGEBYLEX"]


def test_creating_and_deleting_a_queue_are_two_commands(client: SqsClient, raw: redis.Redis) -> None:
    """The list of names lives in a slot of its own, which no script of a queue may touch."""
    warm_up(client)

    with commands(raw) as seen:
        url = client.create("new", DelaySeconds="5")
        assert client.create("new", DelaySeconds="5") == url
    assert seen == ["EVALSHA", "ZADD"] * 2

    with commands(raw) as seen:
        client.call("DeleteQueue", QueueUrl=url)
    assert seen == ["EVALSHA", "ZREM"]


def test_asking_the_dead_letter_queue_and_listing_its_source_are_a_command_each(
    client: SqsClient, raw: redis.Redis
) -> None:
    url = warm_up(client)
    client.create("dead")
    policy = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead", "maxReceiveCount": 3})

    with commands(raw) as seen:
        client.call("SetQueueAttributes", QueueUrl=url, Attributes={"RedrivePolicy": policy})
    assert seen == ["EVALSHA", "ZADD", "EVALSHA"]

    with commands(raw) as seen:
        client.call("SetQueueAttributes", QueueUrl=url, Attributes={"RedrivePolicy": ""})
    assert seen == ["EVALSHA", "ZREM"]


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("TagQueue", {"Tags": {"team": "blue", "stage": "dev"}}),
        ("UntagQueue", {"TagKeys": ["team", "stage"]}),
        ("ListQueueTags", {}),
        ("ListDeadLetterSourceQueues", {"MaxResults": 10}),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_tags_and_sources_are_one_command(
    client: SqsClient, raw: redis.Redis, action: str, parameters: dict[str, Any]
) -> None:
    url = warm_up(client)
    client.call(action, QueueUrl=url, **parameters)

    with commands(raw) as seen:
        client.call(action, QueueUrl=url, **parameters)

    assert seen == ["EVALSHA"]


def test_a_permission_is_read_and_written_with_its_policy(client: SqsClient, raw: redis.Redis) -> None:
    url = warm_up(client)

    with commands(raw) as seen:
        client.call("AddPermission", QueueUrl=url, Label="one", AWSAccountIds=["111111111111"], Actions=["SendMessage"])
        client.call("RemovePermission", QueueUrl=url, Label="one")

    assert seen == ["EVALSHA"] * 4


def test_a_bad_send_asks_the_store_only_whether_the_queue_exists(client: SqsClient, raw: redis.Redis) -> None:
    url = warm_up(client)

    with commands(raw) as seen:
        client.refused("SendMessage", INVALID_CONTENTS, QueueUrl=url, MessageBody="\x00")

    assert seen == ["EVALSHA"]
