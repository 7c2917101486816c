"""Requests and responses of TagQueue, UntagQueue and ListQueueTags."""

from typing import Annotated

from karin.wsgi.shapes.base import Flat, QueueScoped, Shape

Tags = Annotated[dict[str, str] | None, Flat("Tag", "Key", "Value")]


class TagQueueRequest(QueueScoped):
    """TagQueue."""

    tags: Tags = None


class UntagQueueRequest(QueueScoped):
    """UntagQueue."""

    tag_keys: Annotated[list[str] | None, Flat("TagKey")] = None


class ListQueueTagsResult(Shape):
    """A queue's tags; absent when there are none."""

    tags: Tags = None
