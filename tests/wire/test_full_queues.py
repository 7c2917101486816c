"""OverLimit: what a sender to a queue without room is told, in both protocols."""

import re

import botocore.session
import pytest

from tests.wire.conftest import MAX_QUEUE_BYTES
from tests.wire.sdk import OVER_LIMIT, Protocol, SqsClient
from tests.wire.signing import TOKEN, client_of

BODY = "x" * 1_000  # too short to be compressed: three fill a queue
TOLD = (
    rf"The queue work holds \d,\d{{3}} bytes and has no room for this message: it may hold {MAX_QUEUE_BYTES:,}"
    r" \(KARIN_MAX_QUEUE_BYTES\)\."
)


@pytest.fixture
def bounded(tokened: str, protocol: Protocol, session: botocore.session.Session) -> SqsClient:
    """Return a client of the endpoint whose queues are soon full."""
    return client_of(protocol, session, f"{tokened}/{TOKEN}")


def test_a_message_without_room_is_refused_and_a_message_to_another_queue_is_not(bounded: SqsClient) -> None:
    url = bounded.create("work")
    for _ in range(3):
        bounded.call("SendMessage", QueueUrl=url, MessageBody=BODY)
    assert re.fullmatch(TOLD, bounded.refused("SendMessage", OVER_LIMIT, QueueUrl=url, MessageBody=BODY))
    bounded.call("SendMessage", QueueUrl=bounded.create("other"), MessageBody=BODY)
    assert bounded.attributes(url)["ApproximateNumberOfMessages"] == "3"
    bounded.call("PurgeQueue", QueueUrl=url)
    assert bounded.call("SendMessage", QueueUrl=url, MessageBody=BODY)["MessageId"]


def test_only_the_entries_of_a_batch_without_room_fail(bounded: SqsClient) -> None:
    url = bounded.create("work")
    entries = [{"Id": f"id-{place}", "MessageBody": BODY if place < 4 else "small"} for place in range(5)]
    result = bounded.call("SendMessageBatch", QueueUrl=url, Entries=entries)
    assert [one["Id"] for one in result["Successful"]] == ["id-0", "id-1", "id-2", "id-4"]
    [failed] = result["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("id-3", OVER_LIMIT.code, True)
    assert re.fullmatch(TOLD, failed["Message"])
    assert bounded.attributes(url)["ApproximateNumberOfMessages"] == "4"
