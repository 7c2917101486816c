"""The attributes of received messages: SQS's own, and those of whoever sent them."""

import json
from typing import Any

import pytest

from karin.clock import SystemClock
from tests.wire.receiving import receive, receive_one, send
from tests.wire.sdk import ACCOUNT, SqsClient, text

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
ALL_STANDARD = {"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp"}


def test_all_system_attributes_of_a_plain_message(client: SqsClient, queue_url: str) -> None:
    before_ms = SystemClock().now_ms()
    send(client, queue_url)

    attributes = receive_one(client, queue_url, AttributeNames=["All"])["Attributes"]

    assert attributes.keys() == ALL_STANDARD
    assert attributes["SenderId"] == "AKIDEXAMPLE"
    assert attributes["ApproximateReceiveCount"] == "1"
    sent_at_ms, received_at_ms = (
        int(attributes[name]) for name in ("SentTimestamp", "ApproximateFirstReceiveTimestamp")
    )
    assert before_ms <= sent_at_ms <= received_at_ms <= SystemClock().now_ms()


def test_group_and_trace_header_are_shown_when_they_were_sent(client: SqsClient, queue_url: str) -> None:
    send(client, queue_url, MessageGroupId="tenant", MessageSystemAttributes={"AWSTraceHeader": text(TRACE)})

    attributes = receive_one(client, queue_url, MessageSystemAttributeNames=["All"])["Attributes"]

    assert attributes.keys() == ALL_STANDARD | {"MessageGroupId", "AWSTraceHeader"}
    assert (attributes["MessageGroupId"], attributes["AWSTraceHeader"]) == ("tenant", TRACE)


@pytest.mark.parametrize(
    ("older", "newer", "shown"),
    [
        (["SentTimestamp"], [], {"SentTimestamp"}),
        ([], ["SenderId", "ApproximateReceiveCount"], {"SenderId", "ApproximateReceiveCount"}),
        (["SenderId"], ["SentTimestamp"], {"SenderId", "SentTimestamp"}),
        (["SenderId"], ["All"], ALL_STANDARD),
        (["SenderId", "AWSTraceHeader", "SequenceNumber"], [], {"SenderId"}),
        (["SenderId", "Colour", ""], ["all"], {"SenderId"}),
    ],
)
def test_system_attributes_are_shown_by_either_list_of_names(
    client: SqsClient, queue_url: str, older: list[str], newer: list[str], shown: set[str]
) -> None:
    send(client, queue_url)

    message = receive_one(client, queue_url, AttributeNames=older, MessageSystemAttributeNames=newer)

    assert message["Attributes"].keys() == shown


@pytest.mark.parametrize("names", [[], ["Colour"], ["SequenceNumber", "AWSTraceHeader"]], ids=str)
def test_without_a_value_to_show_there_are_no_system_attributes(
    client: SqsClient, queue_url: str, names: list[str]
) -> None:
    send(client, queue_url)

    assert "Attributes" not in receive_one(client, queue_url, AttributeNames=names)


def test_a_message_of_a_fifo_queue_shows_its_group_its_number_and_its_deduplication_id(client: SqsClient) -> None:
    url = client.create("work.fifo", FifoQueue="true")
    sent = client.call(
        "SendMessage", QueueUrl=url, MessageBody="one", MessageGroupId="g", MessageDeduplicationId="first"
    )

    attributes = receive_one(client, url, AttributeNames=["All"])["Attributes"]

    assert attributes.keys() == ALL_STANDARD | {"MessageGroupId", "SequenceNumber", "MessageDeduplicationId"}
    assert attributes["SequenceNumber"] == sent["SequenceNumber"]
    assert (attributes["MessageGroupId"], attributes["MessageDeduplicationId"]) == ("g", "first")


def test_a_dead_lettered_message_shows_where_it_comes_from(client: SqsClient) -> None:
    dead = client.create("dead")
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:"
    url = client.create("work", RedrivePolicy=json.dumps({"deadLetterTargetArn": f"{arn}dead", "maxReceiveCount": 1}))
    message_id = send(client, url)
    receive_one(client, url, VisibilityTimeout=0)

    assert receive(client, url, WaitTimeSeconds=1) == []

    message = receive_one(client, dead, AttributeNames=["All"])
    assert message["MessageId"] == message_id
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == f"{arn}work"
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"


ATTRIBUTES: dict[str, Any] = {
    "color": text("blue"),
    "count": text("3", "Number"),
    "blob": {"DataType": "Binary", "BinaryValue": b"\x01\x02\x03"},
}


@pytest.mark.parametrize(
    ("names", "shown", "digest"),
    [
        (["All"], ["blob", "color", "count"], "d838729972a4b70e2d2acd9d59ac847c"),
        ([".*"], ["blob", "color", "count"], "d838729972a4b70e2d2acd9d59ac847c"),
        (["*"], ["blob", "color", "count"], "d838729972a4b70e2d2acd9d59ac847c"),
        (["nothing", "All"], ["blob", "color", "count"], "d838729972a4b70e2d2acd9d59ac847c"),
        (["color"], ["color"], "da1b33cc3cbfe8b1630921e78e6b9880"),
        (["col.*", "AWS.", "..foo"], ["color"], "da1b33cc3cbfe8b1630921e78e6b9880"),
    ],
    ids=str,
)
def test_message_attributes_are_shown_by_name_and_digested_as_shown(
    client: SqsClient, queue_url: str, names: list[str], shown: list[str], digest: str
) -> None:
    send(client, queue_url, MessageAttributes=ATTRIBUTES)

    message = receive_one(client, queue_url, MessageAttributeNames=names)

    assert message["MessageAttributes"] == {name: ATTRIBUTES[name] for name in shown}
    assert message["MD5OfMessageAttributes"] == digest
    assert "Attributes" not in message


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["Hel.*"], {"Help.Me", "Hello"}),
        (["Help.*"], {"Help.Me"}),
        (["Hello", "General"], {"Hello", "General"}),
        (["Foo", "Hello"], {"Hello"}),
        (["Foo", "Help"], None),
        (["AWS."], None),
        (["..foo", "hello"], None),
        ([], None),
    ],
)
def test_a_prefix_is_any_beginning_and_names_that_nothing_has_are_ignored(
    client: SqsClient, queue_url: str, names: list[str], shown: set[str] | None
) -> None:
    attributes = {"Help.Me": text("Me"), "Hello": text("There"), "General": text("Kenobi")}
    send(client, queue_url, MessageAttributes=attributes)

    message = receive_one(client, queue_url, MessageAttributeNames=names)

    if shown is None:
        assert message.keys() == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}
    else:
        assert message["MessageAttributes"].keys() == shown


def test_custom_types_and_every_byte_arrive_as_they_were_sent(client: SqsClient, queue_url: str) -> None:
    attributes: dict[str, Any] = {
        "이름.x": text("a\r\nb <&> 한글 👋", "String.한국어"),
        "n": text("-1.50e3", "Number.float"),
        "b": {"DataType": "Binary.png", "BinaryValue": bytes(range(256))},
    }
    sent = client.call("SendMessage", QueueUrl=queue_url, MessageBody="body", MessageAttributes=attributes)

    message = receive_one(client, queue_url, MessageAttributeNames=["All"])

    assert message["MessageAttributes"] == attributes
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
