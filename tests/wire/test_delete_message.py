"""DeleteMessage and DeleteMessageBatch."""

from typing import Any

import pytest
import redis

from karin.store import keys
from tests.wire.monitoring import commands
from tests.wire.receiving import EXPIRED_TEXT, FIFO, INVALID_HANDLE_TEXT, all_keys, handles, received
from tests.wire.sdk import (
    ACCOUNT,
    EMPTY_BATCH,
    IDS_NOT_DISTINCT,
    INVALID_ENTRY_ID,
    INVALID_HANDLE,
    INVALID_PARAMETER,
    MISSING_PARAMETER,
    QUEUE_DOES_NOT_EXIST,
    TOO_MANY_ENTRIES,
    WORK,
    SqsClient,
)


def delete(client: SqsClient, url: str, handle: str) -> None:
    assert client.call("DeleteMessage", QueueUrl=url, ReceiptHandle=handle) == {}


def deleted(client: SqsClient, url: str, entries: list[tuple[str, str]]) -> dict[str, Any]:
    return client.call(
        "DeleteMessageBatch",
        QueueUrl=url,
        Entries=[{"Id": entry_id, "ReceiptHandle": handle} for entry_id, handle in entries],
    )


@pytest.fixture
def fifo_url(client: SqsClient) -> str:
    """Return the URL of an empty FIFO queue."""
    return client.create("work.fifo", **FIFO)


def test_a_deleted_message_leaves_nothing_behind(client: SqsClient, queue_url: str, raw: redis.Redis) -> None:
    [handle] = received(client, queue_url)

    delete(client, queue_url, handle)

    assert client.last["body"] == b"" or client.protocol == "query"
    assert all_keys(raw) == {keys.QUEUES, keys.queue(WORK), keys.done(WORK)}


def test_deleting_again_is_fine(client: SqsClient, queue_url: str) -> None:
    [handle] = received(client, queue_url)

    for _ in range(2):
        delete(client, queue_url, handle)


def test_a_handle_deletes_after_a_purge(client: SqsClient, queue_url: str) -> None:
    [handle] = received(client, queue_url)
    client.call("PurgeQueue", QueueUrl=queue_url)

    delete(client, queue_url, handle)


@pytest.mark.parametrize(
    "handle", ["garbage", "AQEB", "한글", 'a"b', "x" * 2000, "QVFFQg=="], ids=lambda text: text[:9]
)
def test_a_text_that_is_no_handle_is_refused(client: SqsClient, queue_url: str, handle: str) -> None:
    said = client.refused("DeleteMessage", INVALID_HANDLE, QueueUrl=queue_url, ReceiptHandle=handle)

    assert said == INVALID_HANDLE_TEXT.format(handle)


def test_a_handle_of_another_queue_is_refused(client: SqsClient, queue_url: str) -> None:
    other_url = client.create("other")
    [handle] = received(client, other_url)

    said = client.refused("DeleteMessage", INVALID_HANDLE, QueueUrl=queue_url, ReceiptHandle=handle)

    assert said == INVALID_HANDLE_TEXT.format(handle)
    assert client.attributes(other_url)["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_a_handle_with_a_typing_error_is_refused(client: SqsClient, queue_url: str) -> None:
    [handle] = received(client, queue_url)
    wrong = handle[:20] + ("A" if handle[20] != "A" else "B") + handle[21:]

    client.refused("DeleteMessage", INVALID_HANDLE, QueueUrl=queue_url, ReceiptHandle=wrong)


@pytest.mark.parametrize("given", [{}, {"ReceiptHandle": ""}], ids=["absent", "empty"])
def test_a_delete_needs_a_handle(client: SqsClient, queue_url: str, given: dict[str, str]) -> None:
    said = client.refused("DeleteMessage", MISSING_PARAMETER, QueueUrl=queue_url, **given)

    assert said == "The request must contain the parameter ReceiptHandle."


@pytest.mark.parametrize("given", [{}, {"ReceiptHandle": "garbage"}], ids=["absent", "garbage"])
def test_a_missing_queue_wins_over_any_other_fault(client: SqsClient, given: dict[str, str]) -> None:
    url = f"{client.endpoint_url}/{ACCOUNT}/none"

    client.refused("DeleteMessage", QUEUE_DOES_NOT_EXIST, QueueUrl=url, **given)
    client.refused("DeleteMessageBatch", QUEUE_DOES_NOT_EXIST, QueueUrl=url, Entries=[])
    client.refused("DeleteMessageBatch", QUEUE_DOES_NOT_EXIST, QueueUrl=url, Entries=[{"Id": "a", **given}])


def test_a_handle_of_a_deleted_queue_does_not_find_it(client: SqsClient, queue_url: str) -> None:
    [handle] = received(client, queue_url)
    client.call("DeleteQueue", QueueUrl=queue_url)

    client.refused("DeleteMessage", QUEUE_DOES_NOT_EXIST, QueueUrl=queue_url, ReceiptHandle=handle)


def test_in_a_standard_queue_a_lapsed_handle_deletes(client: SqsClient, queue_url: str) -> None:
    [handle] = received(client, queue_url, VisibilityTimeout=0)

    delete(client, queue_url, handle)

    assert handles(client, queue_url, WaitTimeSeconds=1) == []


def test_in_a_standard_queue_an_older_handle_deletes_what_was_received_since(client: SqsClient, queue_url: str) -> None:
    [older] = received(client, queue_url, VisibilityTimeout=0)
    [newer] = handles(client, queue_url, WaitTimeSeconds=1)

    delete(client, queue_url, older)

    assert client.attributes(queue_url)["ApproximateNumberOfMessagesNotVisible"] == "0"
    delete(client, queue_url, newer)


def test_in_a_fifo_queue_a_lapsed_handle_has_expired(client: SqsClient, fifo_url: str) -> None:
    [handle] = received(client, fifo_url)
    client.call("ChangeMessageVisibility", QueueUrl=fifo_url, ReceiptHandle=handle, VisibilityTimeout=0)

    said = client.refused("DeleteMessage", INVALID_PARAMETER, QueueUrl=fifo_url, ReceiptHandle=handle)

    assert said == EXPIRED_TEXT.format(handle)
    assert len(handles(client, fifo_url)) == 1


def test_in_a_fifo_queue_an_older_handle_has_expired(client: SqsClient, fifo_url: str) -> None:
    [older] = received(client, fifo_url, VisibilityTimeout=0)
    [newer] = handles(client, fifo_url, WaitTimeSeconds=1)

    client.refused("DeleteMessage", INVALID_PARAMETER, QueueUrl=fifo_url, ReceiptHandle=older)
    for _ in range(2):
        delete(client, fifo_url, newer)
    delete(client, fifo_url, older)


def test_deleting_all_that_is_in_flight_unblocks_a_group(client: SqsClient, fifo_url: str) -> None:
    [first] = received(client, fifo_url)
    assert received(client, fifo_url, 2) == []

    delete(client, fifo_url, first)

    assert len(handles(client, fifo_url)) == 1  # the other entry was a duplicate of the first


def test_a_batch_deletes_all_its_messages(client: SqsClient, queue_url: str, raw: redis.Redis) -> None:
    taken = received(client, queue_url, 10)
    entries = [(f"e-{place}", handle) for place, handle in enumerate(taken)]

    result = deleted(client, queue_url, entries)

    assert result == {"Successful": [{"Id": entry_id} for entry_id, _ in entries]}
    assert all_keys(raw) == {keys.QUEUES, keys.queue(WORK), keys.done(WORK)}
    assert deleted(client, queue_url, entries) == result


def test_a_bad_entry_fails_alone(client: SqsClient, queue_url: str) -> None:
    first, second = received(client, queue_url, 2)
    other_url = client.create("other")
    [elsewhere] = received(client, other_url)

    result = client.call(
        "DeleteMessageBatch",
        QueueUrl=queue_url,
        Entries=[
            {"Id": "first", "ReceiptHandle": first},
            {"Id": "garbage", "ReceiptHandle": "garbage"},
            {"Id": "none"},
            {"Id": "elsewhere", "ReceiptHandle": elsewhere},
            {"Id": "again", "ReceiptHandle": first},
            {"Id": "second", "ReceiptHandle": second},
        ],
    )

    assert [entry["Id"] for entry in result["Successful"]] == ["first", "again", "second"]
    assert result["Failed"] == [
        {"Id": entry_id, "SenderFault": True, "Code": code, "Message": message}
        for entry_id, code, message in (
            ("garbage", "ReceiptHandleIsInvalid", INVALID_HANDLE_TEXT.format("garbage")),
            (
                "none",
                "MissingParameter",
                "The request must contain the parameter DeleteMessageBatchRequestEntry.3.ReceiptHandle.",
            ),
            ("elsewhere", "ReceiptHandleIsInvalid", INVALID_HANDLE_TEXT.format(elsewhere)),
        )
    ]
    assert client.attributes(queue_url)["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_batch_of_bad_entries_has_no_successes(client: SqsClient, queue_url: str) -> None:
    result = deleted(client, queue_url, [("a", "garbage")])

    assert result.keys() == {"Failed"}


def test_an_expired_handle_of_a_fifo_queue_fails_alone(client: SqsClient, fifo_url: str) -> None:
    first, second = received(client, fifo_url, 2)
    client.call("ChangeMessageVisibility", QueueUrl=fifo_url, ReceiptHandle=second, VisibilityTimeout=0)

    result = deleted(client, fifo_url, [("a", first), ("b", second)])

    assert result["Successful"] == [{"Id": "a"}]
    [refused] = result["Failed"]
    assert (refused["Code"], refused["Message"]) == ("InvalidParameterValue", EXPIRED_TEXT.format(second))


def test_a_batch_is_refused_as_a_whole_for_its_entries(client: SqsClient, queue_url: str) -> None:
    [handle] = received(client, queue_url)

    def refused(fault: Any, ids: list[str]) -> str:
        entries = [{"Id": entry_id, "ReceiptHandle": handle} for entry_id in ids]
        return client.refused("DeleteMessageBatch", fault, QueueUrl=queue_url, Entries=entries)

    assert refused(EMPTY_BATCH, []) == "There should be at least one DeleteMessageBatchRequestEntry in the request."
    assert (
        refused(TOO_MANY_ENTRIES, [str(place) for place in range(11)])
        == "Maximum number of entries per request are 10. You have sent 11."
    )
    assert refused(IDS_NOT_DISTINCT, ["a", "b", "a"]) == "Id a repeated."
    refused(INVALID_ENTRY_ID, ["a", "b.c"])
    assert client.attributes(queue_url)["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_a_delete_is_one_command_and_so_is_a_batch(client: SqsClient, queue_url: str, raw: redis.Redis) -> None:
    delete(client, queue_url, received(client, queue_url)[0])
    one, *others = received(client, queue_url, 10)

    with commands(raw) as seen:
        delete(client, queue_url, one)
        deleted(client, queue_url, [*((str(place), handle) for place, handle in enumerate(others)), ("x", "garbage")])

    assert seen == ["EVALSHA"] * 2
