"""Requests and responses of the actions on queues themselves."""

from typing import Annotated

import msgspec

from karin.sqs.queue_attributes import AttributeValue
from karin.wsgi.shapes.base import Flat, QueueScoped, Shape
from karin.wsgi.shapes.tagging import Tags


class CreateQueueRequest(Shape):
    """CreateQueue; ``tags`` has a lower-case name there."""

    queue_name: str | None = None
    attributes: Annotated[dict[str, AttributeValue] | None, Flat("Attribute")] = None
    tags: Tags = msgspec.field(name="tags", default=None)


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


class ListDeadLetterSourceQueuesRequest(QueueScoped):
    """ListDeadLetterSourceQueues."""

    next_token: str | None = None
    max_results: int | None = None


class ListDeadLetterSourceQueuesResult(Shape):
    """A page of queues, with a lower-case name there; absent when there are none."""

    queue_urls: Annotated[list[str] | None, Flat("QueueUrl")] = msgspec.field(name="queueUrls", default=None)
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
