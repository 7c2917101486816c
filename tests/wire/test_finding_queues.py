"""GetQueueUrl and ListQueues, and the ways in which a request may name its queue."""

from typing import Any

import pytest
import redis

from karin.sqs.names import QueueId
from karin.store import keys
from tests.wire.sdk import ACCOUNT, INVALID_PARAMETER, QUEUE_DOES_NOT_EXIST, SqsClient

NO_QUEUE = {
    "json": "The specified queue does not exist.",
    "query": "The specified queue does not exist for this wsdl version.",
}


def test_a_queue_is_found_by_its_name(client: SqsClient, queue_url: str) -> None:
    assert client.call("GetQueueUrl", QueueName="work") == {"QueueUrl": queue_url}
    assert client.call("GetQueueUrl", QueueName="work", QueueOwnerAWSAccountId=ACCOUNT) == {"QueueUrl": queue_url}


@pytest.mark.parametrize(
    "parameters",
    [
        {"QueueName": "nobody"},
        {"QueueName": "Work"},
        {"QueueName": "work", "QueueOwnerAWSAccountId": "111111111111"},
    ],
    ids=["unknown", "other case", "other account"],
)
def test_an_unknown_queue_is_not_found(client: SqsClient, queue_url: str, parameters: dict[str, str]) -> None:
    said = client.refused("GetQueueUrl", QUEUE_DOES_NOT_EXIST, **parameters)

    assert said == NO_QUEUE[client.protocol]


@pytest.mark.parametrize("parameters", [{}, {"QueueName": ""}], ids=["absent", "empty"])
def test_finding_a_queue_needs_a_name(client: SqsClient, parameters: dict[str, str]) -> None:
    client.refused("GetQueueUrl", INVALID_PARAMETER, **parameters)


@pytest.mark.parametrize(
    "url",
    [
        "work",
        "/work",
        f"{ACCOUNT}/work",
        f"/{ACCOUNT}/work",
        f"/prefix/{ACCOUNT}/work/",
        f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/work",
        f"https://queue.amazonaws.com/{ACCOUNT}/work",
        f"http://user@10.0.0.1:99/some/prefix/{ACCOUNT}/work",
        "http://elsewhere/work",
        f"http://한글.example/{ACCOUNT}/w%6Frk",
    ],
    ids=ascii,
)
def test_only_the_last_segments_of_a_queue_url_count(client: SqsClient, queue_url: str, url: str) -> None:
    client.call("SendMessage", QueueUrl=url, MessageBody="body")

    assert client.attributes(url)["ApproximateNumberOfMessages"] == "1"
    assert client.attributes(queue_url)["ApproximateNumberOfMessages"] == "1"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/",
        "nobody",
        "http://whatever-incorrect-queue-address",
        "http://[",
        "https://[::1",
        "http://\u2100/work-of-nobody",
        f"http://host/{ACCOUNT}/nobody",
        "http://host/111111111111/work",
        f"http://host/{ACCOUNT}/work/more",
        f"{ACCOUNT}/work%00",
        "x" * 5000,
        "{work}",
    ],
    ids=lambda url: ascii(url)[:40],
)
def test_a_queue_url_that_names_no_queue_is_not_found(client: SqsClient, queue_url: str, url: str) -> None:
    assert client.refused("PurgeQueue", QUEUE_DOES_NOT_EXIST, QueueUrl=url) == NO_QUEUE[client.protocol]


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("SendMessage", {}),
        ("SendMessage", {"MessageBody": ""}),
        ("SendMessage", {"MessageBody": "\x00"}),
        ("SendMessage", {"MessageBody": "body", "DelaySeconds": 901}),
        ("SendMessage", {"MessageBody": "body"}),
        ("SendMessageBatch", {}),
        ("SendMessageBatch", {"Entries": [{"Id": "a.b", "MessageBody": "body"}]}),
        ("SendMessageBatch", {"Entries": [{"Id": str(n), "MessageBody": "body"} for n in range(11)]}),
        ("SendMessageBatch", {"Entries": [{"Id": "a", "MessageBody": "\x00"}]}),
        ("SendMessageBatch", {"Entries": [{"Id": "a", "MessageBody": "body"}]}),
        ("GetQueueAttributes", {}),
        ("GetQueueAttributes", {"AttributeNames": ["Nonsense"]}),
        ("SetQueueAttributes", {}),
        ("SetQueueAttributes", {"Attributes": {"Nonsense": "1"}}),
        ("SetQueueAttributes", {"Attributes": {"DelaySeconds": "x"}}),
        ("SetQueueAttributes", {"Attributes": {"RedrivePolicy": "x"}}),
        ("PurgeQueue", {}),
        ("DeleteQueue", {}),
        ("SetQueueAttributes", {"Attributes": {"FifoThroughputLimit": "perMessageGroupId"}}),
        ("ListDeadLetterSourceQueues", {}),
        ("ListDeadLetterSourceQueues", {"MaxResults": 0}),
        ("AddPermission", {}),
        ("AddPermission", {"Label": "one", "AWSAccountIds": [ACCOUNT], "Actions": ["SendMessage"]}),
        ("RemovePermission", {}),
        ("RemovePermission", {"Label": "one"}),
        ("TagQueue", {}),
        ("TagQueue", {"Tags": {"": "x"}}),
        ("TagQueue", {"Tags": {"team": "blue"}}),
        ("UntagQueue", {}),
        ("UntagQueue", {"TagKeys": ["team"]}),
        ("ListQueueTags", {}),
    ],
    ids=str,
)
@pytest.mark.parametrize("url", ["nobody", None], ids=["unknown", "absent"])
def test_a_missing_queue_wins_over_any_other_fault(
    client: SqsClient, action: str, parameters: dict[str, Any], url: str | None
) -> None:
    named = parameters if url is None else parameters | {"QueueUrl": url}

    assert client.refused(action, QUEUE_DOES_NOT_EXIST, **named) == NO_QUEUE[client.protocol]


def test_without_queues_the_list_has_no_key(client: SqsClient) -> None:
    assert client.call("ListQueues") == {}
    assert client.call("ListQueues", QueueNamePrefix="a", MaxResults=10) == {}


def test_queues_are_listed_by_name_and_prefix(client: SqsClient) -> None:
    urls = {name: client.create(name) for name in ("b-2", "a", "B-1", "b-1", "b")}

    assert client.call("ListQueues") == {"QueueUrls": [urls[name] for name in ("B-1", "a", "b", "b-1", "b-2")]}
    assert client.call("ListQueues", QueueNamePrefix="") == client.call("ListQueues")
    assert client.call("ListQueues", QueueNamePrefix="b") == {"QueueUrls": [urls["b"], urls["b-1"], urls["b-2"]]}
    assert client.call("ListQueues", QueueNamePrefix="b-1") == {"QueueUrls": [urls["b-1"]]}
    assert client.call("ListQueues", QueueNamePrefix="c") == {}


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6])
@pytest.mark.parametrize("prefix", ["", "q-"], ids=["all", "prefix"])
def test_pages_hold_every_queue_once(client: SqsClient, size: int, prefix: str) -> None:
    urls = [client.create(f"q-{number}") for number in range(5)]

    assert client.listed("ListQueues", "QueueUrls", size, QueueNamePrefix=prefix) == urls


def test_a_token_of_another_prefix_is_refused(client: SqsClient) -> None:
    for name in ("a-1", "a-2"):
        client.create(name)
    token = client.call("ListQueues", QueueNamePrefix="a", MaxResults=1)["NextToken"]

    client.refused("ListQueues", INVALID_PARAMETER, QueueNamePrefix="b", MaxResults=1, NextToken=token)


@pytest.mark.parametrize("most", [0, 1001, -1])
def test_a_page_holds_one_to_a_thousand_queues(client: SqsClient, most: int) -> None:
    client.refused("ListQueues", INVALID_PARAMETER, MaxResults=most)


def test_without_a_page_size_a_thousand_queues_are_listed_and_no_token(client: SqsClient, raw: redis.Redis) -> None:
    raw.zadd(keys.QUEUES, {str(QueueId(ACCOUNT, f"q-{number:04d}")): 0 for number in range(1001)})

    result = client.call("ListQueues")
    assert result.keys() == {"QueueUrls"}
    assert len(result["QueueUrls"]) == 1000

    result = client.call("ListQueues", MaxResults=1000)
    assert result.keys() == {"QueueUrls", "NextToken"}
    rest = client.call("ListQueues", MaxResults=1000, NextToken=result["NextToken"])
    assert rest == {"QueueUrls": [f"{client.endpoint_url}/{ACCOUNT}/q-1000"]}


def test_queues_of_another_account_are_not_listed(client: SqsClient, queue_url: str, raw: redis.Redis) -> None:
    raw.zadd(keys.QUEUES, {"111111111111/theirs": 0})

    assert client.call("ListQueues") == {"QueueUrls": [queue_url]}
