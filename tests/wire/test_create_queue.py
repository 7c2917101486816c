"""CreateQueue."""

import json
from typing import Any

import pytest
import redis

from karin.store.queues import QueueCommands
from karin.store.store import Store
from tests.wire.sdk import (
    ACCOUNT,
    INVALID_ATTRIBUTE_NAME,
    INVALID_ATTRIBUTE_VALUE,
    INVALID_PARAMETER,
    QUEUE_DELETED_RECENTLY,
    QUEUE_NAME_EXISTS,
    UNSUPPORTED,
    WORK,
    Fault,
    SqsClient,
)

ONE_ENCRYPTION = (
    "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE."
)
BAD_NAME = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"


def test_a_new_queue_is_answered_with_its_url_alone(client: SqsClient) -> None:
    assert client.call("CreateQueue", QueueName="work") == {"QueueUrl": f"{client.endpoint_url}/{ACCOUNT}/work"}


def test_a_new_queue_has_the_defaults_of_sqs(client: SqsClient) -> None:
    attributes = client.attributes(client.create("work"))

    created = attributes.pop("CreatedTimestamp")
    assert attributes.pop("LastModifiedTimestamp") == created
    assert created.isdecimal()
    assert len(created) == 10
    assert attributes == {
        "QueueArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:work",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "DelaySeconds": "0",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "VisibilityTimeout": "30",
        "SqsManagedSseEnabled": "true",
    }


def test_a_queue_is_created_with_the_attributes_and_tags_given(client: SqsClient, store: Store) -> None:
    client.call(
        "CreateQueue",
        QueueName="work",
        Attributes={"VisibilityTimeout": "120", "DelaySeconds": "7"},
        tags={"team": "한글 <&>", "stage": "dev"},
    )

    attributes = client.attributes(client.call("GetQueueUrl", QueueName="work")["QueueUrl"])
    assert (attributes["VisibilityTimeout"], attributes["DelaySeconds"]) == ("120", "7")
    assert tags_of(store.queues) == {"team": "한글 <&>", "stage": "dev"}


def tags_of(queues: QueueCommands) -> dict[str, str]:
    return queues.describe(WORK, 0).tags


@pytest.mark.parametrize("attributes", [{}, {"DelaySeconds": "7"}, {"DelaySeconds": "7", "VisibilityTimeout": "60"}])
def test_creating_an_equal_queue_again_finds_the_one_that_exists(client: SqsClient, attributes: dict[str, str]) -> None:
    url = client.create("work", DelaySeconds="7", VisibilityTimeout="60")
    client.call("SendMessage", QueueUrl=url, MessageBody="stays")

    assert client.create("work", **attributes) == url
    assert client.attributes(url)["ApproximateNumberOfMessagesDelayed"] == "1"


def test_creating_a_different_queue_of_the_same_name_is_refused(client: SqsClient) -> None:
    url = client.create("work", DelaySeconds="7")

    said = client.refused("CreateQueue", QUEUE_NAME_EXISTS, QueueName="work", Attributes={"DelaySeconds": "8"})

    assert said == "A queue already exists with the same name and a different value for attribute DelaySeconds"
    assert client.attributes(url)["DelaySeconds"] == "7"


def test_a_default_counts_when_an_existing_queue_is_compared(client: SqsClient) -> None:
    client.create("work")

    client.refused("CreateQueue", QUEUE_NAME_EXISTS, QueueName="work", Attributes={"VisibilityTimeout": "31"})
    client.create("work", VisibilityTimeout="30")


def test_an_existing_queue_is_compared_as_it_is_now(client: SqsClient) -> None:
    url = client.create("work", DelaySeconds="7")
    client.call("SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "8"})

    client.refused("CreateQueue", QUEUE_NAME_EXISTS, QueueName="work", Attributes={"DelaySeconds": "7"})
    assert client.create("work", DelaySeconds="8") == url


@pytest.mark.parametrize("name", ["a", "A-b_9", "x" * 80])
def test_a_good_name_is_accepted(client: SqsClient, name: str) -> None:
    assert client.create(name) == f"{client.endpoint_url}/{ACCOUNT}/{name}"


@pytest.mark.parametrize(
    "name", ["x" * 81, "a b", "a.b", "a/b", "a\n", "큐", "{x}", "name.fifo", "{}:queue"], ids=ascii
)
def test_a_bad_name_is_refused(client: SqsClient, name: str) -> None:
    assert client.refused("CreateQueue", INVALID_PARAMETER, QueueName=name) == BAD_NAME


@pytest.mark.parametrize("parameters", [{}, {"QueueName": ""}], ids=["absent", "empty"])
def test_a_queue_needs_a_name(client: SqsClient, parameters: dict[str, str]) -> None:
    client.refused("CreateQueue", INVALID_PARAMETER, **parameters)


def test_a_fifo_queue_needs_the_suffix_of_one(client: SqsClient) -> None:
    said = client.refused("CreateQueue", INVALID_PARAMETER, QueueName="work", Attributes={"FifoQueue": "true"})

    assert (
        said == "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores,"
        " must end with .fifo suffix and be 1 to 80 in length"
    )


@pytest.mark.parametrize("name", ["x" * 76 + ".fifo", ".fifo", "a.b.fifo"])
def test_a_bad_name_of_a_fifo_queue_is_refused(client: SqsClient, name: str) -> None:
    client.refused("CreateQueue", INVALID_PARAMETER, QueueName=name, Attributes={"FifoQueue": "true"})


def test_a_fifo_queue_is_not_served_yet(client: SqsClient) -> None:
    client.refused("CreateQueue", UNSUPPORTED, QueueName="work.fifo", Attributes={"FifoQueue": "true"})

    assert client.call("ListQueues") == {}


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({"FifoQueue": "false"}, "Unknown Attribute FifoQueue."),
        ({"ContentBasedDeduplication": "true"}, "Unknown Attribute ContentBasedDeduplication."),
        (
            {"DeduplicationScope": "queue"},
            "You can specify the DeduplicationScope only when FifoQueue is set to true.",
        ),
        (
            {"FifoThroughputLimit": "perQueue"},
            "You can specify the FifoThroughputLimit only when FifoQueue is set to true.",
        ),
        ({"Nonsense": "1"}, "Unknown Attribute Nonsense."),
        ({"": "1"}, "Unknown Attribute ."),
        ({"visibilitytimeout": "1"}, "Unknown Attribute visibilitytimeout."),
        (
            {"KmsMasterKeyId": "alias/x", "SqsManagedSseEnabled": "true"},
            ONE_ENCRYPTION,
        ),
    ],
)
def test_an_attribute_that_a_standard_queue_lacks_is_refused(
    client: SqsClient, attributes: dict[str, str], text: str
) -> None:
    assert client.refused("CreateQueue", INVALID_ATTRIBUTE_NAME, QueueName="work", Attributes=attributes) == text
    assert client.call("ListQueues") == {}


def test_an_attribute_out_of_range_is_refused(client: SqsClient) -> None:
    client.refused("CreateQueue", INVALID_ATTRIBUTE_VALUE, QueueName="work", Attributes={"VisibilityTimeout": "43201"})
    assert client.call("ListQueues") == {}


def test_a_bad_name_wins_over_a_bad_attribute(client: SqsClient) -> None:
    client.refused("CreateQueue", INVALID_PARAMETER, QueueName="a b", Attributes={"Nonsense": "1"})


@pytest.mark.parametrize(
    ("tags", "fault"),
    [
        ({f"key{number}": "" for number in range(51)}, INVALID_PARAMETER),
        ({"": "x"}, INVALID_PARAMETER),
        ({"k" * 129: "x"}, INVALID_PARAMETER),
        ({"k": "v" * 257}, INVALID_PARAMETER),
    ],
    ids=["51 tags", "empty key", "long key", "long value"],
)
def test_tags_beyond_their_limits_are_refused(client: SqsClient, tags: dict[str, str], fault: Fault) -> None:
    client.refused("CreateQueue", fault, QueueName="work", tags=tags)


def test_tags_at_their_limits_are_accepted(client: SqsClient, store: Store) -> None:
    tags = {f"{number:0128d}": "v" * 256 for number in range(50)}

    client.call("CreateQueue", QueueName="work", tags=tags)

    assert tags_of(store.queues) == tags


def test_a_deleted_queue_leaves_its_name_taken_for_a_minute(client: SqsClient, raw: redis.Redis) -> None:
    url = client.create("work")
    client.call("DeleteQueue", QueueUrl=url)

    said = client.refused("CreateQueue", QUEUE_DELETED_RECENTLY, QueueName="work")

    assert said == "You must wait 60 seconds after deleting a queue before you can create another with the same name."
    [tombstone] = raw.keys("*")
    assert 50_000 < int(raw.pttl(tombstone)) <= 60_000
    raw.delete(tombstone)
    assert client.create("work") == url


def redrive(target: str = "dead", count: object = 3, **more: Any) -> dict[str, str]:
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{target}"
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": count} | more)}


def test_a_redrive_policy_is_kept_as_compact_json(client: SqsClient) -> None:
    client.create("dead")

    url = client.create("work", **redrive(count=3))

    assert client.attributes(url)["RedrivePolicy"] == (
        f'{{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:{ACCOUNT}:dead","maxReceiveCount":3}}'
    )


def test_a_redrive_policy_may_name_its_own_queue(client: SqsClient) -> None:
    client.create("work", **redrive("work"))


@pytest.mark.parametrize("count", [1, 1000, "42"])
def test_a_receive_count_in_range_is_accepted_also_as_a_string(client: SqsClient, count: object) -> None:
    client.create("dead")

    client.create("work", **redrive(count=count))


@pytest.mark.parametrize("count", [0, 1001, -1, "x", None, True, 1.5, [1]], ids=str)
def test_a_receive_count_out_of_range_is_refused(client: SqsClient, count: object) -> None:
    client.create("dead")

    client.refused("CreateQueue", INVALID_PARAMETER, QueueName="work", Attributes=redrive(count=count))


def test_a_dead_letter_queue_must_exist(client: SqsClient) -> None:
    client.refused("CreateQueue", INVALID_PARAMETER, QueueName="work", Attributes=redrive("nobody"))


@pytest.mark.parametrize("policy", ["x", "[]", '"text"', "1", "null", "{}", '{"maxReceiveCount":1}'])
def test_a_redrive_policy_of_another_form_is_refused(client: SqsClient, policy: str) -> None:
    client.refused("CreateQueue", INVALID_PARAMETER, QueueName="work", Attributes={"RedrivePolicy": policy})


def test_a_dead_letter_queue_may_deny_its_sources(client: SqsClient) -> None:
    client.create("dead", RedriveAllowPolicy='{"redrivePermission": "denyAll"}')

    client.refused("CreateQueue", INVALID_PARAMETER, QueueName="work", Attributes=redrive())


def test_a_dead_letter_queue_may_name_its_sources(client: SqsClient) -> None:
    sources = [f"arn:aws:sqs:us-east-1:{ACCOUNT}:work"]
    policy = {"redrivePermission": "byQueue", "sourceQueueArns": sources}
    url = client.create("dead", RedriveAllowPolicy=json.dumps(policy))

    client.create("work", **redrive())
    client.refused("CreateQueue", INVALID_PARAMETER, QueueName="other", Attributes=redrive())
    assert client.attributes(url)["RedriveAllowPolicy"] == json.dumps(policy, separators=(",", ":"))
