"""What a message is: the values that travel between the doors, the store and the functions.

Owns the shape of a message; how it is stored, karin.sqs.stored does.
"""

from collections.abc import Mapping

import msgspec

from karin.sqs.digests import md5_of_attributes, md5_of_body
from karin.sqs.receipts import Receipt


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


def message_bytes(body: str, attributes: Mapping[str, MessageAttribute]) -> int:
    """Return a message's size as SQS counts it: UTF-8 body plus attribute names, types and values, in bytes."""
    size = len(body) if body.isascii() else len(_utf8(body))
    for name, attribute in attributes.items():
        size += len(_utf8(name)) + len(_utf8(attribute.data_type or "")) + len(attribute.value)
    return size


def _utf8(text: str) -> bytes:
    """Return a text's bytes, also of one that is yet to be refused for holding half a surrogate pair."""
    return text.encode(errors="surrogatepass")
