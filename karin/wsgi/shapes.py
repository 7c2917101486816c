"""The requests and responses of each action: one typed shape for both protocols.

Field names become the JSON protocol's members; ``Flat`` beside a list or map gives its name in the Query protocol,
where both are flattened (``AttributeName.1=All``, ``Attribute.1.Name=DelaySeconds``). Required members are optional
here, because SQS itself says what is missing. A test compares these shapes with botocore's service model.
"""

from typing import Annotated, NamedTuple

import msgspec

from karin.sqs.message import MessageAttribute
from karin.sqs.queue_attributes import AttributeValue


class Flat(NamedTuple):
    """How a list or map is spelt in the Query protocol: its name, and for maps the names of key and value."""

    name: str
    key: str = "Name"
    value: str = "Value"


class Shape(msgspec.Struct, kw_only=True, rename="pascal", omit_defaults=True):
    """A request or response; absent and null members are the same."""


def _md5(name: str) -> str | None:
    """Return a member whose name ``pascal`` would spell ``Md5``."""
    field: str | None = msgspec.field(name=name, default=None)
    return field


Attributes = Annotated[dict[str, MessageAttribute] | None, Flat("MessageAttribute")]
SystemAttributes = Annotated[dict[str, MessageAttribute] | None, Flat("MessageSystemAttribute")]


class QueueScoped(Shape):
    """A request about one queue."""

    queue_url: str | None = None


class SendMessageRequest(QueueScoped):
    """SendMessage."""

    message_body: str | None = None
    delay_seconds: int | None = None
    message_attributes: Attributes = None
    message_system_attributes: SystemAttributes = None
    message_deduplication_id: str | None = None
    message_group_id: str | None = None


class SendMessageResult(Shape):
    """What became of one message."""

    md5_of_message_body: str | None = _md5("MD5OfMessageBody")
    md5_of_message_attributes: str | None = _md5("MD5OfMessageAttributes")
    md5_of_message_system_attributes: str | None = _md5("MD5OfMessageSystemAttributes")
    message_id: str | None = None
    sequence_number: str | None = None


class SendMessageBatchRequestEntry(Shape):
    """One message of a batch."""

    id: str | None = None
    message_body: str | None = None
    delay_seconds: int | None = None
    message_attributes: Attributes = None
    message_system_attributes: SystemAttributes = None
    message_deduplication_id: str | None = None
    message_group_id: str | None = None


class SendMessageBatchRequest(QueueScoped):
    """SendMessageBatch."""

    entries: Annotated[list[SendMessageBatchRequestEntry] | None, Flat("SendMessageBatchRequestEntry")] = None


class SendMessageBatchResultEntry(SendMessageResult):
    """One accepted message of a batch."""

    id: str | None = None


class BatchResultErrorEntry(Shape, omit_defaults=False):
    """One refused entry of a batch."""

    id: str
    sender_fault: bool
    code: str
    message: str


class SendMessageBatchResult(Shape):
    """What became of a batch; only the lists with entries are present."""

    successful: Annotated[list[SendMessageBatchResultEntry] | None, Flat("SendMessageBatchResultEntry")] = None
    failed: Annotated[list[BatchResultErrorEntry] | None, Flat("BatchResultErrorEntry")] = None


class CreateQueueRequest(Shape):
    """CreateQueue; ``tags`` has a lower-case name there."""

    queue_name: str | None = None
    attributes: Annotated[dict[str, AttributeValue] | None, Flat("Attribute")] = None
    tags: Annotated[dict[str, str] | None, Flat("Tag", "Key", "Value")] = msgspec.field(name="tags", default=None)


class QueueUrlResult(Shape):
    """The answer of CreateQueue and GetQueueUrl."""

    queue_url: str | None = None


class GetQueueUrlRequest(Shape):
    """GetQueueUrl."""

    queue_name: str | None = None
    queue_owner_aws_account_id: str | None = msgspec.field(name="QueueOwnerAWSAccountId", default=None)


class ListQueuesRequest(Shape):
    """ListQueues."""

    queue_name_prefix: str | None = None
    next_token: str | None = None
    max_results: int | None = None


class ListQueuesResult(Shape):
    """A page of queues; absent when there are none."""

    queue_urls: Annotated[list[str] | None, Flat("QueueUrl")] = None
    next_token: str | None = None


class GetQueueAttributesRequest(QueueScoped):
    """GetQueueAttributes."""

    attribute_names: Annotated[list[str] | None, Flat("AttributeName")] = None


class GetQueueAttributesResult(Shape):
    """The attributes asked for; absent when there are none."""

    attributes: Annotated[dict[str, str] | None, Flat("Attribute")] = None


class SetQueueAttributesRequest(QueueScoped):
    """SetQueueAttributes."""

    attributes: Annotated[dict[str, AttributeValue] | None, Flat("Attribute")] = None
