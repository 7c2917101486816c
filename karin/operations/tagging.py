"""Tags of queues: set, removed, listed; each in one command."""

from collections.abc import Mapping, Sequence

from karin.operations.context import Context
from karin.operations.queues import missing_queue_first
from karin.sqs.errors import MissingParameter
from karin.sqs.names import QueueId
from karin.sqs.tags import check_tag_keys, check_tags


def tag_queue(context: Context, queue: QueueId, tags: Mapping[str, str]) -> None:
    """Add tags to a queue, or give those that are there another value; raises the SqsError that AWS would give."""
    with missing_queue_first(context, queue):
        if not tags:
            raise MissingParameter("Tags")
        check_tags(queue.name, tags)
    context.store.queues.tag(queue, tags)


def untag_queue(context: Context, queue: QueueId, tag_keys: Sequence[str]) -> None:
    """Remove tags of a queue; keys of none are ignored. Raises QueueDoesNotExist, InvalidParameterValue."""
    with missing_queue_first(context, queue):
        check_tag_keys(tag_keys)
    context.store.queues.untag(queue, tag_keys)


def queue_tags(context: Context, queue: QueueId) -> dict[str, str]:
    """Return a queue's tags; raises QueueDoesNotExist."""
    return context.store.queues.describe(queue, context.clock.now_ms()).tags
