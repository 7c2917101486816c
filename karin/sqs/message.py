"""What a message is: the values that travel between the doors, the store and the functions.

Owns the shape of a message and its stored form. The store treats that form as opaque bytes, with two exceptions. The 13
digits in front are the instant from which retention counts, which Lua needs without unpacking a body of up to 1 MiB:
the send, or the due time of a message whose delay is longer than its queue's retention. And ``peek.lua`` finds the
body, to show the beginning of it.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from karin.sqs.digests import md5_of_attributes, md5_of_body
from karin.sqs.receipts import Receipt

RETAINED_FROM_DIGITS = 13  # milliseconds since the epoch have 13 digits until the year 2286


class MessageAttribute(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """A typed value beside the body; exactly one of the two values is set once it is validated."""

    data_type: str | None = None
    string_value: str | None = None
    binary_value: bytes | None = None
    string_list_values: list[str] | None = None
    binary_list_values: list[bytes] | None = None

    @property
    def value(self) -> bytes:
        """Return the value as the bytes that digests and sizes count."""
        return self.binary_value if self.binary_value is not None else _utf8(self.string_value or "")


class Message(msgspec.Struct, frozen=True):
    """An accepted message. ``message_id`` is stable for its whole life, redrive included.

    ``retained_from_ms`` is when its retention began, 0 if that was when it was sent.
    """

    message_id: str
    body: str
    sent_at_ms: int
    sender_id: str = ""
    attributes: dict[str, MessageAttribute] = {}
    trace_header: str | None = None
    group_id: str | None = None
    deduplication_id: str | None = None
    sequence_number: str | None = None
    dead_letter_source_arn: str | None = None
    retained_from_ms: int = 0

    @property
    def md5_of_body(self) -> str:
        """Return MD5OfMessageBody."""
        return md5_of_body(self.body)

    @property
    def md5_of_attributes(self) -> str | None:
        """Return MD5OfMessageAttributes over all attributes, None when there are none."""
        return md5_of_attributes(self.attributes)


class ReceivedMessage(msgspec.Struct, frozen=True):
    """A message as one receive hands it out: the receipt's count includes this receive."""

    message: Message
    receipt: Receipt
    first_received_at_ms: int

    @property
    def receipt_handle(self) -> str:
        """Return the token of this receive, as callers see it."""
        return self.receipt.handle

    @property
    def receive_count(self) -> int:
        """Return ApproximateReceiveCount."""
        return self.receipt.receive_count


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    """The packed rest of a stored message: everything but its id and sequence number."""

    sent_at_ms: int
    body: str
    sender_id: str
    attributes: dict[str, tuple[str, Any]]  # name -> type, value as str or bytes
    trace_header: str | None = None
    group_id: str | None = None
    deduplication_id: str | None = None
    dead_letter_source_arn: str | None = None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Stored)


def pack_message(message: Message) -> bytes:
    """Return a message's stored form: the 13 digits, then MessagePack."""
    stored = _Stored(
        message.sent_at_ms,
        message.body,
        message.sender_id,
        {name: _pack_attribute(attribute) for name, attribute in message.attributes.items()},
        message.trace_header,
        message.group_id,
        message.deduplication_id,
        message.dead_letter_source_arn,
    )
    retained_from_ms = message.retained_from_ms or message.sent_at_ms
    return f"{retained_from_ms:0{RETAINED_FROM_DIGITS}d}".encode() + _encoder.encode(stored)


def unpack_message(message_id: str, packed: bytes, sequence_number: str | None = None) -> Message:
    """Read a stored message back; raises msgspec.DecodeError or ValueError when the bytes are not one.

    The sequence number of a FIFO queue's message is given by the store, and kept in its order of messages.
    """
    stored = _decoder.decode(memoryview(packed)[RETAINED_FROM_DIGITS:])
    retained_from_ms = int(packed[:RETAINED_FROM_DIGITS])
    return Message(
        message_id=message_id,
        body=stored.body,
        sent_at_ms=stored.sent_at_ms,
        sender_id=stored.sender_id,
        attributes={name: _unpack_attribute(*pair) for name, pair in stored.attributes.items()},
        trace_header=stored.trace_header,
        group_id=stored.group_id,
        deduplication_id=stored.deduplication_id,
        sequence_number=sequence_number,
        dead_letter_source_arn=stored.dead_letter_source_arn,
        retained_from_ms=0 if retained_from_ms == stored.sent_at_ms else retained_from_ms,
    )


def _pack_attribute(attribute: MessageAttribute) -> tuple[str, str | bytes]:
    value = attribute.binary_value if attribute.binary_value is not None else attribute.string_value
    return attribute.data_type or "", "" if value is None else value


def _unpack_attribute(data_type: str, value: str | bytes) -> MessageAttribute:
    if isinstance(value, bytes):
        return MessageAttribute(data_type, binary_value=value)
    return MessageAttribute(data_type, string_value=value)


def message_bytes(body: str, attributes: Mapping[str, MessageAttribute]) -> int:
    """Return a message's size as SQS counts it: UTF-8 body plus attribute names, types and values, in bytes."""
    size = len(_utf8(body))
    for name, attribute in attributes.items():
        size += len(_utf8(name)) + len(_utf8(attribute.data_type or "")) + len(attribute.value)
    return size


def _utf8(text: str) -> bytes:
    """Return a text's bytes, also of one that is yet to be refused for holding half a surrogate pair."""
    return text.encode(errors="surrogatepass")
