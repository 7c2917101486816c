"""ListDeadLetterSourceQueues."""

import json

import pytest
import redis

from tests.wire.raw import ask_json, ask_query, query
from tests.wire.sdk import ACCOUNT, INVALID_PARAMETER, QUEUE_DOES_NOT_EXIST, SqsClient


def redrive(target: str = "dead") -> dict[str, str]:
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{target}"
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})}


@pytest.fixture
def dead_url(client: SqsClient) -> str:
    """Return the URL of a queue that may become one for dead letters."""
    return client.create("dead")


def sources(client: SqsClient, url: str) -> list[str]:
    """Return the names of a queue's sources."""
    result = client.call("ListDeadLetterSourceQueues", QueueUrl=url)
    assert result.keys() <= {"queueUrls"}
    return [found.rpartition("/")[2] for found in result.get("queueUrls", [])]


def test_without_sources_the_list_has_no_key(client: SqsClient, dead_url: str) -> None:
    assert client.call("ListDeadLetterSourceQueues", QueueUrl=dead_url) == {}
    assert client.call("ListDeadLetterSourceQueues", QueueUrl=dead_url, MaxResults=10) == {}


def test_sources_are_listed_by_name(client: SqsClient, dead_url: str) -> None:
    urls = {name: client.create(name, **redrive()) for name in ("b", "a", "B")}
    client.create("other")

    result = client.call("ListDeadLetterSourceQueues", QueueUrl=dead_url)

    assert result == {"queueUrls": [urls[name] for name in ("B", "a", "b")]}


def test_a_source_is_listed_as_long_as_its_policy_names_the_queue(client: SqsClient, dead_url: str) -> None:
    grave_url = client.create("grave")
    url = client.create("work")
    assert sources(client, dead_url) == []

    client.call("SetQueueAttributes", QueueUrl=url, Attributes=redrive())
    assert sources(client, dead_url) == ["work"]

    client.call("SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "5"})
    assert sources(client, dead_url) == ["work"]

    client.call("SetQueueAttributes", QueueUrl=url, Attributes=redrive("grave"))
    assert (sources(client, dead_url), sources(client, grave_url)) == ([], ["work"])

    client.call("SetQueueAttributes", QueueUrl=url, Attributes={"RedrivePolicy": ""})
    assert sources(client, grave_url) == []


def test_a_deleted_source_is_listed_no_more(client: SqsClient, dead_url: str) -> None:
    client.call("DeleteQueue", QueueUrl=client.create("work", **redrive()))

    assert sources(client, dead_url) == []


def test_sources_survive_their_dead_letter_queue(client: SqsClient, dead_url: str, raw: redis.Redis) -> None:
    client.create("work", **redrive())
    client.call("DeleteQueue", QueueUrl=dead_url)
    client.refused("ListDeadLetterSourceQueues", QUEUE_DOES_NOT_EXIST, QueueUrl=dead_url)
    [tombstone] = raw.keys("*:deleted")
    raw.delete(tombstone)

    assert sources(client, client.create("dead")) == ["work"]


def test_fifo_queues_are_sources_too(client: SqsClient) -> None:
    url = client.create("dead.fifo", FifoQueue="true")
    client.create("work.fifo", FifoQueue="true", **redrive("dead.fifo"))

    assert sources(client, url) == ["work.fifo"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6])
def test_pages_hold_every_source_once(client: SqsClient, dead_url: str, size: int) -> None:
    urls = [client.create(f"q-{number}", **redrive()) for number in range(5)]

    assert client.listed("ListDeadLetterSourceQueues", "queueUrls", size, QueueUrl=dead_url) == urls


@pytest.mark.parametrize("most", [0, 1001, -1])
def test_a_page_holds_one_to_a_thousand_sources(client: SqsClient, dead_url: str, most: int) -> None:
    said = client.refused("ListDeadLetterSourceQueues", INVALID_PARAMETER, QueueUrl=dead_url, MaxResults=most)

    assert (
        said == "Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000."
    )


def test_the_member_begins_with_a_small_letter_in_json_and_with_a_large_one_in_xml(work: str) -> None:
    ask_json(work, "CreateQueue", {"QueueName": "source", "Attributes": redrive("work")})
    parameters = {"QueueUrl": "work"}
    url = f"{work}/{ACCOUNT}/source"

    assert ask_json(work, "ListDeadLetterSourceQueues", parameters).json() == {"queueUrls": [url]}
    answer = ask_query(work, query("ListDeadLetterSourceQueues", **parameters))
    assert f"<ListDeadLetterSourceQueuesResult><QueueUrl>{url}</QueueUrl></ListDea" in answer.body.decode()
