"""Requests and responses of SendMessage and SendMessageBatch."""

from typing import Annotated

import msgspec

from karin.sqs.sending import Send
from karin.wsgi.shapes.base import Attributes, BatchResultErrorEntry, Flat, QueueScoped, Shape, SystemAttributes, md5


class MessageToSend(Send, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """A message, on its own or in a batch: a send as the wire spells it, so that none need be made of it."""

    body: str | None = msgspec.field(name="MessageBody", default=None)
    delay_seconds: int | None = None
    attributes: Attributes = msgspec.field(name="MessageAttributes", default=None)
    system_attributes: SystemAttributes = msgspec.field(name="MessageSystemAttributes", default=None)
    deduplication_id: str | None = msgspec.field(name="MessageDeduplicationId", default=None)
    group_id: str | None = msgspec.field(name="MessageGroupId", default=None)


class SendMessageRequest(MessageToSend, frozen=True, kw_only=True, rename="pascal"):
    """SendMessage; a shape has one base, so that this one names its queue itself."""

    queue_url: str | None = None


class SendMessageResult(Shape):
    """What became of one message."""

    md5_of_message_body: str | None = md5("MD5OfMessageBody")
    md5_of_message_attributes: str | None = md5("MD5OfMessageAttributes")
    md5_of_message_system_attributes: str | None = md5("MD5OfMessageSystemAttributes")
    message_id: str | None = None
    sequence_number: str | None = None


class SendMessageBatchRequestEntry(MessageToSend, frozen=True, kw_only=True, rename="pascal"):
    """One message of a batch."""

    id: str | None = None


class SendMessageBatchRequest(QueueScoped):
    """SendMessageBatch."""

    entries: Annotated[list[SendMessageBatchRequestEntry] | None, Flat("SendMessageBatchRequestEntry")] = None


class SendMessageBatchResultEntry(SendMessageResult):
    """One accepted message of a batch."""

    id: str | None = None


class SendMessageBatchResult(Shape):
    """What became of a batch; only the lists with entries are present."""

    successful: Annotated[list[SendMessageBatchResultEntry] | None, Flat("SendMessageBatchResultEntry")] = None
    failed: Annotated[list[BatchResultErrorEntry] | None, Flat("BatchResultErrorEntry")] = None
