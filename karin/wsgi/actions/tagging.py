"""TagQueue, UntagQueue and ListQueueTags."""

from karin.operations import tagging
from karin.operations.context import Context
from karin.wsgi.actions.base import Action, queue_of
from karin.wsgi.caller import Caller
from karin.wsgi.shapes import tagging as shapes
from karin.wsgi.shapes.base import QueueScoped


def tag_queue(context: Context, request: shapes.TagQueueRequest, caller: Caller) -> None:
    """TagQueue."""
    tagging.tag_queue(context, queue_of(context, request, caller), request.tags or {})


def untag_queue(context: Context, request: shapes.UntagQueueRequest, caller: Caller) -> None:
    """UntagQueue."""
    tagging.untag_queue(context, queue_of(context, request, caller), request.tag_keys or [])


def list_queue_tags(context: Context, request: QueueScoped, caller: Caller) -> shapes.ListQueueTagsResult:
    """ListQueueTags."""
    return shapes.ListQueueTagsResult(tags=tagging.queue_tags(context, queue_of(context, request, caller)) or None)


ACTIONS = {
    "ListQueueTags": Action(QueueScoped, list_queue_tags),
    "TagQueue": Action(shapes.TagQueueRequest, tag_queue),
    "UntagQueue": Action(shapes.UntagQueueRequest, untag_queue),
}
