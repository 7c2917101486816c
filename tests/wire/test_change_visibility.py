"""ChangeMessageVisibility and ChangeMessageVisibilityBatch."""

from typing import Any

import pytest
import redis
from msgspec.structs import replace

from karin.clock import SystemClock
from karin.sqs.receipts import read_receipt_handle
from tests.wire.monitoring import commands
from tests.wire.receiving import (
    EXPIRED_TEXT,
    FIFO,
    INVALID_HANDLE_TEXT,
    due_instants_ms,
    handles,
    received,
)
from tests.wire.sdk import (
    ACCOUNT,
    EMPTY_BATCH,
    IDS_NOT_DISTINCT,
    INVALID_HANDLE,
    INVALID_PARAMETER,
    MALFORMED,
    MISSING_PARAMETER,
    QUEUE_DOES_NOT_EXIST,
    TOO_MANY_ENTRIES,
    SqsClient,
)

ENTRY = "ChangeMessageVisibilityBatchRequestEntry"
NOT_AVAILABLE = (
    "Value {} for parameter ReceiptHandle is invalid."
    " Reason: Message does not exist or is not available for visibility timeout change."
)
OUT_OF_RANGE = (
    "Value {} for parameter VisibilityTimeout is invalid."
    " Reason: VisibilityTimeout must be an integer between 0 and 43200."
)
BEYOND_TOTAL = (
    "Value {} for parameter VisibilityTimeout is invalid."
    " Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
)


def change(client: SqsClient, url: str, handle: str, seconds: int) -> None:
    result = client.call("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=seconds)
    assert result == {}


def refused(client: SqsClient, fault: Any, url: str, handle: str, seconds: int) -> str:
    return client.refused(
        "ChangeMessageVisibility", fault, QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=seconds
    )


def in_flight(client: SqsClient, url: str) -> str:
    return client.attributes(url)["ApproximateNumberOfMessagesNotVisible"]


@pytest.fixture
def fifo_url(client: SqsClient) -> str:
    """Return the URL of an empty FIFO queue."""
    return client.create("work.fifo", **FIFO)


@pytest.mark.parametrize("seconds", [1, 600, 43_200])
def test_the_new_time_counts_from_now(client: SqsClient, queue_url: str, raw: redis.Redis, seconds: int) -> None:
    [handle] = received(client, queue_url)
    before_ms = SystemClock().now_ms()

    change(client, queue_url, handle, seconds)

    [hidden_until_ms] = due_instants_ms(raw)
    assert before_ms <= hidden_until_ms - seconds * 1000 <= SystemClock().now_ms()


def test_zero_makes_the_message_visible_at_once(client: SqsClient, queue_url: str) -> None:
    [handle] = received(client, queue_url)

    change(client, queue_url, handle, 0)

    assert in_flight(client, queue_url) == "0"
    [message] = client.call("ReceiveMessage", QueueUrl=queue_url, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_change_holds_for_one_receive(client: SqsClient, raw: redis.Redis) -> None:
    url = client.create("work", VisibilityTimeout="100")
    [handle] = received(client, url)
    change(client, url, handle, 0)
    before_ms = SystemClock().now_ms()

    assert len(handles(client, url)) == 1

    [hidden_until_ms] = due_instants_ms(raw)
    assert before_ms <= hidden_until_ms - 100_000


def test_a_message_that_nobody_received_since_is_hidden_again(client: SqsClient, queue_url: str) -> None:
    [handle] = received(client, queue_url)
    change(client, queue_url, handle, 0)
    assert in_flight(client, queue_url) == "0"

    change(client, queue_url, handle, 60)

    assert in_flight(client, queue_url) == "1"
    assert handles(client, queue_url) == []


def test_a_message_that_someone_received_since_is_not_available(client: SqsClient, queue_url: str) -> None:
    [older] = received(client, queue_url)
    change(client, queue_url, older, 0)
    assert len(handles(client, queue_url)) == 1

    said = refused(client, INVALID_PARAMETER, queue_url, older, 0)

    assert said == NOT_AVAILABLE.format(older)
    assert in_flight(client, queue_url) == "1"


def test_a_deleted_message_is_not_available(client: SqsClient, queue_url: str) -> None:
    [handle] = received(client, queue_url)
    client.call("DeleteMessage", QueueUrl=queue_url, ReceiptHandle=handle)

    assert refused(client, INVALID_PARAMETER, queue_url, handle, 10) == NOT_AVAILABLE.format(handle)


def test_in_a_fifo_queue_an_extended_handle_still_deletes(client: SqsClient, fifo_url: str) -> None:
    [handle] = received(client, fifo_url, VisibilityTimeout=5)

    change(client, fifo_url, handle, 600)

    client.call("DeleteMessage", QueueUrl=fifo_url, ReceiptHandle=handle)
    assert in_flight(client, fifo_url) == "0"


def test_in_a_fifo_queue_a_lapsed_handle_has_expired(client: SqsClient, fifo_url: str) -> None:
    [handle] = received(client, fifo_url)
    change(client, fifo_url, handle, 0)

    assert refused(client, INVALID_PARAMETER, fifo_url, handle, 60) == EXPIRED_TEXT.format(handle)


def test_in_a_fifo_queue_an_older_handle_has_expired_and_a_deleted_message_is_not_available(
    client: SqsClient, fifo_url: str
) -> None:
    [older] = received(client, fifo_url)
    change(client, fifo_url, older, 0)
    [newer] = handles(client, fifo_url)

    assert refused(client, INVALID_PARAMETER, fifo_url, older, 60) == EXPIRED_TEXT.format(older)
    client.call("DeleteMessage", QueueUrl=fifo_url, ReceiptHandle=newer)
    assert refused(client, INVALID_PARAMETER, fifo_url, newer, 60) == NOT_AVAILABLE.format(newer)


def test_the_first_of_a_group_can_be_made_visible_while_the_second_is_in_flight(
    client: SqsClient, fifo_url: str
) -> None:
    first, _ = received(client, fifo_url, 2)

    change(client, fifo_url, first, 0)

    [message] = client.call("ReceiveMessage", QueueUrl=fifo_url, MaxNumberOfMessages=10)["Messages"]
    assert message["Body"] == "0"


@pytest.mark.parametrize("seconds", [-1, 43_201, 2**40])
def test_a_timeout_out_of_range_is_refused(client: SqsClient, queue_url: str, seconds: int) -> None:
    [handle] = received(client, queue_url)

    assert refused(client, INVALID_PARAMETER, queue_url, handle, seconds) == OUT_OF_RANGE.format(seconds)
    assert in_flight(client, queue_url) == "1"


@pytest.mark.parametrize(
    ("held_seconds", "seconds", "is_accepted"), [(600, 42_500, True), (600, 42_601, False), (43_200, 1, False)]
)
def test_a_message_is_hidden_for_twelve_hours_at_most_since_its_receive(
    client: SqsClient, queue_url: str, held_seconds: int, seconds: int, is_accepted: bool
) -> None:
    [handle] = received(client, queue_url)
    receipt = read_receipt_handle(handle)
    assert receipt is not None
    earlier = replace(receipt, received_at_ms=receipt.received_at_ms - held_seconds * 1000).handle

    if is_accepted:
        change(client, queue_url, earlier, seconds)
    else:
        assert refused(client, INVALID_PARAMETER, queue_url, earlier, seconds) == BEYOND_TOTAL.format(seconds)
    change(client, queue_url, earlier, 0)


def test_a_change_needs_a_timeout_and_a_handle(client: SqsClient, queue_url: str) -> None:
    [handle] = received(client, queue_url)

    def lacks(**given: Any) -> str:
        return client.refused("ChangeMessageVisibility", MISSING_PARAMETER, QueueUrl=queue_url, **given)

    assert lacks(ReceiptHandle=handle) == "The request must contain the parameter VisibilityTimeout."
    assert lacks(VisibilityTimeout=1) == "The request must contain the parameter ReceiptHandle."
    assert lacks() == "The request must contain the parameter VisibilityTimeout."


def test_a_timeout_that_is_no_number_is_malformed(client: SqsClient, queue_url: str) -> None:
    [handle] = received(client, queue_url)

    client.refused(
        "ChangeMessageVisibility", MALFORMED, QueueUrl=queue_url, ReceiptHandle=handle, VisibilityTimeout="soon"
    )


def test_a_text_that_is_no_handle_of_this_queue_is_refused(client: SqsClient, queue_url: str) -> None:
    [elsewhere] = received(client, client.create("other"))

    for handle in ("garbage", elsewhere):
        assert refused(client, INVALID_HANDLE, queue_url, handle, 1) == INVALID_HANDLE_TEXT.format(handle)


@pytest.mark.parametrize("given", [{}, {"ReceiptHandle": "garbage", "VisibilityTimeout": -1}], ids=["none", "bad"])
def test_a_missing_queue_wins_over_any_other_fault(client: SqsClient, given: dict[str, Any]) -> None:
    url = f"{client.endpoint_url}/{ACCOUNT}/none"

    client.refused("ChangeMessageVisibility", QUEUE_DOES_NOT_EXIST, QueueUrl=url, **given)
    client.refused("ChangeMessageVisibilityBatch", QUEUE_DOES_NOT_EXIST, QueueUrl=url, Entries=[])
    client.refused("ChangeMessageVisibilityBatch", QUEUE_DOES_NOT_EXIST, QueueUrl=url, Entries=[{"Id": "a", **given}])


def test_a_batch_changes_each_message_by_its_own_time(client: SqsClient, queue_url: str, raw: redis.Redis) -> None:
    taken = received(client, queue_url, 10)
    before_ms = SystemClock().now_ms()

    result = client.call(
        "ChangeMessageVisibilityBatch",
        QueueUrl=queue_url,
        Entries=[
            {"Id": f"e-{place}", "ReceiptHandle": handle, "VisibilityTimeout": 100 * place}
            for place, handle in enumerate(taken)
        ],
    )

    assert result == {"Successful": [{"Id": f"e-{place}"} for place in range(10)]}
    later_ms = SystemClock().now_ms()
    for place, at_ms in enumerate(due_instants_ms(raw)):
        assert before_ms <= at_ms - 100_000 * place <= later_ms
    assert in_flight(client, queue_url) == "9"


def test_a_bad_entry_fails_alone(client: SqsClient, queue_url: str) -> None:
    good, gone = received(client, queue_url, 2)
    client.call("DeleteMessage", QueueUrl=queue_url, ReceiptHandle=gone)

    result = client.call(
        "ChangeMessageVisibilityBatch",
        QueueUrl=queue_url,
        Entries=[
            {"Id": "no-time", "ReceiptHandle": good},
            {"Id": "no-handle", "VisibilityTimeout": 1},
            {"Id": "garbage", "ReceiptHandle": "garbage", "VisibilityTimeout": 1},
            {"Id": "range", "ReceiptHandle": good, "VisibilityTimeout": 43_201},
            {"Id": "gone", "ReceiptHandle": gone, "VisibilityTimeout": 1},
            {"Id": "good", "ReceiptHandle": good, "VisibilityTimeout": 0},
        ],
    )

    assert result["Successful"] == [{"Id": "good"}]
    assert result["Failed"] == [
        {"Id": entry_id, "SenderFault": True, "Code": code, "Message": message}
        for entry_id, code, message in (
            ("no-time", "MissingParameter", f"The request must contain the parameter {ENTRY}.1.VisibilityTimeout."),
            ("no-handle", "MissingParameter", f"The request must contain the parameter {ENTRY}.2.ReceiptHandle."),
            ("garbage", "ReceiptHandleIsInvalid", INVALID_HANDLE_TEXT.format("garbage")),
            ("range", "InvalidParameterValue", OUT_OF_RANGE.format(43_201)),
            ("gone", "InvalidParameterValue", NOT_AVAILABLE.format(gone)),
        )
    ]
    assert in_flight(client, queue_url) == "0"


def test_a_batch_is_refused_as_a_whole_for_its_entries(client: SqsClient, queue_url: str) -> None:
    def refused_batch(fault: Any, ids: list[str]) -> str:
        entries = [{"Id": entry_id, "ReceiptHandle": "garbage", "VisibilityTimeout": 1} for entry_id in ids]
        return client.refused("ChangeMessageVisibilityBatch", fault, QueueUrl=queue_url, Entries=entries)

    assert refused_batch(EMPTY_BATCH, []) == f"There should be at least one {ENTRY} in the request."
    assert (
        refused_batch(TOO_MANY_ENTRIES, [str(place) for place in range(11)])
        == "Maximum number of entries per request are 10. You have sent 11."
    )
    assert refused_batch(IDS_NOT_DISTINCT, ["a", "a"]) == "Id a repeated."


def test_a_change_is_one_command_and_so_is_a_batch(client: SqsClient, queue_url: str, raw: redis.Redis) -> None:
    taken = received(client, queue_url, 10)
    change(client, queue_url, taken[0], 60)

    with commands(raw) as seen:
        change(client, queue_url, taken[0], 60)
        client.call(
            "ChangeMessageVisibilityBatch",
            QueueUrl=queue_url,
            Entries=[
                {"Id": str(place), "ReceiptHandle": handle, "VisibilityTimeout": place}
                for place, handle in enumerate(taken)
            ],
        )

    assert seen == ["EVALSHA"] * 2
