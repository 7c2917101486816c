"""SendMessage by real SDKs: what they are told, and what was stored byte for byte."""

import hashlib
from collections.abc import Callable

import pytest

from karin.clock import SystemClock
from karin.sqs.message import Message, MessageAttribute
from karin.store.store import Store
from tests.clients.conftest import QUEUE
from tests.clients.sdks import Client, Sdk

Stored = Callable[[], dict[str, Message]]

PROTOCOLS = {
    "boto3": "application/x-amz-json-1.0",
    "boto3-1.26": "application/x-www-form-urlencoded; charset=utf-8",
    "sqs-json": "application/x-amz-json-1.0",
    "sqs-xml": "application/x-www-form-urlencoded",
    "aws-sdk-json": "application/x-amz-json-1.0",
    "aws-sdk-query": "application/x-www-form-urlencoded; charset=utf-8",
}
TEXTS = {
    "korean and emoji": "안녕하세요, 카린! 👩‍👩‍👧‍👦 🇰🇷 𠮷",
    "line ends": "one\r\ntwo\nthree\rfour\r\n\r\n\tfive",
    "markup": "<&>\"' <![CDATA[&amp;]]> &#13; </Body>",
    "form": "a=b&c=d+e%20f;g?h#i/j\\k",
    "spaces around": "  \t two before, one behind \n",
    "json": '{"이름": "카린", "text": "\\u0000 \\" \\\\"}',
    "last allowed characters": "\ud7ff\ue000\ufffd\U00010000\U0010ffff",
}


def test_each_sdk_speaks_the_protocol_that_it_is_here_for(sdk: Sdk, sqs: Client) -> None:
    assert sqs.answer("ListQueues")["request"]["content_type"] == PROTOCOLS[sdk.name]


def test_a_plain_message_is_stored_as_it_was_sent(sqs: Client, queue_url: str, stored: Stored) -> None:
    before_ms = SystemClock().now_ms()
    sent = sqs.call("SendMessage", QueueUrl=queue_url, MessageBody="hello, karin")
    assert sent == {
        "MessageId": sent["MessageId"],
        "MD5OfMessageBody": hashlib.md5(b"hello, karin").hexdigest(),
    }
    message = stored()[sent["MessageId"]]
    assert (message.body, message.attributes, message.sender_id) == ("hello, karin", {}, "test")
    assert before_ms <= message.sent_at_ms <= SystemClock().now_ms()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_is_stored_byte_for_byte(sqs: Client, queue_url: str, stored: Stored, text: str) -> None:
    sent = sqs.call("SendMessage", QueueUrl=queue_url, MessageBody=text)
    assert sent["MD5OfMessageBody"] == hashlib.md5(text.encode()).hexdigest()
    assert stored()[sent["MessageId"]].body.encode() == text.encode()


@pytest.mark.parametrize("letter", ["a", "가", "🙂", "&"], ids=["ascii", "korean", "emoji", "markup"])
def test_the_longest_message_there_is_arrives_whole(sqs: Client, queue_url: str, stored: Stored, letter: str) -> None:
    size = len(letter.encode())
    text = letter * ((1 << 20) // size) + "." * ((1 << 20) % size)
    sent = sqs.call("SendMessage", QueueUrl=queue_url, MessageBody=text)
    assert stored()[sent["MessageId"]].body == text


def test_a_delayed_message_is_due_when_its_delay_has_passed(sqs: Client, queue_url: str, store: Store) -> None:
    sent = sqs.call("SendMessage", QueueUrl=queue_url, MessageBody="later", DelaySeconds=5)

    def claim(now_ms: int) -> tuple[list[Message], int | None]:
        claim = store.messages.claim(QUEUE, now_ms, most=10, most_bytes=1 << 20)
        return [received.message for received in claim.messages], claim.next_due_at_ms

    early, due_at_ms = claim(SystemClock().now_ms())
    assert early == []
    assert due_at_ms is not None
    assert claim(due_at_ms - 1) == ([], due_at_ms)
    [message], _ = claim(due_at_ms)
    assert message.message_id == sent["MessageId"]
    assert due_at_ms - message.sent_at_ms == 5_000


def test_attributes_of_each_type_are_stored_and_digested(sqs: Client, queue_url: str, stored: Stored) -> None:
    sent = sqs.call(
        "SendMessage",
        QueueUrl=queue_url,
        MessageBody="with attributes",
        MessageAttributes={
            "color": {"DataType": "String", "StringValue": "blue"},
            "count": {"DataType": "Number", "StringValue": "3"},
            "blob": {"DataType": "Binary", "BinaryValue": b"\x01\x02\x03"},
        },
    )
    assert sent["MD5OfMessageAttributes"] == "d838729972a4b70e2d2acd9d59ac847c"  # recorded from AWS
    assert stored()[sent["MessageId"]].attributes == {
        "color": MessageAttribute("String", string_value="blue"),
        "count": MessageAttribute("Number", string_value="3"),
        "blob": MessageAttribute("Binary", binary_value=b"\x01\x02\x03"),
    }


def test_awkward_attributes_are_stored_byte_for_byte(sqs: Client, queue_url: str, stored: Stored) -> None:
    text = "".join(TEXTS.values())
    every_byte = bytes(range(256))
    sent = sqs.call(
        "SendMessage",
        QueueUrl=queue_url,
        MessageBody="with attributes",
        MessageAttributes={
            "이름-x.y_z": {"DataType": "String.한국어", "StringValue": text},
            "n": {"DataType": "Number.float", "StringValue": "-1.50e-10"},
            "b": {"DataType": "Binary.png", "BinaryValue": every_byte},
        },
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988"}},
    )
    message = stored()[sent["MessageId"]]
    assert message.trace_header == "Root=1-5759e988"
    assert message.attributes == {
        "이름-x.y_z": MessageAttribute("String.한국어", string_value=text),
        "n": MessageAttribute("Number.float", string_value="-1.50e-10"),
        "b": MessageAttribute("Binary.png", binary_value=every_byte),
    }
