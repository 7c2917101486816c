"""The life of a queue as real SDKs see it, and the errors on its way."""

from collections.abc import Callable

import pytest

from karin.sqs.message import Message
from tests.clients.sdks import Client, Sdk, SdkError

Stored = Callable[[], dict[str, Message]]


def test_a_queue_is_created_found_listed_and_deleted(sqs: Client, open_endpoint: str) -> None:
    urls = {name: f"{open_endpoint}/000000000000/{name}" for name in ("work", "work-2", "other_Q")}
    for name, url in urls.items():
        assert sqs.call("CreateQueue", QueueName=name) == {"QueueUrl": url}
        assert sqs.call("GetQueueUrl", QueueName=name) == {"QueueUrl": url}
    assert sqs.call("ListQueues") == {"QueueUrls": [urls["other_Q"], urls["work"], urls["work-2"]]}
    assert sqs.call("ListQueues", QueueNamePrefix="work") == {"QueueUrls": [urls["work"], urls["work-2"]]}
    assert sqs.call("DeleteQueue", QueueUrl=urls["work"]) == {}
    assert sqs.call("ListQueues", QueueNamePrefix="work") == {"QueueUrls": [urls["work-2"]]}


def test_queues_are_listed_page_by_page(sqs: Client) -> None:
    for number in range(5):
        sqs.call("CreateQueue", QueueName=f"q{number}")
    first = sqs.call("ListQueues", MaxResults=3)
    second = sqs.call("ListQueues", MaxResults=3, NextToken=first["NextToken"])
    names = [url.rpartition("/")[2] for page in (first, second) for url in page["QueueUrls"]]
    assert names == ["q0", "q1", "q2", "q3", "q4"]
    assert "NextToken" not in second


def test_without_queues_the_list_is_absent(sqs: Client) -> None:
    assert sqs.call("ListQueues") == {}


def test_attributes_are_set_and_read_as_text(sqs: Client, queue_url: str) -> None:
    assert sqs.call("SetQueueAttributes", QueueUrl=queue_url, Attributes={"VisibilityTimeout": "90"}) == {}
    sqs.call("SendMessage", QueueUrl=queue_url, MessageBody="now")
    sqs.call("SendMessage", QueueUrl=queue_url, MessageBody="later", DelaySeconds=900)
    names = ["VisibilityTimeout", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "QueueArn"]
    assert sqs.call("GetQueueAttributes", QueueUrl=queue_url, AttributeNames=names) == {
        "Attributes": {
            "VisibilityTimeout": "90",
            "ApproximateNumberOfMessages": "1",
            "ApproximateNumberOfMessagesDelayed": "1",
            "QueueArn": "arn:aws:sqs:us-east-1:000000000000:work",
        }
    }
    everything = sqs.call("GetQueueAttributes", QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    assert {*names, "DelaySeconds", "MessageRetentionPeriod", "MaximumMessageSize"} <= set(everything)
    assert all(isinstance(value, str) for value in everything.values())
    assert sqs.call("GetQueueAttributes", QueueUrl=queue_url) == {}


def test_a_queue_is_created_with_attributes_and_tags(sqs: Client) -> None:
    given = {"DelaySeconds": "7", "ReceiveMessageWaitTimeSeconds": "20"}
    created = sqs.call("CreateQueue", QueueName="made", Attributes=given, tags={"팀": "a&b"})
    read = sqs.call("GetQueueAttributes", QueueUrl=created["QueueUrl"], AttributeNames=list(given))
    assert read == {"Attributes": given}
    assert sqs.call("CreateQueue", QueueName="made", Attributes=given, tags={"팀": "a&b"}) == created


def test_a_purged_queue_is_empty_and_may_not_be_purged_again_at_once(
    sqs: Client, queue_url: str, stored: Stored
) -> None:
    sqs.call("SendMessage", QueueUrl=queue_url, MessageBody="now")
    sqs.call("SendMessage", QueueUrl=queue_url, MessageBody="later", DelaySeconds=900)
    assert sqs.call("PurgeQueue", QueueUrl=queue_url) == {}
    assert stored() == {}
    with pytest.raises(SdkError) as refused:
        sqs.call("PurgeQueue", QueueUrl=queue_url)
    assert refused.value.status == 403
    assert "PurgeQueueInProgress" in refused.value.name


ON_A_QUEUE: dict[str, dict[str, object]] = {
    "SendMessage": {"MessageBody": "lost?"},
    "SendMessageBatch": {"Entries": [{"Id": "a", "MessageBody": "lost?"}]},
    "GetQueueAttributes": {"AttributeNames": ["All"]},
    "SetQueueAttributes": {"Attributes": {"DelaySeconds": "1"}},
    "PurgeQueue": {},
    "DeleteQueue": {},
}


@pytest.mark.parametrize("action", [*ON_A_QUEUE, "GetQueueUrl"])
@pytest.mark.parametrize("sdk", ["boto3", "boto3-1.26"], indirect=True)
def test_python_catches_a_missing_queue_by_class_or_by_code(sqs: Client, open_endpoint: str, action: str) -> None:
    error = missing_queue_error(sqs, open_endpoint, action)
    assert error.is_queue_does_not_exist
    assert error.code == "AWS.SimpleQueueService.NonExistentQueue"
    assert error.message.startswith("The specified queue does not exist")


@pytest.mark.parametrize("action", [*ON_A_QUEUE, "GetQueueUrl"])
@pytest.mark.parametrize("sdk", ["sqs-json"], indirect=True)
def test_javascript_catches_a_missing_queue_by_name_class_or_code(sqs: Client, open_endpoint: str, action: str) -> None:
    error = missing_queue_error(sqs, open_endpoint, action)
    assert error.name == "QueueDoesNotExist"
    assert error.is_queue_does_not_exist
    assert error.code == "AWS.SimpleQueueService.NonExistentQueue"
    assert error.message == "The specified queue does not exist."


@pytest.mark.parametrize("action", [*ON_A_QUEUE, "GetQueueUrl"])
@pytest.mark.parametrize("sdk", ["sqs-xml"], indirect=True)
def test_older_javascript_catches_a_missing_queue_by_the_name_its_model_has_for_it(
    sqs: Client, open_endpoint: str, action: str
) -> None:
    error = missing_queue_error(sqs, open_endpoint, action)
    is_in_model = action in ("GetQueueUrl", "PurgeQueue")
    assert error.name == ("QueueDoesNotExist" if is_in_model else "AWS.SimpleQueueService.NonExistentQueue")
    assert error.is_queue_does_not_exist == is_in_model
    assert error.code == "AWS.SimpleQueueService.NonExistentQueue"
    assert error.message == "The specified queue does not exist for this wsdl version."


@pytest.mark.parametrize("action", [*ON_A_QUEUE, "GetQueueUrl"])
@pytest.mark.parametrize("sdk", ["aws-sdk-json", "aws-sdk-query"], indirect=True)
def test_javascript_v2_catches_a_missing_queue_by_code(sdk: Sdk, sqs: Client, open_endpoint: str, action: str) -> None:
    error = missing_queue_error(sqs, open_endpoint, action)
    assert error.code == "AWS.SimpleQueueService.NonExistentQueue"
    assert error.name == ("QueueDoesNotExist" if sdk.name == "aws-sdk-json" else error.code)
    assert error.message.startswith("The specified queue does not exist")


def missing_queue_error(sqs: Client, endpoint: str, action: str) -> SdkError:
    """Return what an action on a queue that never was ends in."""
    given = {"QueueUrl": f"{endpoint}/000000000000/missing", **ON_A_QUEUE.get(action, {})}
    with pytest.raises(SdkError) as caught:
        sqs.call(action, **(given if action in ON_A_QUEUE else {"QueueName": "missing"}))
    assert caught.value.status == 400
    return caught.value


def test_a_queue_of_that_name_with_other_attributes_is_an_error(sdk: Sdk, sqs: Client, queue_url: str) -> None:
    with pytest.raises(SdkError) as refused:
        sqs.call("CreateQueue", QueueName="work", Attributes={"DelaySeconds": "1"})
    assert refused.value.code == "QueueAlreadyExists"
    # The SDK v2 knows its model's names from JSON alone.
    assert refused.value.name == ("QueueAlreadyExists" if sdk.name == "aws-sdk-query" else "QueueNameExists")
