"""The event a function receives: SQS messages as Lambda hands them over, key by key in AWS's order.

Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS", and recordings of the live service. Functions and
their libraries validate these records, so nothing here is invented: the ARN is the queue's own.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from karin.mapping.model import Mapping
from karin.sqs.message import Message, MessageAttribute, ReceivedMessage
from karin.sqs.receiving import system_attributes


class _Attribute(msgspec.Struct, frozen=True, rename="camel"):
    """A message attribute; bytes become base64. The two lists are always there and always empty."""

    string_value: str | UnsetType
    binary_value: bytes | UnsetType
    string_list_values: list[str]
    binary_list_values: list[str]
    data_type: str


class Record(msgspec.Struct, frozen=True, rename="camel"):
    """One message of an event; fields in AWS's order."""

    message_id: str
    receipt_handle: str
    body: str
    attributes: dict[str, str]
    message_attributes: dict[str, _Attribute]
    md5_of_message_attributes: str | UnsetType | None
    md5_of_body: str
    event_source: str
    event_source_arn: str = msgspec.field(name="eventSourceARN")
    aws_region: str


_encoder = msgspec.json.Encoder()
_HEAD, _TAIL = b'{"Records":[', b"]}"
EVENT_BYTES = len(_HEAD) + len(_TAIL)  # of an event, beside its records and a comma after each but the last


def record_of(received: ReceivedMessage, mapping: Mapping) -> Record:
    """Return a message as the function of a mapping sees it."""
    message = received.message
    return Record(
        message_id=message.message_id,
        receipt_handle=received.receipt_handle,
        body=message.body,
        attributes=system_attributes(received),
        message_attributes={name: _attribute(value) for name, value in message.attributes.items()},
        md5_of_message_attributes=_attributes_digest(message, mapping),
        md5_of_body=message.md5_of_body,
        event_source="aws:sqs",
        event_source_arn=mapping.queue_arn,
        aws_region=mapping.region,
    )


def record_fields(record: Record) -> dict[str, Any]:
    """Return a record as the dict that its JSON would be read as."""
    fields: dict[str, Any] = msgspec.to_builtins(record)
    return fields


def encode_record(record: Record) -> bytes:
    """Return a record as JSON in UTF-8, without ASCII escapes."""
    return _encoder.encode(record)


def event_of(records: Iterable[bytes]) -> bytes:
    """Return the payload of one Invoke call, ``{"Records": [...]}``, of records as they are encoded."""
    return _HEAD + b",".join(records) + _TAIL


def _attributes_digest(message: Message, mapping: Mapping) -> str | UnsetType | None:
    """Return the digest; for a message without attributes AWS writes null if the mapping has a window, else nothing."""
    digest = message.md5_of_attributes
    return UNSET if digest is None and mapping.window_seconds == 0 else digest


def _attribute(attribute: MessageAttribute) -> _Attribute:
    return _Attribute(
        string_value=UNSET if attribute.string_value is None else attribute.string_value,
        binary_value=UNSET if attribute.binary_value is None else attribute.binary_value,
        string_list_values=[],
        binary_list_values=[],
        data_type=attribute.data_type or "",
    )
