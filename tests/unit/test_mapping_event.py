"""The event as AWS writes it, compared byte by byte."""

import json
import uuid

import pytest

from karin.mapping.event import encode_record, event_of, record_fields, record_of
from karin.mapping.model import Mapping
from karin.sqs.message import Message, MessageAttribute, ReceivedMessage
from karin.sqs.names import QueueId
from karin.sqs.receipts import Receipt, read_receipt_handle

QUEUE_ARN = "arn:aws:sqs:us-east-2:123456789012:q"
QUEUE = QueueId("123456789012", "q")
FUNCTION_ARN = "arn:aws:lambda:us-east-2:123456789012:function:f"


def mapping(window_seconds: int = 0, queue_arn: str = QUEUE_ARN) -> Mapping:
    return Mapping("uuid", queue_arn, FUNCTION_ARN, window_seconds=window_seconds)


def received(**fields: object) -> ReceivedMessage:
    defaults = {
        "message_id": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "body": "hi",
        "sent_at_ms": 1545082649183,
        "sender_id": "AIDAIENQZJOLO23YVJ4VO",
    }
    message = Message(**{**defaults, **fields})  # type: ignore[arg-type]
    receipt = Receipt(QUEUE, message.message_id, 1, 1545082649185, message.group_id, message.sequence_number)
    return ReceivedMessage(message, receipt, 1545082649185)


def build_event(messages: list[ReceivedMessage], of: Mapping) -> bytes:
    return event_of(encode_record(record_of(received, of)) for received in messages)


def first_record(event: bytes) -> dict[str, object]:
    record = json.loads(event)["Records"][0]
    assert isinstance(record, dict)
    return record


def test_a_standard_message_is_written_exactly_as_aws_does() -> None:
    message = received()

    assert build_event([message], mapping()).decode() == (
        '{"Records":[{"messageId":"059f36b4-87a3-44ab-83d2-661975830a7d",'
        f'"receiptHandle":"{message.receipt_handle}","body":"hi",'
        '"attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"1545082649183",'
        '"SenderId":"AIDAIENQZJOLO23YVJ4VO","ApproximateFirstReceiveTimestamp":"1545082649185"},'
        '"messageAttributes":{},"md5OfBody":"49f68a5c8493ec2c0bf489821c21fc3b","eventSource":"aws:sqs",'
        '"eventSourceARN":"arn:aws:sqs:us-east-2:123456789012:q","awsRegion":"us-east-2"}]}'
    )


def test_a_mapping_with_a_window_writes_null_for_the_digest_of_no_attributes() -> None:
    event = build_event([received()], mapping(window_seconds=1)).decode()

    assert '"messageAttributes":{},"md5OfMessageAttributes":null,"md5OfBody":' in event


@pytest.mark.parametrize("window_seconds", [0, 5])
def test_attributes_have_both_empty_lists_and_only_the_value_they_carry(window_seconds: int) -> None:
    message = received(
        attributes={
            "text": MessageAttribute(data_type="String", string_value="값"),
            "count": MessageAttribute(data_type="Number.int", string_value="5"),
            "raw": MessageAttribute(data_type="Binary", binary_value=b"\x00\xff"),
        }
    )

    event = build_event([message], mapping(window_seconds)).decode()

    assert (
        '"messageAttributes":{'
        '"text":{"stringValue":"값","stringListValues":[],"binaryListValues":[],"dataType":"String"},'
        '"count":{"stringValue":"5","stringListValues":[],"binaryListValues":[],"dataType":"Number.int"},'
        '"raw":{"binaryValue":"AP8=","stringListValues":[],"binaryListValues":[],"dataType":"Binary"}},'
        f'"md5OfMessageAttributes":"{message.message.md5_of_attributes}","md5OfBody":'
    ) in event


def test_a_fifo_message_has_its_attributes_in_the_order_of_aws() -> None:
    message = received(
        trace_header="Root=1-5759e988-bd862e3fe1be46a994272793",
        group_id="orders",
        deduplication_id="once",
        sequence_number="18849496460467696128",
        dead_letter_source_arn="arn:aws:sqs:us-east-2:123456789012:source.fifo",
    )

    record = first_record(build_event([message], mapping(queue_arn=f"{QUEUE_ARN}.fifo")))

    assert record["eventSourceARN"] == f"{QUEUE_ARN}.fifo"
    assert read_receipt_handle(str(record["receiptHandle"])) == message.receipt
    assert list(record["attributes"].items()) == [  # type: ignore[attr-defined]
        ("ApproximateReceiveCount", "1"),
        ("AWSTraceHeader", "Root=1-5759e988-bd862e3fe1be46a994272793"),
        ("SentTimestamp", "1545082649183"),
        ("SequenceNumber", "18849496460467696128"),
        ("MessageGroupId", "orders"),
        ("SenderId", "AIDAIENQZJOLO23YVJ4VO"),
        ("MessageDeduplicationId", "once"),
        ("ApproximateFirstReceiveTimestamp", "1545082649185"),
        ("DeadLetterQueueSourceArn", "arn:aws:sqs:us-east-2:123456789012:source.fifo"),
    ]


def test_a_fair_queue_message_carries_its_group_alone() -> None:
    record = first_record(build_event([received(group_id="tenant")], mapping()))

    assert list(record["attributes"]) == [  # type: ignore[call-overload]
        "ApproximateReceiveCount", "SentTimestamp", "MessageGroupId", "SenderId", "ApproximateFirstReceiveTimestamp",
    ]  # fmt: skip


def test_text_is_not_escaped_beyond_what_json_needs() -> None:
    body = '{"a":"é 😀 한국어"}\n\t\u2028'

    event = build_event([received(body=body)], mapping())

    assert first_record(event)["body"] == body
    assert "é 😀 한국어".encode() in event
    assert b"\\u00" not in event


def test_a_records_fields_are_what_its_json_is_read_as() -> None:
    message = received(
        attributes={"raw": MessageAttribute(data_type="Binary", binary_value=b"\x00\xff")}, group_id="tenant"
    )
    record = record_of(message, mapping(5))

    assert record_fields(record) == json.loads(encode_record(record))


def test_a_batch_keeps_the_order_of_its_messages() -> None:
    message_ids = [str(uuid.UUID(int=number)) for number in (2, 1, 3)]
    batch = [received(message_id=message_id) for message_id in message_ids]

    assert [record["messageId"] for record in json.loads(build_event(batch, mapping()))["Records"]] == message_ids
