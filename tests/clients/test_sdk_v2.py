"""A message's way through the JavaScript SDK v2, which checks the digests of what it receives."""

import pytest

from tests.clients.conftest import QUEUE, Door
from tests.clients.sdks import Sdk, SdkError

TEXT = "안녕 <&>\r\n 👩‍👩‍👧‍👦"


@pytest.mark.parametrize("sdk", ["aws-sdk-json", "aws-sdk-query"], indirect=True)
def test_a_message_is_sent_received_hidden_and_deleted(sdk: Sdk, door: Door) -> None:
    sqs = sdk.client(door.endpoint, key_id=door.key_id, secret=door.secret)
    url = sqs.call("CreateQueue", QueueName=QUEUE.name)["QueueUrl"]
    attributes = {
        "색": {"DataType": "String", "StringValue": TEXT},
        "bytes": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
    }
    sent = sqs.call("SendMessage", QueueUrl=url, MessageBody=TEXT, MessageAttributes=attributes)
    wanted = {"MessageAttributeNames": ["All"], "AttributeNames": ["ApproximateReceiveCount"]}
    [first] = sqs.call("ReceiveMessage", QueueUrl=url, VisibilityTimeout=30, **wanted)["Messages"]
    assert first["MessageId"] == sent["MessageId"]
    assert first["Body"] == TEXT
    assert first["MessageAttributes"] == attributes
    assert first["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert first["Attributes"] == {"ApproximateReceiveCount": "1"}
    assert sqs.call("ReceiveMessage", QueueUrl=url) == {}
    given_back = {"ReceiptHandle": first["ReceiptHandle"], "VisibilityTimeout": 0}
    assert sqs.call("ChangeMessageVisibility", QueueUrl=url, **given_back) == {}
    [second] = sqs.call("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=5, **wanted)["Messages"]
    assert second["Attributes"] == {"ApproximateReceiveCount": "2"}
    assert sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=second["ReceiptHandle"]) == {}
    with pytest.raises(SdkError) as refused:
        sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle="garbage")
    assert (refused.value.code, refused.value.status) == ("ReceiptHandleIsInvalid", 404)
