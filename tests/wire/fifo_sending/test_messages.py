"""SendMessage to FIFO queues: groups, deduplication, sequence numbers and delay."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
import redis

from karin.clock import SystemClock
from karin.store import keys
from karin.store.rows import entries_of
from karin.store.store import Store
from tests.wire.fifo_sending.sending import (
    BAD_ID,
    FIFO,
    NO_DEDUPLICATION,
    NO_GROUP,
    PUNCTUATION,
    Waiting,
    entry,
    refused,
    send,
    send_batch,
)
from tests.wire.sdk import INVALID_PARAMETER, MISSING_PARAMETER, QUEUE_DOES_NOT_EXIST, SqsClient


@pytest.fixture
def due_in_ms(raw: redis.Redis) -> Callable[[], list[int]]:
    """Return a look at how long after its send the first message of each group is due."""

    def look() -> list[int]:
        rows: Any = raw.zrange(keys.order(FIFO), 0, 0)
        due: Any = raw.zrange(keys.due(FIFO), 0, -1, withscores=True)
        first = next(entries_of(rows[0].encode(errors="surrogateescape").partition(b"\0")[2]))
        return [int(at_ms - first.sent_at_ms) for _, at_ms in due]

    return look


def test_a_sent_message_has_a_sequence_number_of_twenty_digits(
    client: SqsClient, fifo_url: str, lined_up: Waiting
) -> None:
    sent = send(client, fifo_url, "hello", MessageDeduplicationId="d")

    assert sent.keys() == {"MessageId", "MD5OfMessageBody", "SequenceNumber"}
    assert len(sent["SequenceNumber"]) == 20
    assert sent["SequenceNumber"].isdecimal()
    [message] = lined_up()
    assert (message.message_id, message.body, message.group_id, message.deduplication_id) == (
        sent["MessageId"],
        "hello",
        "g",
        "d",
    )
    assert message.sequence_number == sent["SequenceNumber"]


def test_sequence_numbers_grow_over_all_groups(client: SqsClient, content_url: str) -> None:
    numbers = [
        send(client, content_url, str(place), MessageGroupId=f"g{place % 3}")["SequenceNumber"] for place in range(12)
    ]

    assert numbers == sorted(set(numbers))


def test_a_message_needs_a_group(client: SqsClient, fifo_url: str, lined_up: Waiting) -> None:
    assert refused(client, MISSING_PARAMETER, fifo_url, MessageGroupId=None) == NO_GROUP
    assert lined_up() == []


@pytest.mark.parametrize("value", ["", "a b", "x" * 129, "그룹", "a\n", "\x7f"], ids=ascii)
@pytest.mark.parametrize("name", ["MessageGroupId", "MessageDeduplicationId"])
def test_a_bad_id_is_refused(client: SqsClient, fifo_url: str, name: str, value: str) -> None:
    assert refused(client, INVALID_PARAMETER, fifo_url, **{name: value}) == BAD_ID.format(value=value, name=name)


@pytest.mark.parametrize("value", ["x" * 128, PUNCTUATION, "0"], ids=ascii)
def test_ids_of_letters_digits_and_punctuation_are_kept_as_they_are(
    client: SqsClient, fifo_url: str, lined_up: Waiting, value: str
) -> None:
    send(client, fifo_url, MessageGroupId=value, MessageDeduplicationId=value)

    assert [(message.group_id, message.deduplication_id) for message in lined_up()] == [(value, value)]


def test_a_queue_that_makes_no_deduplication_ids_needs_one(client: SqsClient, fifo_url: str, lined_up: Waiting) -> None:
    assert refused(client, INVALID_PARAMETER, fifo_url, MessageDeduplicationId=None) == NO_DEDUPLICATION
    assert lined_up() == []


def test_a_duplicate_is_answered_like_the_first_and_stored_once(
    client: SqsClient, fifo_url: str, lined_up: Waiting
) -> None:
    first = send(client, fifo_url, "one", MessageDeduplicationId="d")
    again = send(client, fifo_url, "two", MessageGroupId="other", MessageDeduplicationId="d")

    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert again["MD5OfMessageBody"] == hashlib.md5(b"two").hexdigest()  # SDKs compare it with what they sent
    assert [message.body for message in lined_up()] == ["one"]


def test_a_duplicate_is_known_after_its_first_was_deleted(client: SqsClient, fifo_url: str, store: Store) -> None:
    first = send(client, fifo_url, MessageDeduplicationId="d")
    [received] = client.call("ReceiveMessage", QueueUrl=fifo_url)["Messages"]
    client.call("DeleteMessage", QueueUrl=fifo_url, ReceiptHandle=received["ReceiptHandle"])

    assert send(client, fifo_url, MessageDeduplicationId="d") == first
    assert store.queues.describe(FIFO, SystemClock().now_ms()).ready == 0


def test_a_purge_forgets_what_was_sent(client: SqsClient, fifo_url: str, lined_up: Waiting) -> None:
    first = send(client, fifo_url, MessageDeduplicationId="d")
    client.call("PurgeQueue", QueueUrl=fifo_url)

    again = send(client, fifo_url, MessageDeduplicationId="d")

    assert again["MessageId"] != first["MessageId"]
    assert again["SequenceNumber"] > first["SequenceNumber"]
    assert [message.message_id for message in lined_up()] == [again["MessageId"]]


def test_the_same_body_is_a_duplicate_where_content_decides(
    client: SqsClient, content_url: str, lined_up: Waiting
) -> None:
    color = {"color": {"DataType": "String", "StringValue": "blue"}}
    first = send(client, content_url, "same")
    again = send(client, content_url, "same", MessageAttributes=color, MessageGroupId="other")
    other = send(client, content_url, "other")

    assert again["MessageId"] == first["MessageId"] != other["MessageId"]
    assert [(message.body, message.deduplication_id) for message in lined_up()] == [
        (body, hashlib.sha256(body.encode()).hexdigest()) for body in ("same", "other")
    ]


def test_a_given_deduplication_id_wins_over_the_content(client: SqsClient, content_url: str, lined_up: Waiting) -> None:
    send(client, content_url, "same")
    send(client, content_url, "same", MessageDeduplicationId="d")
    send(client, content_url, "another", MessageDeduplicationId="d")

    assert [message.deduplication_id for message in lined_up()] == [hashlib.sha256(b"same").hexdigest(), "d"]


def test_a_deduplication_id_counts_in_the_whole_queue_or_in_its_group(client: SqsClient) -> None:
    by_group = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    for number, (attributes, is_duplicate) in enumerate(
        [({"DeduplicationScope": "queue"}, True), ({"DeduplicationScope": "messageGroup"}, False), (by_group, False)]
    ):
        url = client.create(f"scope-{number}.fifo", FifoQueue="true", **attributes)
        first, other, same = (
            send(client, url, MessageGroupId=group, MessageDeduplicationId="d")["MessageId"]
            for group in ("one", "two", "one")
        )
        assert same == first
        assert (other == first) is is_duplicate


@pytest.mark.parametrize("seconds", [1, 2, 900, 901])
def test_a_delay_of_its_own_is_refused(client: SqsClient, fifo_url: str, seconds: int) -> None:
    assert refused(client, INVALID_PARAMETER, fifo_url, DelaySeconds=seconds) == (
        f"Value {seconds} for parameter DelaySeconds is invalid."
        " Reason: The request include parameter that is not valid for this queue type."
    )


def test_a_negative_delay_is_refused_as_in_any_queue(client: SqsClient, fifo_url: str) -> None:
    assert refused(client, INVALID_PARAMETER, fifo_url, DelaySeconds=-1) == (
        "Value -1 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
    )


def test_a_delay_of_zero_leaves_the_delay_to_the_queue(client: SqsClient, due_in_ms: Callable[[], list[int]]) -> None:
    url = client.create("work.fifo", FifoQueue="true", DelaySeconds="30")

    send(client, url, MessageDeduplicationId="d", DelaySeconds=0)

    assert due_in_ms() == [30_000]


def test_a_message_longer_than_its_queue_allows_is_refused(client: SqsClient, lined_up: Waiting) -> None:
    url = client.create("work.fifo", FifoQueue="true", MaximumMessageSize="1024")

    send(client, url, "x" * 1024, MessageDeduplicationId="fits")

    assert refused(client, INVALID_PARAMETER, url, MessageBody="x" * 1025) == (
        "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."
    )
    assert len(lined_up()) == 1


def test_a_queue_that_does_not_exist_wins_over_any_other_fault(client: SqsClient) -> None:
    for more in ({}, {"MessageGroupId": None}, {"MessageDeduplicationId": None}, {"DelaySeconds": 5}):
        refused(client, QUEUE_DOES_NOT_EXIST, "nobody.fifo", **more)
    for entries in ([entry("a")], [entry("a", MessageGroupId=None)], [entry("a", "\x00", MessageDeduplicationId=None)]):
        client.refused("SendMessageBatch", QUEUE_DOES_NOT_EXIST, QueueUrl="nobody.fifo", Entries=entries)


def test_a_standard_queue_takes_groups_but_no_deduplication_ids(client: SqsClient, queue_url: str) -> None:
    sent = client.call("SendMessage", QueueUrl=queue_url, MessageBody="body", MessageGroupId="tenant")
    assert sent.keys() == {"MessageId", "MD5OfMessageBody"}

    said = client.refused(
        "SendMessage", INVALID_PARAMETER, QueueUrl=queue_url, MessageBody="body", MessageDeduplicationId="d"
    )
    assert said == (
        "Value d for parameter MessageDeduplicationId is invalid."
        " Reason: The request includes a parameter that is not valid for this queue type."
    )

    result = send_batch(client, queue_url, entry("a", MessageDeduplicationId=None), entry("b"))
    assert [one["Id"] for one in result["Successful"]] == ["a"]
    assert [(one["Id"], one["Code"], one["Message"]) for one in result["Failed"]] == [
        ("b", "InvalidParameterValue", "The request include parameter that is not valid for this queue type")
    ]
