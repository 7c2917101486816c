"""GetQueueAttributes and SetQueueAttributes."""

import json

import pytest

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
    client.refused("SetQueueAttributes", OVER_LIMIT, QueueUrl=queue_url, Attributes={"Policy": policies[21]})
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
