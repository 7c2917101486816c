"""Where SDKs send to when only AWS_ENDPOINT_URL_SQS names the endpoint and the QueueUrl is still AWS's.

That is how a deployment moves over by one variable. Whether it works depends on the SDK; the README's advice is what is
shown here. No request leaves the machine: the drivers stop it and tell where it was going.
"""

from collections.abc import Callable

import pytest

from karin.sqs.message import Message
from tests.clients import boto3_driver
from tests.clients.conftest import QUEUE, TOKEN
from tests.clients.sdks import INSTALLED, Client, Sdk, SdkError, boto3_of, javascript

Stored = Callable[[], dict[str, Message]]

AWS = "https://sqs.us-east-1.amazonaws.com"
AWS_QUEUE_URL = f"{AWS}/{QUEUE.account}/{QUEUE.name}"


@pytest.fixture
def queue(open_endpoint: str, store_url: str) -> None:
    """Make the queue exist."""
    Sdk("boto3", boto3_driver.answer).client(open_endpoint).call("CreateQueue", QueueName=QUEUE.name)


@pytest.mark.usefixtures("queue")
def test_boto3_goes_where_the_variable_says(
    monkeypatch: pytest.MonkeyPatch, open_endpoint: str, stored: Stored
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", open_endpoint)
    assert arrives(Sdk("boto3", boto3_driver.answer).client(None), stored)


@pytest.mark.usefixtures("queue")
def test_boto3_before_1_28_does_not_know_the_variable(open_endpoint: str, stored: Stored) -> None:
    with boto3_of(INSTALLED / "boto3-1.26", AWS_ENDPOINT_URL_SQS=open_endpoint) as driver:
        assert strays(Sdk("boto3-1.26", driver).client(None), stored) == f"{AWS}/"


@pytest.mark.usefixtures("queue", "needs_javascript")
def test_older_javascript_does_not_know_the_variable(open_endpoint: str, stored: Stored) -> None:
    with javascript(AWS_ENDPOINT_URL_SQS=open_endpoint) as driver:
        assert strays(Sdk("sqs-xml", driver).client(None), stored) == f"{AWS}/"


@pytest.mark.usefixtures("queue", "needs_javascript")
def test_javascript_follows_the_queue_url_past_the_variable(open_endpoint: str, stored: Stored) -> None:
    with javascript(AWS_ENDPOINT_URL_SQS=open_endpoint) as driver:
        assert strays(Sdk("sqs-json", driver).client(None), stored) == f"{AWS}/"


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize("sdk", ["aws-sdk-json", "aws-sdk-query"], indirect=True)
def test_javascript_v2_follows_the_queue_url_past_the_endpoint_in_its_code(
    sdk: Sdk, open_endpoint: str, stored: Stored
) -> None:
    assert strays(sdk.client(open_endpoint), stored) == f"{AWS}/"


@pytest.mark.usefixtures("queue", "needs_javascript")
@pytest.mark.parametrize("name", ["aws-sdk-json", "aws-sdk-query"])
def test_a_queue_url_of_karin_alone_leads_javascript_v2_to_karin(open_endpoint: str, stored: Stored, name: str) -> None:
    with javascript() as driver:
        sqs = Sdk(name, driver).client(None)
        queue_url = f"{open_endpoint}/{QUEUE.account}/{QUEUE.name}"
        sent = sqs.call("SendMessage", QueueUrl=queue_url, MessageBody="hello")
    assert list(stored()) == [sent["MessageId"]]


@pytest.mark.usefixtures("queue", "needs_javascript")
def test_javascript_told_not_to_follow_queue_urls_goes_where_the_variable_says(
    open_endpoint: str, stored: Stored
) -> None:
    with javascript(AWS_ENDPOINT_URL_SQS=open_endpoint) as driver:
        assert arrives(Sdk("sqs-json", driver, {"useQueueUrlAsEndpoint": False}).client(None), stored)


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize("sdk", ["sqs-json", "sqs-xml"], indirect=True)
def test_javascript_with_the_endpoint_in_its_code_goes_there(sdk: Sdk, open_endpoint: str, stored: Stored) -> None:
    assert arrives(sdk.client(open_endpoint), stored)


@pytest.mark.usefixtures("queue", "needs_javascript")
def test_a_queue_url_of_karin_alone_leads_javascript_to_karin(open_endpoint: str, stored: Stored) -> None:
    with javascript() as driver:
        sqs = Sdk("sqs-json", driver).client(None)
        queue_url = f"{open_endpoint}/{QUEUE.account}/{QUEUE.name}"
        sent = sqs.call("SendMessage", QueueUrl=queue_url, MessageBody="hello")
    assert list(stored()) == [sent["MessageId"]]


@pytest.mark.usefixtures("needs_javascript", "store_url")
def test_javascript_led_by_a_queue_url_alone_loses_the_url_token(token_endpoint: str) -> None:
    with javascript() as driver, pytest.raises(SdkError, match="Access to the resource is denied"):
        Sdk("sqs-json", driver).client(None).call(
            "SendMessage", QueueUrl=f"{token_endpoint}/{TOKEN}/{QUEUE.account}/{QUEUE.name}", MessageBody="hello"
        )


@pytest.mark.usefixtures("needs_javascript", "store_url")
def test_javascript_led_by_the_variable_keeps_the_url_token(token_endpoint: str) -> None:
    with javascript(AWS_ENDPOINT_URL_SQS=f"{token_endpoint}/{TOKEN}") as driver:
        sqs = Sdk("sqs-json", driver).client(None)
        queue_url = sqs.call("CreateQueue", QueueName=QUEUE.name)["QueueUrl"]
        assert sqs.call("SendMessage", QueueUrl=queue_url, MessageBody="hello")["MessageId"]


def arrives(sqs: Client, stored: Stored) -> bool:
    """Send to AWS's QueueUrl and tell whether karin has the message."""
    sent = sqs.call("SendMessage", QueueUrl=AWS_QUEUE_URL, MessageBody="hello")
    return list(stored()) == [sent["MessageId"]]


def strays(sqs: Client, stored: Stored) -> str:
    """Send to AWS's QueueUrl and return where the request was going instead of to karin."""
    with pytest.raises(SdkError) as stopped:
        sqs.call("SendMessage", QueueUrl=AWS_QUEUE_URL, MessageBody="hello")
    assert stopped.value.name == "WentElsewhere"
    assert stored() == {}
    return stopped.value.message
