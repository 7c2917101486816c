"""CreateQueue."""

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
    WORK,
    Fault,
    SqsClient,
)

ONE_ENCRYPTION = (
    "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE."
)
BAD_NAME = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
FIFO = {"FifoQueue": "true"}
NO_THROUGHPUT = (
    "Invalid value for the parameter FifoThroughputLimit."
    " Reason: To set FifoThroughputLimit to perMessageGroupId, the DeduplicationScope must be messageGroup."
)
OF_ANY_NEW_QUEUE = {
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


def test_a_new_queue_is_answered_with_its_url_alone(client: SqsClient) -> None:
    assert client.call("CreateQueue", QueueName="work") == {"QueueUrl": f"{client.endpoint_url}/{ACCOUNT}/work"}


def test_a_new_queue_has_the_defaults_of_sqs(client: SqsClient) -> None:
    attributes = client.attributes(client.create("work"))

    created = attributes.pop("CreatedTimestamp")
    assert attributes.pop("LastModifiedTimestamp") == created
    assert created.isdecimal()
    assert len(created) == 10
    assert attributes == {"QueueArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:work", **OF_ANY_NEW_QUEUE}


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


@pytest.mark.parametrize("attributes", [{}, {"FifoQueue": "false"}, {"FifoQueue": "nonsense"}], ids=str)
def test_a_name_with_the_suffix_of_a_fifo_queue_is_for_one(client: SqsClient, attributes: dict[str, str]) -> None:
    said = client.refused("CreateQueue", INVALID_PARAMETER, QueueName="work.fifo", Attributes=attributes)

    assert said == BAD_NAME


@pytest.mark.parametrize("value", ["true", "True", "TRUE"])
def test_a_fifo_queue_has_the_defaults_of_sqs(client: SqsClient, value: str) -> None:
    url = client.create("work.fifo", FifoQueue=value)

    attributes = client.attributes(url)
    assert url == f"{client.endpoint_url}/{ACCOUNT}/work.fifo"
    assert attributes.pop("LastModifiedTimestamp") == attributes.pop("CreatedTimestamp")
    assert attributes == {
        "QueueArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:work.fifo",
        **OF_ANY_NEW_QUEUE,
        "FifoQueue": "true",
        "ContentBasedDeduplication": "false",
        "DeduplicationScope": "queue",
        "FifoThroughputLimit": "perQueue",
    }


def test_a_fifo_queue_of_high_throughput_deduplicates_by_group(client: SqsClient) -> None:
    high = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}

    url = client.create("work.fifo", ContentBasedDeduplication="TRUE", **FIFO, **high)

    attributes = client.attributes(url)
    assert attributes["ContentBasedDeduplication"] == "true"
    assert attributes.items() >= high.items()


@pytest.mark.parametrize("scope", [{}, {"DeduplicationScope": "queue"}], ids=["absent", "queue"])
def test_throughput_by_group_needs_deduplication_by_group(client: SqsClient, scope: dict[str, str]) -> None:
    attributes = FIFO | scope | {"FifoThroughputLimit": "perMessageGroupId"}

    said = client.refused("CreateQueue", INVALID_ATTRIBUTE_VALUE, QueueName="work.fifo", Attributes=attributes)

    assert said == NO_THROUGHPUT
    assert client.call("ListQueues") == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ContentBasedDeduplication", "yes"),
        ("DeduplicationScope", "group"),
        ("DeduplicationScope", ""),
        ("FifoThroughputLimit", "perGroup"),
    ],
)
def test_an_attribute_of_a_fifo_queue_out_of_its_choices_is_refused(client: SqsClient, name: str, value: str) -> None:
    said = client.refused(
        "CreateQueue", INVALID_ATTRIBUTE_VALUE, QueueName="work.fifo", Attributes=FIFO | {name: value}
    )

    assert said == f"Invalid value for the parameter {name}."


def test_the_longest_name_of_a_fifo_queue_is_accepted(client: SqsClient) -> None:
    name = "x" * 75 + ".fifo"

    assert client.create(name, **FIFO) == f"{client.endpoint_url}/{ACCOUNT}/{name}"


def test_creating_an_equal_fifo_queue_again_finds_the_one_that_exists(client: SqsClient) -> None:
    url = client.create("work.fifo", DeduplicationScope="messageGroup", **FIFO)

    assert client.create("work.fifo", **FIFO) == url
    assert client.create("work.fifo", DeduplicationScope="messageGroup", **FIFO) == url
    said = client.refused(
        "CreateQueue", QUEUE_NAME_EXISTS, QueueName="work.fifo", Attributes=FIFO | {"DeduplicationScope": "queue"}
    )
    assert said.endswith("a different value for attribute DeduplicationScope")


def test_a_standard_queue_and_a_fifo_queue_live_side_by_side(client: SqsClient) -> None:
    urls = [client.create("work"), client.create("work.fifo", **FIFO)]

    assert client.call("ListQueues") == {"QueueUrls": urls}


def test_what_follows_from_an_attribute_is_not_compared(client: SqsClient) -> None:
    url = client.create("work", KmsMasterKeyId="alias/mine", KmsDataKeyReusePeriodSeconds="600")

    assert client.create("work", KmsMasterKeyId="alias/mine") == url
    assert client.attributes(url)["KmsDataKeyReusePeriodSeconds"] == "600"
    client.refused("CreateQueue", QUEUE_NAME_EXISTS, QueueName="work", Attributes={"SqsManagedSseEnabled": "true"})


def test_a_queue_with_other_tags_differs(client: SqsClient) -> None:
    client.call("CreateQueue", QueueName="work", tags={"team": "blue"})

    said = client.refused("CreateQueue", QUEUE_NAME_EXISTS, QueueName="work", tags={"team": "red"})

    assert said == "A queue already exists with the same name and a different value for tags"


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
