"""SendMessage."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from karin.sqs.message import Message
from tests.wire.sdk import INVALID_CONTENTS, INVALID_PARAMETER, MISSING_PARAMETER, UNSUPPORTED, SqsClient, text

MOST_BYTES = 1_048_576
TOO_LONG = "One or more parameters are invalid. Reason: Message must be shorter than {} bytes."
INVALID_CHARACTERS = (
    "Invalid characters found. Valid unicode characters are"
    " #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
)
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

Waiting = Callable[[], list[Message]]
Delays = Callable[[], list[int]]


def binary(value: bytes, data_type: str = "Binary") -> dict[str, object]:
    return {"DataType": data_type, "BinaryValue": value}


def test_a_plain_message_is_answered_with_its_id_and_the_digest_of_its_body(
    client: SqsClient, queue_url: str, waiting: Waiting
) -> None:
    sent = client.call("SendMessage", QueueUrl=queue_url, MessageBody="hello")

    assert sent.keys() == {"MessageId", "MD5OfMessageBody"}
    assert sent["MD5OfMessageBody"] == "5d41402abc4b2a76b9719d911017c592"
    assert [(message.message_id, message.body) for message in waiting()] == [(sent["MessageId"], "hello")]


@pytest.mark.parametrize(
    "body",
    [
        "\r\n",
        " \t\n leading and trailing \r\n ",
        "one\r\ntwo\rthree\nfour",
        "<body a=\"1\" b='2'>&amp;</body>]]>",
        "100% a+b=c;d&e",
        "안녕하세요, 카린",
        "👋🏽 👩‍👩‍👧‍👦",
        "\ue000\ufffd\U00010000\U0010ffff\ud7ff",
        "null",
        "0",
        "true",
        '{"Records":[]}',
        "x" * 100_000,
    ],
    ids=ascii,
)
def test_a_body_arrives_as_it_was_sent(client: SqsClient, queue_url: str, waiting: Waiting, body: str) -> None:
    sent = client.call("SendMessage", QueueUrl=queue_url, MessageBody=body)

    assert sent["MD5OfMessageBody"] == hashlib.md5(body.encode()).hexdigest()
    assert [message.body for message in waiting()] == [body]


@pytest.mark.parametrize(
    ("attributes", "digest"),
    [
        ({"timestamp": text("1493147359900", "Number")}, "235c5c510d26fb653d073faed50ae77c"),
        (
            {"color": text("blue"), "count": text("3", "Number"), "blob": binary(b"\x01\x02\x03")},
            "d838729972a4b70e2d2acd9d59ac847c",
        ),
        ({"color": text("blue")}, "da1b33cc3cbfe8b1630921e78e6b9880"),
        ({"k": text("x")}, "a45daa70926828a2f0a1db3418e6feb4"),
    ],
    ids=["number", "all types", "string", "short"],
)
def test_message_attributes_are_digested_as_sdks_check_it(
    client: SqsClient, queue_url: str, attributes: dict[str, Any], digest: str
) -> None:
    sent = client.call("SendMessage", QueueUrl=queue_url, MessageBody="body", MessageAttributes=attributes)

    assert sent.keys() == {"MessageId", "MD5OfMessageBody", "MD5OfMessageAttributes"}
    assert sent["MD5OfMessageAttributes"] == digest


def test_message_attributes_arrive_as_they_were_sent(client: SqsClient, queue_url: str, waiting: Waiting) -> None:
    attributes = {
        "text": text("a\r\nb <&> 한글 👋"),
        "number.of-things_1": text("-1.50e3", "Number.float"),
        "image": binary(bytes(range(256)), "Binary.png"),
        "custom": text("[1]", "String.Array"),
    }

    client.call("SendMessage", QueueUrl=queue_url, MessageBody="body", MessageAttributes=attributes)

    [message] = waiting()
    assert {
        name: (attribute.data_type, attribute.string_value, attribute.binary_value)
        for name, attribute in message.attributes.items()
    } == {
        "text": ("String", "a\r\nb <&> 한글 👋", None),
        "number.of-things_1": ("Number.float", "-1.50e3", None),
        "image": ("Binary.png", None, bytes(range(256))),
        "custom": ("String.Array", "[1]", None),
    }


def test_the_trace_header_has_a_digest_of_its_own(client: SqsClient, queue_url: str, waiting: Waiting) -> None:
    sent = client.call(
        "SendMessage",
        QueueUrl=queue_url,
        MessageBody="body",
        MessageAttributes={"color": text("blue")},
        MessageSystemAttributes={"AWSTraceHeader": text(TRACE)},
    )

    assert sent.keys() == {
        "MessageId",
        "MD5OfMessageBody",
        "MD5OfMessageAttributes",
        "MD5OfMessageSystemAttributes",
    }
    assert sent["MD5OfMessageSystemAttributes"] == "5ae4d5d7636402d80f4eb6d213245a88"
    assert sent["MD5OfMessageAttributes"] == "da1b33cc3cbfe8b1630921e78e6b9880"
    assert [message.trace_header for message in waiting()] == [TRACE]


def test_a_message_of_exactly_one_mebibyte_is_accepted(client: SqsClient, queue_url: str, waiting: Waiting) -> None:
    client.call("SendMessage", QueueUrl=queue_url, MessageBody="x" * MOST_BYTES)

    assert [len(message.body) for message in waiting()] == [MOST_BYTES]


def test_a_message_of_one_mebibyte_in_korean_is_counted_in_bytes(client: SqsClient, queue_url: str) -> None:
    client.call("SendMessage", QueueUrl=queue_url, MessageBody="한" * (MOST_BYTES // 3) + "x")

    assert client.refused(
        "SendMessage", INVALID_PARAMETER, QueueUrl=queue_url, MessageBody="한" * (MOST_BYTES // 3) + "xx"
    ) == TOO_LONG.format(MOST_BYTES)


def test_a_message_of_one_byte_more_than_a_mebibyte_is_refused(
    client: SqsClient, queue_url: str, waiting: Waiting
) -> None:
    said = client.refused("SendMessage", INVALID_PARAMETER, QueueUrl=queue_url, MessageBody="x" * (MOST_BYTES + 1))

    assert said == TOO_LONG.format(MOST_BYTES)
    assert waiting() == []


def test_attribute_names_types_and_values_count_as_part_of_a_message(client: SqsClient) -> None:
    url = client.create("small", MaximumMessageSize="1024")
    attributes = {"name": text("123456"), "blob": binary(b"\x00" * 10)}  # 4 + 6 + 6 and 4 + 6 + 10 bytes

    client.call("SendMessage", QueueUrl=url, MessageBody="x" * 988, MessageAttributes=attributes)

    assert client.refused(
        "SendMessage", INVALID_PARAMETER, QueueUrl=url, MessageBody="x" * 989, MessageAttributes=attributes
    ) == TOO_LONG.format(1024)


def test_the_trace_header_does_not_count_as_part_of_a_message(client: SqsClient) -> None:
    url = client.create("small", MaximumMessageSize="1024")

    client.call(
        "SendMessage",
        QueueUrl=url,
        MessageBody="x" * 1024,
        MessageSystemAttributes={"AWSTraceHeader": text(TRACE)},
    )


@pytest.mark.parametrize("body", [None, ""], ids=["absent", "empty"])
def test_a_message_needs_a_body(client: SqsClient, queue_url: str, body: str | None) -> None:
    parameters = {} if body is None else {"MessageBody": body}

    assert (
        client.refused("SendMessage", MISSING_PARAMETER, QueueUrl=queue_url, **parameters)
        == "The request must contain the parameter MessageBody."
    )


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\x0c", "\x1f", "\ufffe", "\uffff"], ids=ascii)
def test_a_body_with_a_character_that_xml_lacks_is_refused(client: SqsClient, queue_url: str, character: str) -> None:
    said = client.refused("SendMessage", INVALID_CONTENTS, QueueUrl=queue_url, MessageBody=f"good{character}good")

    assert said == INVALID_CHARACTERS


def test_a_character_that_xml_lacks_is_refused_in_an_attribute_as_a_parameter(
    client: SqsClient, queue_url: str
) -> None:
    client.refused(
        "SendMessage",
        INVALID_PARAMETER,
        QueueUrl=queue_url,
        MessageBody="good",
        MessageAttributes={"bad": text("a\x00b")},
    )


@pytest.mark.parametrize("seconds", [0, 1, 900])
def test_a_message_is_due_after_its_delay(client: SqsClient, queue_url: str, delays_ms: Delays, seconds: int) -> None:
    client.call("SendMessage", QueueUrl=queue_url, MessageBody="later", DelaySeconds=seconds)

    assert delays_ms() == [seconds * 1000]


def test_a_delay_of_zero_overrides_that_of_the_queue_and_none_does_not(client: SqsClient, delays_ms: Delays) -> None:
    url = client.create("work", DelaySeconds="30")

    client.call("SendMessage", QueueUrl=url, MessageBody="now", DelaySeconds=0)
    client.call("SendMessage", QueueUrl=url, MessageBody="later")

    assert delays_ms() == [0, 30_000]


@pytest.mark.parametrize("seconds", [-1, 901, 2**31, 2**70])
def test_a_delay_out_of_range_is_refused(client: SqsClient, queue_url: str, seconds: int) -> None:
    said = client.refused(
        "SendMessage", INVALID_PARAMETER, QueueUrl=queue_url, MessageBody="later", DelaySeconds=seconds
    )

    assert (
        said == f"Value {seconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
    )


def test_a_standard_queue_takes_a_group_and_keeps_it(client: SqsClient, queue_url: str, waiting: Waiting) -> None:
    group = "tenant-1!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
    sent = client.call("SendMessage", QueueUrl=queue_url, MessageBody="body", MessageGroupId=group)

    assert sent.keys() == {"MessageId", "MD5OfMessageBody"}
    assert [message.group_id for message in waiting()] == [group]


def test_a_group_of_128_characters_is_accepted(client: SqsClient, queue_url: str) -> None:
    client.call("SendMessage", QueueUrl=queue_url, MessageBody="body", MessageGroupId="g" * 128)


@pytest.mark.parametrize("group", ["", "a b", "g" * 129, "그룹", "a\n"], ids=ascii)
def test_a_bad_group_is_refused(client: SqsClient, queue_url: str, group: str) -> None:
    said = client.refused(
        "SendMessage", INVALID_PARAMETER, QueueUrl=queue_url, MessageBody="body", MessageGroupId=group
    )

    assert (
        said == f"Value {group} for parameter MessageGroupId is invalid."
        " Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length."
    )


def test_a_bad_deduplication_id_is_refused(client: SqsClient, queue_url: str) -> None:
    said = client.refused(
        "SendMessage", INVALID_PARAMETER, QueueUrl=queue_url, MessageBody="body", MessageDeduplicationId="a b"
    )

    assert (
        said == "Value a b for parameter MessageDeduplicationId is invalid."
        " Reason: MessageDeduplicationId can only include alphanumeric and punctuation characters."
        " 1 to 128 in length."
    )


def test_a_standard_queue_takes_no_deduplication_id(client: SqsClient, queue_url: str) -> None:
    client.refused("SendMessage", INVALID_PARAMETER, QueueUrl=queue_url, MessageBody="body", MessageDeduplicationId="d")


def test_an_attribute_without_a_value_is_refused(client: SqsClient, queue_url: str) -> None:
    said = client.refused(
        "SendMessage",
        INVALID_PARAMETER,
        QueueUrl=queue_url,
        MessageBody="body",
        MessageAttributes={"empty": text("")},
    )

    assert said == "Message (user) attribute 'empty' must contain a non-empty value of type 'String'."


def test_eleven_attributes_are_one_too_many(client: SqsClient, queue_url: str) -> None:
    ten = {f"name{number}": text("value") for number in range(10)}

    client.call("SendMessage", QueueUrl=queue_url, MessageBody="body", MessageAttributes=ten)
    client.refused(
        "SendMessage",
        INVALID_PARAMETER,
        QueueUrl=queue_url,
        MessageBody="body",
        MessageAttributes=ten | {"one-more": text("value")},
    )


@pytest.mark.parametrize(
    "lists", [{"StringListValues": ["a", "b"]}, {"BinaryListValues": [b"a", b"b"]}], ids=["strings", "blobs"]
)
def test_list_values_are_not_supported(client: SqsClient, queue_url: str, lists: dict[str, Any]) -> None:
    client.refused(
        "SendMessage",
        UNSUPPORTED,
        QueueUrl=queue_url,
        MessageBody="body",
        MessageAttributes={"list": {"DataType": "String"} | lists},
    )


def test_no_system_attribute_but_the_trace_header_may_be_sent(client: SqsClient, queue_url: str) -> None:
    client.refused(
        "SendMessage",
        INVALID_PARAMETER,
        QueueUrl=queue_url,
        MessageBody="body",
        MessageSystemAttributes={"SenderId": text("me")},
    )
