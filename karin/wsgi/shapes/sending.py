"""Requests and responses of SendMessage and SendMessageBatch."""

from typing import Annotated

from karin.wsgi.shapes.base import Attributes, BatchResultErrorEntry, Flat, QueueScoped, Shape, SystemAttributes, md5


class MessageToSend(Shape):
    """A message, on its own or in a batch."""

    message_body: str | None = None
    delay_seconds: int | None = None
    message_attributes: Attributes = None
    message_system_attributes: SystemAttributes = None
    message_deduplication_id: str | None = None
    message_group_id: str | None = None


class SendMessageRequest(MessageToSend):
    """SendMessage; a shape has one base, so that this one names its queue itself."""

    queue_url: str | None = None


class SendMessageResult(Shape):
    """What became of one message."""

    md5_of_message_body: str | None = md5("MD5OfMessageBody")
    md5_of_message_attributes: str | None = md5("MD5OfMessageAttributes")
    md5_of_message_system_attributes: str | None = md5("MD5OfMessageSystemAttributes")
    message_id: str | None = None
    sequence_number: str | None = None


class SendMessageBatchRequestEntry(MessageToSend):
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
