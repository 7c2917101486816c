"""SendMessageBatch to FIFO queues: order, duplicates, and entries that are refused."""

import hashlib
from typing import Any

import pytest
import redis

from tests.wire.fifo_sending.sending import (
    BAD_ID,
    NO_DEDUPLICATION,
    NO_GROUP,
    Waiting,
    batch_refused,
    entry,
    send,
    send_batch,
)
from tests.wire.monitoring import commands
from tests.wire.sdk import SqsClient


def test_a_batch_keeps_its_order(client: SqsClient, fifo_url: str, lined_up: Waiting) -> None:
    entries = [entry(f"id-{place}", f"body {place}") for place in (3, 1, 2, 9, 0, 8, 4, 7, 5, 6)]

    result = send_batch(client, fifo_url, *entries)

    assert result.keys() == {"Successful"}
    assert [one["Id"] for one in result["Successful"]] == [one["Id"] for one in entries]
    assert all(one.keys() == {"Id", "MessageId", "MD5OfMessageBody", "SequenceNumber"} for one in result["Successful"])
    numbers = [one["SequenceNumber"] for one in result["Successful"]]
    assert numbers == sorted(set(numbers))
    assert [message.body for message in lined_up()] == [one["MessageBody"] for one in entries]


def test_batches_and_single_messages_stand_in_one_line(client: SqsClient, content_url: str, lined_up: Waiting) -> None:
    send(client, content_url, "1")
    send_batch(client, content_url, entry("a", "2"), entry("b", "3"))
    send(client, content_url, "4")

    assert [message.body for message in lined_up()] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    "others",
    [{}, {"MessageBody": "\x00"}, {"MessageBody": None}, {"DelaySeconds": 5}, {"MessageDeduplicationId": None}],
    ids=["otherwise good", "bad body", "no body", "delay", "no deduplication id"],
)
def test_a_batch_in_which_a_group_is_missing_is_refused_as_a_whole(
    client: SqsClient, fifo_url: str, lined_up: Waiting, others: dict[str, Any]
) -> None:
    said = batch_refused(client, fifo_url, entry("good"), entry("bad", MessageGroupId=None, **others))

    assert said == NO_GROUP
    assert lined_up() == []


@pytest.mark.parametrize(
    "others",
    [{}, {"MessageBody": "\x00"}, {"MessageBody": None}, {"DelaySeconds": 5}, {"MessageGroupId": "a b"}],
    ids=["otherwise good", "bad body", "no body", "delay", "bad group"],
)
def test_a_batch_in_which_a_deduplication_id_is_missing_is_refused_as_a_whole(
    client: SqsClient, fifo_url: str, lined_up: Waiting, others: dict[str, Any]
) -> None:
    for good in ([entry("good")], []):
        said = batch_refused(client, fifo_url, *good, entry("bad", MessageDeduplicationId=None, **others))
        assert said == NO_DEDUPLICATION
    assert lined_up() == []


def test_a_batch_needs_no_deduplication_ids_where_content_decides(
    client: SqsClient, content_url: str, lined_up: Waiting
) -> None:
    result = send_batch(
        client,
        content_url,
        entry("first", "same", MessageDeduplicationId=None),
        entry("bad", "\x00", MessageDeduplicationId=None),
        entry("again", "same", MessageDeduplicationId=None),
        entry("own", "same", MessageDeduplicationId="d"),
    )

    first, again, own = result["Successful"]
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert own["MessageId"] != first["MessageId"]
    assert [one["Id"] for one in result["Failed"]] == ["bad"]
    assert len(lined_up()) == 2


def test_bad_entries_fail_alone_and_the_others_keep_their_order(
    client: SqsClient, fifo_url: str, lined_up: Waiting
) -> None:
    bad: dict[str, dict[str, Any]] = {
        "characters": {"MessageBody": "\x00"},
        "no-body": {"MessageBody": None},
        "delay": {"DelaySeconds": 5},
        "group": {"MessageGroupId": "a b"},
        "deduplication": {"MessageDeduplicationId": "x" * 129},
    }

    result = send_batch(
        client,
        fifo_url,
        entry("first", "first", DelaySeconds=0),
        *(entry(entry_id, **more) for entry_id, more in bad.items()),
        entry("last", "last"),
    )

    assert [one["Id"] for one in result["Successful"]] == ["first", "last"]
    assert [(one["Id"], one["Code"]) for one in result["Failed"]] == [
        ("characters", "InvalidMessageContents"),
        ("no-body", "MissingParameter"),
        ("delay", "InvalidParameterValue"),
        ("group", "InvalidParameterValue"),
        ("deduplication", "InvalidParameterValue"),
    ]
    messages = {one["Id"]: one["Message"] for one in result["Failed"]}
    assert messages["delay"] == (
        "Value 5 for parameter DelaySeconds is invalid."
        " Reason: The request include parameter that is not valid for this queue type."
    )
    assert messages["group"] == BAD_ID.format(value="a b", name="MessageGroupId")
    assert messages["deduplication"] == BAD_ID.format(value="x" * 129, name="MessageDeduplicationId")
    assert [message.body for message in lined_up()] == ["first", "last"]


def test_an_entry_longer_than_its_queue_allows_fails_alone(client: SqsClient, lined_up: Waiting) -> None:
    url = client.create("work.fifo", FifoQueue="true", MaximumMessageSize="1024")

    result = send_batch(client, url, entry("a"), entry("long", "x" * 1025), entry("b"))

    assert [one["Id"] for one in result["Successful"]] == ["a", "b"]
    [failed] = result["Failed"]
    assert (failed["Id"], failed["Code"], failed["Message"]) == (
        "long",
        "InvalidParameterValue",
        "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.",
    )
    assert len(lined_up()) == 2


def test_a_duplicate_within_a_batch_and_across_batches_is_the_first(
    client: SqsClient, fifo_url: str, lined_up: Waiting
) -> None:
    first = send_batch(client, fifo_url, entry("a", "1"), entry("b", "2", MessageDeduplicationId="a"))["Successful"]
    again = send_batch(client, fifo_url, entry("a", "3"), entry("c", "4"))["Successful"]

    assert {one["MessageId"] for one in (*first, again[0])} == {first[0]["MessageId"]}
    assert {one["SequenceNumber"] for one in (*first, again[0])} == {first[0]["SequenceNumber"]}
    assert [one["MD5OfMessageBody"] for one in first] == [hashlib.md5(body).hexdigest() for body in (b"1", b"2")]
    assert [message.body for message in lined_up()] == ["1", "4"]


def test_a_batch_to_a_fifo_queue_is_one_command(client: SqsClient, fifo_url: str, raw: redis.Redis) -> None:
    send_batch(client, fifo_url, entry("warm"))

    with commands(raw) as seen:
        send_batch(client, fifo_url, *(entry(f"id-{place}") for place in range(10)))
        send(client, fifo_url, MessageDeduplicationId="d")

    assert seen == ["EVALSHA"] * 2
