"""SendMessageBatch by real SDKs."""

import hashlib
from collections.abc import Callable

import pytest

from karin.sqs.message import Message, MessageAttribute
from tests.clients.sdks import Client, SdkError

Stored = Callable[[], dict[str, Message]]


def entry(number: int, **more: object) -> dict[str, object]:
    """Return an entry of a batch, with an attribute that tells it apart."""
    attributes = {"number": {"DataType": "Number", "StringValue": str(number)}}
    return {"Id": f"e-{number}", "MessageBody": f"{number}번 <&>\r\n🙂", "MessageAttributes": attributes, **more}


def test_a_batch_of_ten_is_stored_whole(sqs: Client, queue_url: str, stored: Stored) -> None:
    sent = sqs.call("SendMessageBatch", QueueUrl=queue_url, Entries=[entry(number) for number in range(10)])
    assert set(sent) == {"Successful"}
    assert [one["Id"] for one in sent["Successful"]] == [f"e-{number}" for number in range(10)]
    messages = stored()
    assert len(messages) == 10
    for number, one in enumerate(sent["Successful"]):
        message = messages[one["MessageId"]]
        assert message.body == f"{number}번 <&>\r\n🙂"
        assert message.attributes == {"number": MessageAttribute("Number", string_value=str(number))}
        assert one["MD5OfMessageBody"] == hashlib.md5(message.body.encode()).hexdigest()
        assert one["MD5OfMessageAttributes"] == message.md5_of_attributes


def test_a_bad_entry_does_not_hold_back_the_others(sqs: Client, queue_url: str, stored: Stored) -> None:
    entries = [entry(0), entry(1, DelaySeconds=901), entry(2, DelaySeconds=900)]
    sent = sqs.call("SendMessageBatch", QueueUrl=queue_url, Entries=entries)
    assert [one["Id"] for one in sent["Successful"]] == ["e-0", "e-2"]
    assert sent["Failed"] == [
        {
            "Id": "e-1",
            "SenderFault": True,
            "Code": "InvalidParameterValue",
            "Message": "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
        }
    ]
    assert set(stored()) == {one["MessageId"] for one in sent["Successful"]}


def test_a_batch_of_bad_entries_is_an_answer_without_successes(sqs: Client, queue_url: str, stored: Stored) -> None:
    sent = sqs.call("SendMessageBatch", QueueUrl=queue_url, Entries=[entry(0, DelaySeconds=-1)])
    assert set(sent) == {"Failed"}
    assert stored() == {}


def test_a_batch_of_eleven_is_refused_whole(sqs: Client, queue_url: str, stored: Stored) -> None:
    with pytest.raises(SdkError) as refused:
        sqs.call("SendMessageBatch", QueueUrl=queue_url, Entries=[entry(number) for number in range(11)])
    assert "Maximum number of entries per request are 10" in refused.value.message
    assert refused.value.status == 400
    assert stored() == {}
