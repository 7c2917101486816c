"""GetQueueAttributes and SetQueueAttributes."""

import json

import pytest
import redis

from karin.store import keys
from karin.store.store import Store
from tests.wire.sdk import (
    ACCOUNT,
    INVALID_ATTRIBUTE_NAME,
    INVALID_ATTRIBUTE_VALUE,
    INVALID_PARAMETER,
    MISSING_PARAMETER,
    OVER_LIMIT,
    WORK,
    SqsClient,
)


@pytest.mark.parametrize("names", [None, []], ids=["absent", "empty"])
def test_asking_for_no_attributes_answers_with_none(client: SqsClient, queue_url: str, names: list[str] | None) -> None:
    parameters = {} if names is None else {"AttributeNames": names}

    assert client.call("GetQueueAttributes", QueueUrl=queue_url, **parameters) == {}


def test_only_the_attributes_asked_for_are_told(client: SqsClient, queue_url: str) -> None:
    result = client.call(
        "GetQueueAttributes", QueueUrl=queue_url, AttributeNames=["VisibilityTimeout", "QueueArn", "KmsMasterKeyId"]
    )

    assert result == {"Attributes": {"VisibilityTimeout": "30", "QueueArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:work"}}


def test_asking_only_for_attributes_that_are_not_set_answers_with_none(client: SqsClient, queue_url: str) -> None:
    assert client.call("GetQueueAttributes", QueueUrl=queue_url, AttributeNames=["KmsMasterKeyId", "Policy"]) == {}


@pytest.mark.parametrize("name", ["Nonsense", "", "all", "visibilityTimeout"])
def test_asking_for_an_unknown_attribute_is_refused(client: SqsClient, queue_url: str, name: str) -> None:
    said = client.refused(
        "GetQueueAttributes", INVALID_ATTRIBUTE_NAME, QueueUrl=queue_url, AttributeNames=["All", name]
    )

    assert said == f"Unknown Attribute {name}."


def test_messages_are_counted_by_their_state(client: SqsClient, queue_url: str, store: Store) -> None:
    for delay in (0, 0, 0, 100, 900):
        client.call("SendMessage", QueueUrl=queue_url, MessageBody="body", DelaySeconds=delay)
    created = int(client.attributes(queue_url)["CreatedTimestamp"])
    soon_ms = (created + 50) * 1000
    assert len(store.messages.claim(WORK, soon_ms, most=1, most_bytes=1000).messages) == 1

    attributes = client.attributes(queue_url)

    assert {name: value for name, value in attributes.items() if name.startswith("Approximate")} == {
        "ApproximateNumberOfMessages": "2",
        "ApproximateNumberOfMessagesNotVisible": "1",
        "ApproximateNumberOfMessagesDelayed": "2",
    }


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("DelaySeconds", 0, 900),
        ("MaximumMessageSize", 1024, 1_048_576),
        ("MessageRetentionPeriod", 60, 1_209_600),
        ("ReceiveMessageWaitTimeSeconds", 0, 20),
        ("VisibilityTimeout", 0, 43_200),
    ],
)
def test_numbers_are_accepted_up_to_their_limits_and_no_further(
    client: SqsClient, queue_url: str, name: str, low: int, high: int
) -> None:
    for good in (low, high):
        assert client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes={name: str(good)}) == {}
        assert client.attributes(queue_url)[name] == str(good)
    for bad in (str(low - 1), str(high + 1), " 6", "5.0", "-45", "true", "", "x", "٦", "9" * 5000):
        said = client.refused("SetQueueAttributes", INVALID_ATTRIBUTE_VALUE, QueueUrl=queue_url, Attributes={name: bad})
        assert said == f"Invalid value for the parameter {name}."
    assert client.attributes(queue_url)[name] == str(high)


@pytest.mark.parametrize("value", ["True", "TRUE", "true", "false", "FALSE"])
def test_booleans_are_kept_in_lower_case(client: SqsClient, queue_url: str, value: str) -> None:
    client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes={"SqsManagedSseEnabled": value})

    assert client.attributes(queue_url)["SqsManagedSseEnabled"] == value.lower()


def test_attributes_not_named_stay_as_they_were(client: SqsClient) -> None:
    url = client.create("work", DelaySeconds="7", VisibilityTimeout="60")

    client.call("SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": "8"})

    attributes = client.attributes(url)
    assert (attributes["DelaySeconds"], attributes["VisibilityTimeout"]) == ("8", "60")


def test_nothing_is_changed_when_one_attribute_is_wrong(client: SqsClient, queue_url: str) -> None:
    before = client.attributes(queue_url)

    client.refused(
        "SetQueueAttributes",
        INVALID_ATTRIBUTE_VALUE,
        QueueUrl=queue_url,
        Attributes={"DelaySeconds": "8", "VisibilityTimeout": "x"},
    )

    assert client.attributes(queue_url) == before


@pytest.mark.parametrize("attributes", [None, {}], ids=["absent", "empty"])
def test_setting_no_attributes_is_refused(client: SqsClient, queue_url: str, attributes: dict[str, str] | None) -> None:
    parameters = {} if attributes is None else {"Attributes": attributes}

    client.refused("SetQueueAttributes", MISSING_PARAMETER, QueueUrl=queue_url, **parameters)


def test_setting_an_unknown_attribute_is_refused(client: SqsClient, queue_url: str) -> None:
    said = client.refused(
        "SetQueueAttributes", INVALID_ATTRIBUTE_NAME, QueueUrl=queue_url, Attributes={"Nonsense": "1"}
    )

    assert said == "Unknown Attribute Nonsense."


@pytest.mark.parametrize("value", ["true", "false"])
def test_a_standard_queue_does_not_become_a_fifo_queue(client: SqsClient, queue_url: str, value: str) -> None:
    said = client.refused(
        "SetQueueAttributes", INVALID_ATTRIBUTE_NAME, QueueUrl=queue_url, Attributes={"FifoQueue": value}
    )

    assert said == "Unknown Attribute FifoQueue."


@pytest.fixture
def fifo_url(client: SqsClient) -> str:
    """Return the URL of an empty FIFO queue."""
    return client.create("work.fifo", FifoQueue="true")


@pytest.mark.parametrize("name", ["DeduplicationScope", "FifoThroughputLimit"])
def test_a_standard_queue_takes_no_attribute_of_a_fifo_queue(client: SqsClient, queue_url: str, name: str) -> None:
    said = client.refused("SetQueueAttributes", INVALID_ATTRIBUTE_NAME, QueueUrl=queue_url, Attributes={name: "queue"})

    assert said == f"You can specify the {name} only when FifoQueue is set to true."


def test_a_fifo_queue_may_be_told_that_it_is_one(client: SqsClient, fifo_url: str) -> None:
    for value in ("true", "TRUE"):
        client.call("SetQueueAttributes", QueueUrl=fifo_url, Attributes={"FifoQueue": value, "DelaySeconds": "5"})

    attributes = client.attributes(fifo_url)
    assert (attributes["FifoQueue"], attributes["DelaySeconds"]) == ("true", "5")


def test_a_fifo_queue_stays_one(client: SqsClient, fifo_url: str) -> None:
    said = client.refused(
        "SetQueueAttributes",
        INVALID_ATTRIBUTE_VALUE,
        QueueUrl=fifo_url,
        Attributes={"FifoQueue": "false", "DelaySeconds": "5"},
    )

    assert said == "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."
    assert client.attributes(fifo_url)["DelaySeconds"] == "0"


def test_the_attributes_of_a_fifo_queue_change(client: SqsClient, fifo_url: str) -> None:
    high = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}

    client.call("SetQueueAttributes", QueueUrl=fifo_url, Attributes={"ContentBasedDeduplication": "True"} | high)

    assert client.attributes(fifo_url).items() >= (high | {"ContentBasedDeduplication": "true"}).items()


def test_throughput_by_group_needs_deduplication_by_group_as_the_queue_is_then(
    client: SqsClient, fifo_url: str
) -> None:
    by_group, high = {"DeduplicationScope": "messageGroup"}, {"FifoThroughputLimit": "perMessageGroupId"}

    said = client.refused(
        "SetQueueAttributes", INVALID_ATTRIBUTE_VALUE, QueueUrl=fifo_url, Attributes=high | {"DelaySeconds": "5"}
    )
    assert said == (
        "Invalid value for the parameter FifoThroughputLimit."
        " Reason: To set FifoThroughputLimit to perMessageGroupId, the DeduplicationScope must be messageGroup."
    )
    assert client.attributes(fifo_url)["DelaySeconds"] == "0"

    client.call("SetQueueAttributes", QueueUrl=fifo_url, Attributes=by_group)
    client.call("SetQueueAttributes", QueueUrl=fifo_url, Attributes=high)
    assert client.attributes(fifo_url).items() >= (by_group | high).items()


def test_a_new_delay_of_a_fifo_queue_holds_for_what_waits_there(client: SqsClient, fifo_url: str) -> None:
    client.call(
        "SendMessage", QueueUrl=fifo_url, MessageBody="body", MessageGroupId="group", MessageDeduplicationId="one"
    )
    assert client.attributes(fifo_url)["ApproximateNumberOfMessages"] == "1"

    client.call("SetQueueAttributes", QueueUrl=fifo_url, Attributes={"DelaySeconds": "900"})
    attributes = client.attributes(fifo_url)
    assert attributes["ApproximateNumberOfMessages"] == "0"
    assert attributes["ApproximateNumberOfMessagesDelayed"] == "1"


def test_one_encryption_takes_the_place_of_the_other(client: SqsClient, queue_url: str) -> None:
    kms, managed = {"KmsMasterKeyId": "alias/mine"}, {"SqsManagedSseEnabled": "true"}

    said = client.refused("SetQueueAttributes", INVALID_ATTRIBUTE_NAME, QueueUrl=queue_url, Attributes=kms | managed)
    assert said == (
        "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE."
    )

    client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes=kms)
    client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes=managed)
    attributes = client.attributes(queue_url)
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert "KmsMasterKeyId" not in attributes


def test_how_long_a_kms_key_is_used_again_stays_when_the_key_changes(client: SqsClient, queue_url: str) -> None:
    for changes in ({"KmsDataKeyReusePeriodSeconds": "600"}, {"KmsMasterKeyId": "one"}, {"KmsMasterKeyId": "two"}):
        client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes=changes)
        shown = client.attributes(queue_url).get("KmsDataKeyReusePeriodSeconds")
        assert shown == ("600" if "KmsMasterKeyId" in changes else None)


def test_a_change_moves_the_instant_of_the_last_change(client: SqsClient, queue_url: str, raw: redis.Redis) -> None:
    raw.hset(keys.queue(WORK), mapping={"created_at_ms": 1_700_000_000_999, "modified_at_ms": 1_700_000_000_999})

    client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes={"DelaySeconds": "5"})

    attributes = client.attributes(queue_url)
    assert attributes["CreatedTimestamp"] == "1700000000"
    assert int(attributes["LastModifiedTimestamp"]) > 1_760_000_000


def test_attributes_that_are_only_read_cannot_be_set(client: SqsClient, queue_url: str) -> None:
    for name in ("QueueArn", "CreatedTimestamp", "ApproximateNumberOfMessages", "All"):
        said = client.refused("SetQueueAttributes", INVALID_ATTRIBUTE_NAME, QueueUrl=queue_url, Attributes={name: "1"})
        assert said == f"Unknown Attribute {name}."


def test_a_redrive_allow_policy_is_set_and_removed(client: SqsClient, queue_url: str) -> None:
    policy = {"redrivePermission": "byQueue", "sourceQueueArns": [f"arn:aws:sqs:us-east-1:{ACCOUNT}:other"]}
    client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes={"RedriveAllowPolicy": json.dumps(policy)})
    assert client.attributes(queue_url)["RedriveAllowPolicy"] == json.dumps(policy, separators=(",", ":"))

    client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes={"RedriveAllowPolicy": ""})
    assert "RedriveAllowPolicy" not in client.attributes(queue_url)


def test_a_kms_key_turns_the_other_encryption_off_and_clearing_it_does_not_turn_it_on(
    client: SqsClient, queue_url: str
) -> None:
    client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes={"KmsMasterKeyId": "alias/mine"})
    attributes = client.attributes(queue_url)
    assert attributes["KmsMasterKeyId"] == "alias/mine"
    assert attributes["KmsDataKeyReusePeriodSeconds"] == "300"
    assert attributes["SqsManagedSseEnabled"] == "false"

    client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes={"KmsMasterKeyId": ""})
    attributes = client.attributes(queue_url)
    assert "KmsMasterKeyId" not in attributes
    assert "KmsDataKeyReusePeriodSeconds" not in attributes
    assert attributes["SqsManagedSseEnabled"] == "false"


def test_a_policy_is_kept_as_given_and_removed_by_an_empty_string(client: SqsClient, queue_url: str) -> None:
    policy = '{ "Version": "2012-10-17", "Statement": [{"Sid": "한글 <&>"}] }'
    client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes={"Policy": policy})
    assert client.attributes(queue_url)["Policy"] == policy

    client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes={"Policy": ""})
    assert "Policy" not in client.attributes(queue_url)


def test_a_policy_that_is_not_json_is_refused(client: SqsClient, queue_url: str) -> None:
    client.refused("SetQueueAttributes", INVALID_ATTRIBUTE_VALUE, QueueUrl=queue_url, Attributes={"Policy": "{"})


def test_a_policy_has_at_most_twenty_statements(client: SqsClient, queue_url: str) -> None:
    policies = {number: json.dumps({"Statement": [{}] * number}) for number in (20, 21)}

    client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes={"Policy": policies[20]})
    said = client.refused("SetQueueAttributes", OVER_LIMIT, QueueUrl=queue_url, Attributes={"Policy": policies[21]})
    assert said == "21 statements were found in the submitted policy, max allowed is 20"
    client.refused("CreateQueue", INVALID_PARAMETER, QueueName="other", Attributes={"Policy": policies[21]})


def test_a_redrive_policy_is_set_and_removed(client: SqsClient, queue_url: str) -> None:
    client.create("dead")
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"
    policy = json.dumps({"maxReceiveCount": 5, "deadLetterTargetArn": arn})
    client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes={"RedrivePolicy": policy})
    assert client.attributes(queue_url)["RedrivePolicy"] == f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":5}}'

    client.call("SetQueueAttributes", QueueUrl=queue_url, Attributes={"RedrivePolicy": ""})
    assert "RedrivePolicy" not in client.attributes(queue_url)


@pytest.mark.parametrize("count", ["\\ud800", "한", "\\u0000"])
def test_a_redrive_policy_that_cannot_be_quoted_is_still_refused(client: SqsClient, queue_url: str, count: str) -> None:
    policy = f'{{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:{ACCOUNT}:work","maxReceiveCount":"{count}"}}'

    client.refused("SetQueueAttributes", INVALID_PARAMETER, QueueUrl=queue_url, Attributes={"RedrivePolicy": policy})


def test_a_redrive_policy_toward_a_missing_queue_is_refused(client: SqsClient, queue_url: str) -> None:
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:nobody"
    policy = json.dumps({"maxReceiveCount": 5, "deadLetterTargetArn": arn})

    client.refused("SetQueueAttributes", INVALID_PARAMETER, QueueUrl=queue_url, Attributes={"RedrivePolicy": policy})
