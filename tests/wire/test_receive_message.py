"""ReceiveMessage as a short poll."""

import hashlib
import json

import pytest
import redis

from karin.clock import SystemClock
from karin.sqs.limits import IN_FLIGHT
from karin.store import keys
from tests.wire.monitoring import commands
from tests.wire.raw import ask_get
from tests.wire.receiving import due_instants_ms, receive, receive_one, send
from tests.wire.sdk import ACCOUNT, INVALID_PARAMETER, OVER_LIMIT, QUEUE_DOES_NOT_EXIST, WORK, SqsClient, text

MOST_BYTES = 1_048_576
RANGE = "Value {} for parameter {} is invalid. Reason: {}"


def test_an_empty_queue_is_answered_without_a_list_of_messages(client: SqsClient, queue_url: str) -> None:
    assert client.call("ReceiveMessage", QueueUrl=queue_url) == {}
    if client.protocol == "json":
        assert client.last["body"] == b"{}"
    else:
        assert b"<ReceiveMessageResult" in client.last["body"]


@pytest.mark.parametrize(
    "body",
    [
        "hello",
        "one\r\ntwo\rthree\nfour\r\n",
        " \t\n leading and trailing \r\n ",
        "<body a=\"1\" b='2'>&amp;</body>]]>",
        "안녕하세요 👋🏽 👩‍👩‍👧‍👦 𠮷",
        "\ue000\ufffd\U00010000\U0010ffff\ud7ff",
        "\x7f\x85\u2028",
        "x" * MOST_BYTES,
        "한" * (MOST_BYTES // 3),
    ],
    ids=lambda body: ascii(body[:20]),
)
def test_a_message_arrives_as_it_was_sent_and_with_nothing_that_was_not_asked_for(
    client: SqsClient, queue_url: str, body: str
) -> None:
    attributes = {} if len(body) > 100_000 else {"color": text("blue")}  # they count in the longest message's size
    message_id = send(client, queue_url, body, MessageAttributes=attributes)

    message = receive_one(client, queue_url)

    assert message.keys() == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}
    assert (message["MessageId"], message["Body"]) == (message_id, body)
    assert message["MD5OfBody"] == hashlib.md5(body.encode()).hexdigest()
    assert message["ReceiptHandle"].startswith("AQEB")


def test_a_received_message_is_hidden(client: SqsClient, queue_url: str) -> None:
    send(client, queue_url)

    assert len(receive(client, queue_url)) == 1
    assert receive(client, queue_url) == []
    assert client.attributes(queue_url)["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_one_message_is_received_unless_more_are_asked_for(client: SqsClient, queue_url: str) -> None:
    entries = [{"Id": str(number), "MessageBody": str(number)} for number in range(10)]
    client.call("SendMessageBatch", QueueUrl=queue_url, Entries=entries)

    first = receive(client, queue_url)
    others = receive(client, queue_url, MaxNumberOfMessages=10)

    assert (len(first), len(others)) == (1, 9)
    assert {message["Body"] for message in first + others} == {str(number) for number in range(10)}
    assert len({message["ReceiptHandle"] for message in first + others}) == 10


def test_an_answer_holds_at_most_two_of_the_longest_messages(client: SqsClient, queue_url: str) -> None:
    for _ in range(3):
        send(client, queue_url, "x" * MOST_BYTES)

    assert [len(receive(client, queue_url, MaxNumberOfMessages=10)) for _ in range(2)] == [2, 1]


def test_a_visibility_timeout_of_zero_leaves_the_message_to_the_next_receive(client: SqsClient, queue_url: str) -> None:
    send(client, queue_url)

    seen = [
        receive_one(client, queue_url, VisibilityTimeout=0, WaitTimeSeconds=1, AttributeNames=["All"]) for _ in range(3)
    ]

    assert [message["Attributes"]["ApproximateReceiveCount"] for message in seen] == ["1", "2", "3"]
    assert len({message["ReceiptHandle"] for message in seen}) == 3
    assert len({message["Attributes"]["ApproximateFirstReceiveTimestamp"] for message in seen}) == 1


@pytest.mark.parametrize(("given", "seconds"), [({"VisibilityTimeout": 43_200}, 43_200), ({}, 77)])
def test_the_visibility_timeout_is_that_of_the_receive_else_of_the_queue(
    client: SqsClient, raw: redis.Redis, given: dict[str, int], seconds: int
) -> None:
    url = client.create("work", VisibilityTimeout="77")
    send(client, url)
    before_ms = SystemClock().now_ms()

    receive_one(client, url, **given)

    [hidden_until_ms] = due_instants_ms(raw)
    assert before_ms <= hidden_until_ms - seconds * 1000 <= SystemClock().now_ms()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("MaxNumberOfMessages", 0, "Must be between 1 and 10, if provided."),
        ("MaxNumberOfMessages", 11, "Must be between 1 and 10, if provided."),
        ("MaxNumberOfMessages", -1, "Must be between 1 and 10, if provided."),
        ("WaitTimeSeconds", 21, "Must be >= 0 and <= 20, if provided."),
        ("WaitTimeSeconds", -1, "Must be >= 0 and <= 20, if provided."),
        ("VisibilityTimeout", 43_201, "Must be >= 0 and <= 43200, if provided."),
        ("VisibilityTimeout", -1, "Must be >= 0 and <= 43200, if provided."),
        ("VisibilityTimeout", 2**70, "Must be >= 0 and <= 43200, if provided."),
    ],
)
def test_a_parameter_out_of_range_is_refused(
    client: SqsClient, queue_url: str, name: str, value: int, reason: str
) -> None:
    send(client, queue_url)

    said = client.refused("ReceiveMessage", INVALID_PARAMETER, QueueUrl=queue_url, **{name: value})

    assert said == RANGE.format(value, name, reason)
    assert len(receive(client, queue_url)) == 1


def test_a_receive_attempt_in_a_fifo_queue_can_be_repeated(client: SqsClient) -> None:
    url = client.create("work.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    for body in ("one", "two"):
        send(client, url, body, MessageGroupId="g")

    first = receive(client, url, MaxNumberOfMessages=10, ReceiveRequestAttemptId="attempt-1")
    again = receive(client, url, MaxNumberOfMessages=10, ReceiveRequestAttemptId="attempt-1")
    other = receive(client, url, MaxNumberOfMessages=10, ReceiveRequestAttemptId="attempt-2")

    assert [message["Body"] for message in first] == ["one", "two"]
    assert again == first
    assert other == []


@pytest.mark.parametrize("attempt_id", ["", "a b", "a" * 129, "시도"], ids=ascii)
def test_a_bad_id_of_a_receive_attempt_is_refused(client: SqsClient, attempt_id: str) -> None:
    url = client.create("work.fifo", FifoQueue="true")

    said = client.refused("ReceiveMessage", INVALID_PARAMETER, QueueUrl=url, ReceiveRequestAttemptId=attempt_id)

    assert said == RANGE.format(
        attempt_id,
        "ReceiveRequestAttemptId",
        "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
    )


def test_a_standard_queue_knows_no_receive_attempts(client: SqsClient, queue_url: str) -> None:
    said = client.refused("ReceiveMessage", INVALID_PARAMETER, QueueUrl=queue_url, ReceiveRequestAttemptId="attempt-1")

    reason = "The request include parameter that is not valid for this queue type."
    assert said == RANGE.format("attempt-1", "ReceiveRequestAttemptId", reason)


@pytest.mark.parametrize("given", [{}, {"WaitTimeSeconds": 20}, {"MaxNumberOfMessages": 11}], ids=str)
def test_a_missing_queue_wins_over_any_other_fault(client: SqsClient, given: dict[str, int]) -> None:
    client.refused("ReceiveMessage", QUEUE_DOES_NOT_EXIST, QueueUrl=f"{client.endpoint_url}/{ACCOUNT}/none", **given)


def test_an_explicit_wait_of_zero_overrides_that_of_the_queue(client: SqsClient) -> None:
    url = client.create("work", ReceiveMessageWaitTimeSeconds="20")
    before_ms = SystemClock().now_ms()

    assert receive(client, url, WaitTimeSeconds=0) == []

    assert SystemClock().now_ms() - before_ms < 5_000


@pytest.fixture
def full_queue_url(client: SqsClient, raw: redis.Redis) -> str:
    """Return the URL of a queue with as many messages in flight as there may be, whose own wait is a second."""
    url = client.create("work", ReceiveMessageWaitTimeSeconds="1")
    later_ms = SystemClock().now_ms() + 60_000
    raw.zadd(keys.leased(WORK), {f"in-flight-{number}": later_ms for number in range(IN_FLIGHT)})
    send(client, url)
    return url


def test_a_short_poll_of_a_queue_with_too_many_messages_in_flight_is_refused(
    client: SqsClient, full_queue_url: str
) -> None:
    said = client.refused("ReceiveMessage", OVER_LIMIT, QueueUrl=full_queue_url, WaitTimeSeconds=0)

    assert said.startswith("Too many messages in flight")


@pytest.mark.parametrize("given", [{"WaitTimeSeconds": 1}, {}], ids=["explicit", "of the queue"])
def test_a_long_poll_of_a_queue_with_too_many_messages_in_flight_ends_empty(
    client: SqsClient, full_queue_url: str, given: dict[str, int]
) -> None:
    assert receive(client, full_queue_url, **given) == []


def test_a_long_poll_finds_room_that_opens_meanwhile(client: SqsClient, full_queue_url: str, raw: redis.Redis) -> None:
    raw.zadd(keys.leased(WORK), {"in-flight-0": SystemClock().now_ms() + 500})

    assert len(receive(client, full_queue_url, WaitTimeSeconds=10)) == 1


def test_a_receive_is_one_command(client: SqsClient, raw: redis.Redis) -> None:
    url = client.create("warm")
    send(client, url)
    receive(client, url)
    url = client.create("work")
    send(client, url)

    with commands(raw) as seen:
        assert len(receive(client, url, AttributeNames=["All"], MessageAttributeNames=["All"])) == 1
        assert receive(client, url, WaitTimeSeconds=0) == []

    assert seen == ["EVALSHA"] * 2


def test_a_get_on_the_path_of_a_queue_receives(client: SqsClient, queue_url: str) -> None:
    message_id = send(client, queue_url, "a & b", MessageAttributes={"color": text("blue")})
    path = queue_url.removeprefix(client.endpoint_url)

    answer = ask_get(
        client.endpoint_url,
        {"Action": "ReceiveMessage", "AttributeName.1": "SenderId", "MessageAttributeName.1": "All"},
        path=path,
    )

    assert answer.status == 200
    texts = answer.texts()
    assert (texts["MessageId"], texts["Body"]) == (message_id, "a & b")
    assert texts["MD5OfMessageAttributes"] == "da1b33cc3cbfe8b1630921e78e6b9880"


def test_a_get_that_accepts_json_receives_in_json(client: SqsClient, queue_url: str) -> None:
    message_id = send(client, queue_url)
    path = queue_url.removeprefix(client.endpoint_url)

    answer = ask_get(
        client.endpoint_url,
        {"Action": "ReceiveMessage", "AttributeName.1": "ApproximateReceiveCount"},
        path=path,
        headers={"Accept": "application/json"},
    )

    [message] = json.loads(answer.body)["ReceiveMessageResponse"]["ReceiveMessageResult"]["messages"]
    assert message["MessageId"] == message_id
