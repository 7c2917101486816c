"""The actions on queues themselves: create, find, list, describe, change, purge, delete."""

from functools import partial

from karin.operations import queues
from karin.operations.context import Context
from karin.wsgi.actions.base import Action, queue_of
from karin.wsgi.caller import Caller
from karin.wsgi.scopes import only_in_scope
from karin.wsgi.shapes import queues as shapes
from karin.wsgi.shapes.base import QueueScoped


def create_queue(context: Context, request: shapes.CreateQueueRequest, caller: Caller) -> shapes.QueueUrlResult:
    """CreateQueue."""
    queue = queues.create_queue(context, request.queue_name, request.attributes or {}, request.tags or {})
    return shapes.QueueUrlResult(queue_url=caller.url_of(queue))


def get_queue_url(context: Context, request: shapes.GetQueueUrlRequest, caller: Caller) -> shapes.QueueUrlResult:
    """GetQueueUrl."""
    queue = queues.find_queue(context, request.queue_name, request.queue_owner_aws_account_id)
    return shapes.QueueUrlResult(queue_url=caller.url_of(queue))


def list_queues(context: Context, request: shapes.ListQueuesRequest, caller: Caller) -> shapes.ListQueuesResult:
    """ListQueues."""
    read = partial(queues.list_queues, context, request.queue_name_prefix or "")
    page = only_in_scope(caller.scope, request.max_results, request.next_token, read)
    urls = caller.urls_of(page.queues)
    return shapes.ListQueuesResult(queue_urls=urls or None, next_token=page.next_token)


def list_dead_letter_source_queues(
    context: Context, request: shapes.ListDeadLetterSourceQueuesRequest, caller: Caller
) -> shapes.ListDeadLetterSourceQueuesResult:
    """ListDeadLetterSourceQueues."""
    queue = queue_of(context, request, caller)
    read = partial(queues.list_dead_letter_sources, context, queue)
    page = only_in_scope(caller.scope, request.max_results, request.next_token, read)
    urls = caller.urls_of(page.queues)
    return shapes.ListDeadLetterSourceQueuesResult(queue_urls=urls or None, next_token=page.next_token)


def get_queue_attributes(
    context: Context, request: shapes.GetQueueAttributesRequest, caller: Caller
) -> shapes.GetQueueAttributesResult:
    """GetQueueAttributes."""
    names = request.attribute_names or []
    attributes = queues.queue_attributes(context, queue_of(context, request, caller), names)
    return shapes.GetQueueAttributesResult(attributes=attributes or None)


def set_queue_attributes(context: Context, request: shapes.SetQueueAttributesRequest, caller: Caller) -> None:
    """SetQueueAttributes."""
    queues.set_queue_attributes(context, queue_of(context, request, caller), request.attributes or {})


def purge_queue(context: Context, request: QueueScoped, caller: Caller) -> None:
    """PurgeQueue."""
    queues.purge_queue(context, queue_of(context, request, caller))


def delete_queue(context: Context, request: QueueScoped, caller: Caller) -> None:
    """DeleteQueue."""
    queues.delete_queue(context, queue_of(context, request, caller))


ACTIONS = {
    "CreateQueue": Action(shapes.CreateQueueRequest, create_queue, on_queue_path=False),
    "DeleteQueue": Action(QueueScoped, delete_queue),
    "GetQueueAttributes": Action(shapes.GetQueueAttributesRequest, get_queue_attributes),
    "GetQueueUrl": Action(shapes.GetQueueUrlRequest, get_queue_url, may_sync=True),
    "ListDeadLetterSourceQueues": Action(shapes.ListDeadLetterSourceQueuesRequest, list_dead_letter_source_queues),
    "ListQueues": Action(shapes.ListQueuesRequest, list_queues, on_queue_path=False),
    "PurgeQueue": Action(QueueScoped, purge_queue),
    "SetQueueAttributes": Action(shapes.SetQueueAttributesRequest, set_queue_attributes),
}
