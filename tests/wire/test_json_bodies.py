"""JSON bodies: broken ones, wrong types, and what is let pass."""

from collections.abc import Callable
from typing import Any

import pytest

from karin.sqs.message import Message
from tests.wire.raw import ask_json
from tests.wire.sdk import (
    ACCOUNT,
    MALFORMED,
)

Waiting = Callable[[], list[Message]]
QUEUE_PATH = f"/{ACCOUNT}/work"
SEND = {"QueueUrl": "work", "MessageBody": "body"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"}",
        b"x",
        b"[]",
        b'[{"QueueUrl":"work"}]',
        b'"text"',
        b"5",
        b"true",
        b'{"QueueUrl":}',
        b'{"QueueUrl":"work"',
        b"{'QueueUrl':'work'}",
        b'{"QueueUrl":"work"} x',
        b'{"QueueUrl":"\xff\xfe"}',
        b"\xff\xfe{\x00}\x00",
        b'{"QueueUrl":"a\x00b"}',
        b'{"MessageBody":"\\ud800"}',
        b'{"MessageBody":"\\udc00\\ud800 "}',
        b'{"MessageBody":"\\u12"}',
        b"[" * 100_000,
        b'{"MessageAttributes":' * 50_000,
        b'{"x":' * 100_000,
        b'{"DelaySeconds":NaN}',
        b'{"DelaySeconds":1e999}',
        b'{"DelaySeconds":' + b"9" * 10_000 + b"}",
    ],
    ids=lambda body: str(body)[:40],
)
def test_a_body_that_is_no_json_object_is_malformed(work: str, body: bytes) -> None:
    ask_json(work, "SendMessage", body).check(MALFORMED)


LIST_FOUND = "Start of list found where not expected"
MAP_FOUND = "Start of structure or map found where not expected."
NO_INTEGER = "STRING_VALUE can not be converted to an Integer"
NO_STRING = "NUMBER_VALUE can not be converted to a String"


@pytest.mark.parametrize(
    ("action", "members", "text"),
    [
        ("SendMessage", {"MessageBody": ["x"]}, LIST_FOUND),
        ("SendMessage", {"MessageBody": {"x": 1}}, MAP_FOUND),
        ("SendMessage", {"MessageBody": 5}, NO_STRING),
        ("SendMessage", {"MessageBody": 5.5}, NO_STRING),
        ("SendMessage", {"DelaySeconds": "5"}, NO_INTEGER),
        ("SendMessage", {"DelaySeconds": []}, LIST_FOUND),
        ("SendMessage", {"DelaySeconds": {}}, MAP_FOUND),
        ("SendMessage", {"MessageAttributes": []}, LIST_FOUND),
        ("SendMessage", {"MessageAttributes": {"a": []}}, LIST_FOUND),
        ("SendMessage", {"MessageAttributes": {"a": {"StringValue": 5}}}, NO_STRING),
        ("SendMessage", {"QueueUrl": 5}, NO_STRING),
        ("SendMessageBatch", {"Entries": {}}, MAP_FOUND),
        ("SendMessageBatch", {"Entries": [[]]}, LIST_FOUND),
        ("SendMessageBatch", {"Entries": [{"Id": 5}]}, NO_STRING),
        ("SendMessageBatch", {"Entries": [{"Id": "a", "DelaySeconds": "x"}]}, NO_INTEGER),
        ("CreateQueue", {"QueueName": 5}, NO_STRING),
        ("CreateQueue", {"Attributes": []}, LIST_FOUND),
        ("CreateQueue", {"Attributes": {"DelaySeconds": {}}}, MAP_FOUND),
        ("CreateQueue", {"tags": {"a": 5}}, NO_STRING),
        ("GetQueueAttributes", {"AttributeNames": {}}, MAP_FOUND),
        ("GetQueueAttributes", {"AttributeNames": [5]}, NO_STRING),
        ("ListQueues", {"MaxResults": "5"}, NO_INTEGER),
    ],
    ids=str,
)
def test_a_member_of_the_wrong_type_is_malformed(work: str, action: str, members: dict[str, Any], text: str) -> None:
    assert ask_json(work, action, members).check(MALFORMED) == text


@pytest.mark.parametrize(
    ("action", "members"),
    [
        ("SendMessage", {"MessageBody": True}),
        ("SendMessage", {"DelaySeconds": 1.5}),
        ("SendMessage", {"DelaySeconds": True}),
        ("SendMessage", {"MessageAttributes": "x"}),
        ("SendMessage", {"MessageAttributes": {"a": {"BinaryValue": "!!"}}}),
        ("SendMessage", {"MessageAttributes": {"a": {"BinaryValue": 5}}}),
        ("SendMessageBatch", {"Entries": "x"}),
        ("SendMessageBatch", {"Entries": ["x"]}),
        ("GetQueueAttributes", {"AttributeNames": "All"}),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_read_is_malformed(work: str, action: str, members: dict[str, Any]) -> None:
    ask_json(work, action, members).check(MALFORMED)


def test_unknown_and_null_members_are_ignored(work: str, waiting: Waiting) -> None:
    nulls = dict.fromkeys(
        (
            "DelaySeconds",
            "MessageAttributes",
            "MessageSystemAttributes",
            "MessageDeduplicationId",
            "MessageGroupId",
        )
    )

    answer = ask_json(work, "SendMessage", SEND | nulls | {"Unknown": {"a": [1, None]}, "messageBody": 5})

    assert answer.json().keys() == {"MessageId", "MD5OfMessageBody"}
    assert len(waiting()) == 1


def test_queue_attributes_may_be_json_numbers_and_booleans(work: str) -> None:
    given = {"DelaySeconds": 7, "SqsManagedSseEnabled": False}
    assert ask_json(work, "SetQueueAttributes", {"QueueUrl": "work", "Attributes": given}).status == 200

    answer = ask_json(work, "GetQueueAttributes", {"QueueUrl": "work", "AttributeNames": list(given)})
    assert answer.json() == {"Attributes": {"DelaySeconds": "7", "SqsManagedSseEnabled": "false"}}


@pytest.mark.parametrize("action", ["ListQueues", "SendMessage", "CreateQueue", "GetQueueUrl"])
def test_an_empty_json_body_is_an_empty_request(work: str, action: str) -> None:
    empty, braces = (ask_json(work, action, body) for body in (b"", b"{}"))

    assert (empty.status, empty.body) == (braces.status, braces.body)
    assert empty.status == (200 if action == "ListQueues" else 400)


def test_a_json_body_may_escape_every_character(work: str, waiting: Waiting) -> None:
    body = "".join(f"\\u{ord(letter):04x}" for letter in "한" * (1_048_576 // 3))

    answer = ask_json(work, "SendMessage", f'{{"QueueUrl":"work","MessageBody":"{body}"}}'.encode())

    assert answer.status == 200
    assert [message.body for message in waiting()] == ["한" * (1_048_576 // 3)]
