"""Receiving by real SDKs: what was sent arrives byte for byte, is deleted, hidden longer, waited for."""

import hashlib
from typing import Any

import pytest

from tests.clients.sdks import Client, SdkError
from tests.clients.test_sending import TEXTS

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "color": {"DataType": "String", "StringValue": "blue"},
    "count": {"DataType": "Number", "StringValue": "3"},
    "blob": {"DataType": "Binary", "BinaryValue": b"\x01\x02\x03"},
}
FIFO = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}


def receive(sqs: Client, url: str, **more: object) -> list[dict[str, Any]]:
    """Receive messages; none is an answer without a list of them."""
    output = sqs.call("ReceiveMessage", QueueUrl=url, **more)
    assert output == {} or output["Messages"]
    found: list[dict[str, Any]] = output.get("Messages", [])
    return found


def fault_of(sqs: Client, action: str, **given: object) -> SdkError:
    """Call an action, which must fail."""
    with pytest.raises(SdkError) as caught:
        sqs.call(action, **given)
    return caught.value


@pytest.fixture
def fifo_url(sqs: Client) -> str:
    """Return the URL of a new FIFO queue."""
    return str(sqs.call("CreateQueue", QueueName="work.fifo", Attributes=FIFO)["QueueUrl"])


@pytest.mark.parametrize("text", [*TEXTS.values(), "x" * (1 << 20)], ids=[*TEXTS, "one mebibyte"])
def test_a_message_goes_all_the_way(sqs: Client, queue_url: str, text: str) -> None:
    sent = sqs.call("SendMessage", QueueUrl=queue_url, MessageBody=text)

    [message] = receive(sqs, queue_url)

    assert message == {
        "MessageId": sent["MessageId"],
        "ReceiptHandle": message["ReceiptHandle"],
        "MD5OfBody": hashlib.md5(text.encode()).hexdigest(),
        "Body": text,
    }
    sqs.call("DeleteMessage", QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    shown = sqs.call("GetQueueAttributes", QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    assert {value for name, value in shown.items() if name.startswith("ApproximateNumberOf")} == {"0"}


@pytest.mark.parametrize(
    ("names", "shown", "digest"),
    [
        (["All"], ["blob", "color", "count"], "d838729972a4b70e2d2acd9d59ac847c"),
        (["color"], ["color"], "da1b33cc3cbfe8b1630921e78e6b9880"),
        (["col.*"], ["color"], "da1b33cc3cbfe8b1630921e78e6b9880"),
    ],
    ids=str,
)
def test_attributes_arrive_with_a_digest_that_sdks_verify(
    sqs: Client, queue_url: str, names: list[str], shown: list[str], digest: str
) -> None:
    sqs.call("SendMessage", QueueUrl=queue_url, MessageBody="with attributes", MessageAttributes=ATTRIBUTES)

    [message] = receive(sqs, queue_url, MessageAttributeNames=names, AttributeNames=["ApproximateReceiveCount"])

    assert message["MD5OfMessageAttributes"] == digest
    assert message["Attributes"] == {"ApproximateReceiveCount": "1"}
    values = {name: with_values_only(attribute) for name, attribute in message["MessageAttributes"].items()}
    assert values == {name: ATTRIBUTES[name] for name in shown}


def with_values_only(attribute: dict[str, Any]) -> dict[str, Any]:
    """Return an attribute without the empty lists that some SDKs make up."""
    return {name: value for name, value in attribute.items() if value != []}


def test_an_empty_receive_has_no_messages(sqs: Client, queue_url: str) -> None:
    assert sqs.call("ReceiveMessage", QueueUrl=queue_url) == {}


def test_a_wait_ends_with_the_message_that_becomes_due(sqs: Client, queue_url: str) -> None:
    sqs.call("SendMessage", QueueUrl=queue_url, MessageBody="later", DelaySeconds=1)

    [message] = receive(sqs, queue_url, WaitTimeSeconds=20)

    assert message["Body"] == "later"


def test_deleting_twice_is_fine_and_garbage_is_not(sqs: Client, queue_url: str) -> None:
    sqs.call("SendMessage", QueueUrl=queue_url, MessageBody="hello")
    [message] = receive(sqs, queue_url)
    for _ in range(2):
        sqs.call("DeleteMessage", QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])

    error = fault_of(sqs, "DeleteMessage", QueueUrl=queue_url, ReceiptHandle="garbage")

    assert (error.name, error.code, error.status) == ("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 404)
    assert error.message == 'The input receipt handle "garbage" is not a valid receipt handle.'


@pytest.mark.parametrize("action", ["ReceiveMessage", "DeleteMessage"])
def test_a_missing_queue_has_the_code_that_code_is_written_for(sqs: Client, open_endpoint: str, action: str) -> None:
    given = {"ReceiptHandle": "garbage"} if action == "DeleteMessage" else {}

    error = fault_of(sqs, action, QueueUrl=f"{open_endpoint}/000000000000/none", **given)

    assert error.code == "AWS.SimpleQueueService.NonExistentQueue"
    assert error.status == 400


def test_a_group_waits_for_its_first_message(sqs: Client, fifo_url: str) -> None:
    for body in ("one", "two"):
        sent = [sqs.call("SendMessage", QueueUrl=fifo_url, MessageBody=body, MessageGroupId="g") for _ in range(2)]
        assert sent[0]["MessageId"] == sent[1]["MessageId"]
    [first] = receive(sqs, fifo_url, AttributeNames=["All"])
    assert (first["Body"], first["Attributes"]["MessageGroupId"]) == ("one", "g")
    assert receive(sqs, fifo_url) == []

    sqs.call("DeleteMessage", QueueUrl=fifo_url, ReceiptHandle=first["ReceiptHandle"])

    [second] = receive(sqs, fifo_url)
    assert second["Body"] == "two"


def test_a_message_can_be_hidden_longer_and_shown_again(sqs: Client, queue_url: str) -> None:
    sqs.call("SendMessage", QueueUrl=queue_url, MessageBody="hello")
    [message] = receive(sqs, queue_url, VisibilityTimeout=600)
    held = {"QueueUrl": queue_url, "ReceiptHandle": message["ReceiptHandle"]}

    sqs.call("ChangeMessageVisibility", **held, VisibilityTimeout=43_000)
    assert receive(sqs, queue_url) == []
    sqs.call("ChangeMessageVisibility", **held, VisibilityTimeout=0)

    [again] = receive(sqs, queue_url, AttributeNames=["ApproximateReceiveCount"])
    assert again["Body"] == "hello"


def test_batches_tell_of_each_entry(sqs: Client, queue_url: str) -> None:
    entries = [{"Id": str(place), "MessageBody": str(place)} for place in range(10)]
    sqs.call("SendMessageBatch", QueueUrl=queue_url, Entries=entries)
    messages = receive(sqs, queue_url, MaxNumberOfMessages=10)
    handles = {f"e-{place}": message["ReceiptHandle"] for place, message in enumerate(messages)}
    assert len(handles) == 10

    hidden = sqs.call(
        "ChangeMessageVisibilityBatch",
        QueueUrl=queue_url,
        Entries=[
            {"Id": entry_id, "ReceiptHandle": handle, "VisibilityTimeout": 60} for entry_id, handle in handles.items()
        ],
    )
    deleted = sqs.call(
        "DeleteMessageBatch",
        QueueUrl=queue_url,
        Entries=[
            {"Id": entry_id, "ReceiptHandle": "garbage" if entry_id == "e-3" else handle}
            for entry_id, handle in handles.items()
        ],
    )

    assert hidden == {"Successful": [{"Id": entry_id} for entry_id in handles]}
    assert deleted["Successful"] == [{"Id": entry_id} for entry_id in handles if entry_id != "e-3"]
    [failed] = deleted["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("e-3", "ReceiptHandleIsInvalid", True)


@pytest.mark.parametrize("ids", [[], ["a", "a"], ["a.b"], [str(place) for place in range(11)]], ids=len)
def test_a_bad_batch_is_refused_whole(sqs: Client, queue_url: str, ids: list[str]) -> None:
    entries = [{"Id": entry_id, "ReceiptHandle": "garbage"} for entry_id in ids]

    error = fault_of(sqs, "DeleteMessageBatch", QueueUrl=queue_url, Entries=entries)

    assert error.status == 400
