"""SendMessage and SendMessageBatch to FIFO queues: groups, deduplication, sequence numbers, order and delay."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
import redis

from karin.clock import SystemClock
from karin.sqs.message import Message
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.store import Store
from tests.wire.monitoring import commands
from tests.wire.sdk import (
    ACCOUNT,
    INVALID_PARAMETER,
    MISSING_PARAMETER,
    QUEUE_DOES_NOT_EXIST,
    Fault,
    SqsClient,
)

FIFO = QueueId(ACCOUNT, "work.fifo")
NO_GROUP = "The request must contain the parameter MessageGroupId."
NO_DEDUPLICATION = (
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
)
BAD_ID = (
    "Value {value} for parameter {name} is invalid."
    " Reason: {name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
)
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

Waiting = Callable[[], list[Message]]


@pytest.fixture
def fifo_url(client: SqsClient) -> str:
    """Return the URL of an empty FIFO queue whose messages need a deduplication id."""
    return client.create("work.fifo", FifoQueue="true")


@pytest.fixture
def content_url(client: SqsClient) -> str:
    """Return the URL of an empty FIFO queue that makes deduplication ids of bodies."""
    return client.create("work.fifo", FifoQueue="true", ContentBasedDeduplication="true")


@pytest.fixture
def lined_up(store: Store) -> Waiting:
    """Return a look at all messages of the FIFO queue, each group in its order."""

    def look() -> list[Message]:
        claim = store.messages.claim(FIFO, SystemClock().now_ms() + 3_600_000, most=100, most_bytes=100_000_000)
        return [received.message for received in claim.messages]

    return look


@pytest.fixture
def due_in_ms(raw: redis.Redis) -> Callable[[], list[int]]:
    """Return a look at how long after its send the first message of each group is due."""

    def look() -> list[int]:
        arrived: Any = raw.zrange(keys.arrivals(FIFO), 0, 0, withscores=True)
        due: Any = raw.zrange(keys.due(FIFO), 0, -1, withscores=True)
        return [int(at_ms - arrived[0][1]) for _, at_ms in due]

    return look


def send(client: SqsClient, url: str, body: str = "body", **more: Any) -> dict[str, Any]:
    """Send a message of group ``g``, unless another is given; return the answer."""
    return client.call("SendMessage", QueueUrl=url, MessageBody=body, **{"MessageGroupId": "g", **more})


def refused(client: SqsClient, fault: Fault, url: str, **more: Any) -> str:
    """Send a message, which must be refused; return the error's text. A parameter that is None is left out."""
    parameters = {"MessageBody": "body", "MessageGroupId": "g", "MessageDeduplicationId": "d"} | more
    given = {name: value for name, value in parameters.items() if value is not None}
    return client.refused("SendMessage", fault, QueueUrl=url, **given)


def entry(entry_id: str, body: str = "body", **more: Any) -> dict[str, Any]:
    """Return an entry of a batch, good unless ``more`` says otherwise. A member that is None is left out."""
    members = {"Id": entry_id, "MessageBody": body, "MessageGroupId": "g", "MessageDeduplicationId": entry_id} | more
    return {name: value for name, value in members.items() if value is not None}


def send_batch(client: SqsClient, url: str, *entries: dict[str, Any]) -> dict[str, Any]:
    """Send a batch; return the answer."""
    return client.call("SendMessageBatch", QueueUrl=url, Entries=list(entries))


def batch_refused(client: SqsClient, url: str, *entries: dict[str, Any]) -> str:
    """Send a batch, which must be refused as a whole for a wrong value; return the error's text."""
    return client.refused("SendMessageBatch", INVALID_PARAMETER, QueueUrl=url, Entries=list(entries))


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
