"""SendMessageBatch."""

from collections.abc import Callable
from typing import Any

import pytest

from karin.sqs.message import Message
from tests.wire.sdk import (
    BATCH_TOO_LONG,
    EMPTY_BATCH,
    IDS_NOT_DISTINCT,
    INVALID_ENTRY_ID,
    TOO_MANY_ENTRIES,
    SqsClient,
)

MOST_BYTES = 1_048_576
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

Waiting = Callable[[], list[Message]]
Delays = Callable[[], list[int]]


def entry(entry_id: str, body: str = "body", **more: Any) -> dict[str, Any]:
    return {"Id": entry_id, "MessageBody": body, **more}


def test_ten_entries_are_answered_in_their_order(client: SqsClient, queue_url: str, waiting: Waiting) -> None:
    entries = [entry(f"id-{number}_", f"body {number}") for number in range(10)]

    result = client.call("SendMessageBatch", QueueUrl=queue_url, Entries=entries)

    assert result.keys() == {"Successful"}
    assert [one["Id"] for one in result["Successful"]] == [one["Id"] for one in entries]
    assert all(one.keys() == {"Id", "MessageId", "MD5OfMessageBody"} for one in result["Successful"])
    ids = {one["MessageId"] for one in result["Successful"]}
    assert {message.message_id for message in waiting()} == ids
    assert len(ids) == 10


def test_each_entry_has_its_own_digests_delay_and_attributes(
    client: SqsClient, queue_url: str, waiting: Waiting, delays_ms: Delays
) -> None:
    blue = {"color": {"DataType": "String", "StringValue": "blue"}}
    blob = {"blob": {"DataType": "Binary", "BinaryValue": b"\x01\x02\x03"}}
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": TRACE}}

    result = client.call(
        "SendMessageBatch",
        QueueUrl=queue_url,
        Entries=[
            entry("blue", "hello", MessageAttributes=blue, DelaySeconds=5),
            entry("trace", "hello", MessageSystemAttributes=trace, MessageGroupId="tenant"),
            entry("blob", "a\r\nb", MessageAttributes=blob, DelaySeconds=900),
        ],
    )

    by_id = {one["Id"]: one for one in result["Successful"]}
    assert by_id["blue"]["MD5OfMessageBody"] == "5d41402abc4b2a76b9719d911017c592"
    assert by_id["blue"]["MD5OfMessageAttributes"] == "da1b33cc3cbfe8b1630921e78e6b9880"
    assert by_id["trace"]["MD5OfMessageSystemAttributes"] == "5ae4d5d7636402d80f4eb6d213245a88"
    assert by_id["trace"].keys() == {"Id", "MessageId", "MD5OfMessageBody", "MD5OfMessageSystemAttributes"}
    assert by_id["blob"].keys() == {"Id", "MessageId", "MD5OfMessageBody", "MD5OfMessageAttributes"}
    assert delays_ms() == [0, 5_000, 900_000]
    messages = {message.message_id: message for message in waiting()}
    assert messages[by_id["blob"]["MessageId"]].attributes["blob"].binary_value == b"\x01\x02\x03"
    assert messages[by_id["blob"]["MessageId"]].body == "a\r\nb"
    assert messages[by_id["trace"]["MessageId"]].trace_header == TRACE
    assert messages[by_id["trace"]["MessageId"]].group_id == "tenant"


def test_a_batch_without_entries_is_refused(client: SqsClient, queue_url: str) -> None:
    said = "There should be at least one SendMessageBatchRequestEntry in the request."

    assert client.refused("SendMessageBatch", EMPTY_BATCH, QueueUrl=queue_url, Entries=[]) == said
    assert client.refused("SendMessageBatch", EMPTY_BATCH, QueueUrl=queue_url) == said


@pytest.mark.parametrize("number", [11, 20])
def test_more_than_ten_entries_are_refused(client: SqsClient, queue_url: str, waiting: Waiting, number: int) -> None:
    entries = [entry(str(place)) for place in range(number)]

    assert (
        client.refused("SendMessageBatch", TOO_MANY_ENTRIES, QueueUrl=queue_url, Entries=entries)
        == f"Maximum number of entries per request are 10. You have sent {number}."
    )
    assert waiting() == []


@pytest.mark.parametrize("entry_id", ["", "a.b", "a b", "아이디", "x" * 81, "a\n"], ids=ascii)
def test_a_bad_entry_id_is_refused(client: SqsClient, queue_url: str, entry_id: str) -> None:
    said = client.refused(
        "SendMessageBatch", INVALID_ENTRY_ID, QueueUrl=queue_url, Entries=[entry("good"), entry(entry_id)]
    )

    assert (
        said == "A batch entry id can only contain alphanumeric characters, hyphens and underscores."
        " It can be at most 80 letters long."
    )


def test_an_entry_without_an_id_is_refused(client: SqsClient, queue_url: str) -> None:
    client.refused("SendMessageBatch", INVALID_ENTRY_ID, QueueUrl=queue_url, Entries=[{"MessageBody": "body"}])


def test_an_entry_id_of_80_letters_is_accepted(client: SqsClient, queue_url: str) -> None:
    result = client.call("SendMessageBatch", QueueUrl=queue_url, Entries=[entry("x" * 80)])

    assert [one["Id"] for one in result["Successful"]] == ["x" * 80]


def test_an_entry_id_may_not_repeat(client: SqsClient, queue_url: str, waiting: Waiting) -> None:
    client.refused(
        "SendMessageBatch",
        IDS_NOT_DISTINCT,
        QueueUrl=queue_url,
        Entries=[entry("a"), entry("b"), entry("a")],
    )
    assert waiting() == []


def test_a_batch_of_exactly_one_mebibyte_is_accepted(client: SqsClient, queue_url: str, waiting: Waiting) -> None:
    half = "x" * (MOST_BYTES // 2)

    result = client.call("SendMessageBatch", QueueUrl=queue_url, Entries=[entry("a", half), entry("b", half)])

    assert len(result["Successful"]) == 2
    assert len(waiting()) == 2


def test_a_batch_of_one_byte_more_is_refused_and_stores_nothing(
    client: SqsClient, queue_url: str, waiting: Waiting
) -> None:
    half = "x" * (MOST_BYTES // 2)

    said = client.refused(
        "SendMessageBatch", BATCH_TOO_LONG, QueueUrl=queue_url, Entries=[entry("a", half), entry("b", half + "x")]
    )

    assert said == "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."
    assert waiting() == []


def test_attributes_and_bad_entries_count_in_the_size_of_a_batch(client: SqsClient, queue_url: str) -> None:
    attributes = {"name": {"DataType": "String", "StringValue": "123456"}}  # 16 bytes
    entries = [
        entry("a", "x" * (MOST_BYTES - 17), MessageAttributes=attributes),
        entry("bad", "\x00\x00"),
    ]

    said = client.refused("SendMessageBatch", BATCH_TOO_LONG, QueueUrl=queue_url, Entries=entries)

    assert said == "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."


def test_the_limit_of_a_batch_is_not_that_of_a_message(client: SqsClient, waiting: Waiting) -> None:
    url = client.create("work", MaximumMessageSize="1024")
    entries = [entry(str(place), "x" * 1024) for place in range(10)]

    result = client.call("SendMessageBatch", QueueUrl=url, Entries=entries)

    assert len(result["Successful"]) == 10
    assert len(waiting()) == 10


def test_an_entry_longer_than_its_queue_allows_fails_alone(client: SqsClient, waiting: Waiting) -> None:
    url = client.create("work", MaximumMessageSize="1024")

    result = client.call(
        "SendMessageBatch",
        QueueUrl=url,
        Entries=[entry("first"), entry("long", "x" * 1025), entry("last")],
    )

    assert [one["Id"] for one in result["Successful"]] == ["first", "last"]
    assert result["Failed"] == [
        {
            "Id": "long",
            "SenderFault": True,
            "Code": "InvalidParameterValue",
            "Message": "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.",
        }
    ]
    assert len(waiting()) == 2


def test_bad_entries_fail_alone_and_the_others_are_stored(client: SqsClient, queue_url: str, waiting: Waiting) -> None:
    result = client.call(
        "SendMessageBatch",
        QueueUrl=queue_url,
        Entries=[
            entry("good-1", "one"),
            entry("characters", "a\x00b"),
            {"Id": "no-body"},
            entry("delay", DelaySeconds=901),
            entry("deduplication", MessageDeduplicationId="d"),
            entry("attribute", MessageAttributes={"AWS.x": {"DataType": "String", "StringValue": "x"}}),
            entry("list", MessageAttributes={"x": {"DataType": "String", "StringListValues": ["x"]}}),
            entry("good-2", "two"),
        ],
    )

    assert result.keys() == {"Successful", "Failed"}
    assert [one["Id"] for one in result["Successful"]] == ["good-1", "good-2"]
    assert [(one["Id"], one["Code"]) for one in result["Failed"]] == [
        ("characters", "InvalidMessageContents"),
        ("no-body", "MissingParameter"),
        ("delay", "InvalidParameterValue"),
        ("deduplication", "InvalidParameterValue"),
        ("attribute", "InvalidParameterValue"),
        ("list", "AWS.SimpleQueueService.UnsupportedOperation"),
    ]
    assert all(one.keys() == {"Id", "SenderFault", "Code", "Message"} for one in result["Failed"])
    assert all(one["SenderFault"] is True for one in result["Failed"])
    assert sorted(message.body for message in waiting()) == ["one", "two"]


def test_a_batch_in_which_all_entries_fail_is_still_answered(
    client: SqsClient, queue_url: str, waiting: Waiting
) -> None:
    result = client.call("SendMessageBatch", QueueUrl=queue_url, Entries=[entry("bad", "\x00")])

    assert result.keys() == {"Failed"}
    assert waiting() == []
