"""Requests and responses of the actions on messages that are, or were, received."""

from typing import Annotated

from karin.wsgi.shapes.base import Attributes, BatchResultErrorEntry, Flat, QueueScoped, Shape, md5


class ReceiveMessageRequest(QueueScoped):
    """ReceiveMessage; ``attribute_names`` is the older name of ``message_system_attribute_names``."""

    attribute_names: Annotated[list[str] | None, Flat("AttributeName")] = None
    message_system_attribute_names: Annotated[list[str] | None, Flat("MessageSystemAttributeName")] = None
    message_attribute_names: Annotated[list[str] | None, Flat("MessageAttributeName")] = None
    max_number_of_messages: int | None = None
    visibility_timeout: int | None = None
    wait_time_seconds: int | None = None
    receive_request_attempt_id: str | None = None


class ReceivedMessageShape(Shape):
    """A message with what was asked for of its attributes."""

    message_id: str | None = None
    receipt_handle: str | None = None
    md5_of_body: str | None = md5("MD5OfBody")
    body: str | None = None
    attributes: Annotated[dict[str, str] | None, Flat("Attribute")] = None
    md5_of_message_attributes: str | None = md5("MD5OfMessageAttributes")
    message_attributes: Attributes = None


class ReceiveMessageResult(Shape):
    """Messages; absent when there are none."""

    messages: Annotated[list[ReceivedMessageShape] | None, Flat("Message")] = None


class DeleteMessageRequest(QueueScoped):
    """DeleteMessage."""

    receipt_handle: str | None = None


class DeleteMessageBatchRequestEntry(Shape):
    """One message of a batch."""

    id: str | None = None
    receipt_handle: str | None = None


class DeleteMessageBatchRequest(QueueScoped):
    """DeleteMessageBatch."""

    entries: Annotated[list[DeleteMessageBatchRequestEntry] | None, Flat("DeleteMessageBatchRequestEntry")] = None


class DeleteMessageBatchResultEntry(Shape):
    """One deleted message of a batch."""

    id: str | None = None


class DeleteMessageBatchResult(Shape):
    """What became of a batch; only the lists with entries are present."""

    successful: Annotated[list[DeleteMessageBatchResultEntry] | None, Flat("DeleteMessageBatchResultEntry")] = None
    failed: Annotated[list[BatchResultErrorEntry] | None, Flat("BatchResultErrorEntry")] = None


class ChangeMessageVisibilityRequest(QueueScoped):
    """ChangeMessageVisibility."""

    receipt_handle: str | None = None
    visibility_timeout: int | None = None


class ChangeMessageVisibilityBatchRequestEntry(Shape):
    """One message of a batch."""

    id: str | None = None
    receipt_handle: str | None = None
    visibility_timeout: int | None = None


class ChangeMessageVisibilityBatchRequest(QueueScoped):
    """ChangeMessageVisibilityBatch."""

    entries: Annotated[
        list[ChangeMessageVisibilityBatchRequestEntry] | None, Flat("ChangeMessageVisibilityBatchRequestEntry")
    ] = None


class ChangeMessageVisibilityBatchResultEntry(Shape):
    """One changed message of a batch."""

    id: str | None = None


class ChangeMessageVisibilityBatchResult(Shape):
    """What became of a batch; only the lists with entries are present."""

    successful: Annotated[
        list[ChangeMessageVisibilityBatchResultEntry] | None, Flat("ChangeMessageVisibilityBatchResultEntry")
    ] = None
    failed: Annotated[list[BatchResultErrorEntry] | None, Flat("BatchResultErrorEntry")] = None
