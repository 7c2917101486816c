"""The actions of the SQS API: each a request shape and the operation it calls. Adding one adds a pair here."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from karin.operations import queues, sending
from karin.operations.context import Context
from karin.operations.sending import Sender, SentMessage
from karin.sqs.errors import QueueDoesNotExist, SqsError
from karin.sqs.names import QueueId, queue_id_from_url
from karin.sqs.sending import Send
from karin.wsgi import shapes
from karin.wsgi.caller import Caller


class Action(NamedTuple):
    """An action: what it reads, what it does, and whether an unknown queue may yet be found by a sync."""

    request: type[msgspec.Struct]
    run: Callable[[Context, Any, Caller], msgspec.Struct | None]
    may_sync: bool = False
    on_queue_path: bool = True  # SQS refuses CreateQueue and ListQueues on a queue's own URL


def send_message(context: Context, request: shapes.SendMessageRequest, caller: Caller) -> shapes.SendMessageResult:
    """SendMessage."""
    sent = sending.send_message(context, _queue(context, request, caller), _send(request), _sender(caller))
    return shapes.SendMessageResult(**_sent(sent))


def send_message_batch(
    context: Context, request: shapes.SendMessageBatchRequest, caller: Caller
) -> shapes.SendMessageBatchResult:
    """SendMessageBatch."""
    entries = [(entry.id, _send(entry)) for entry in request.entries or []]
    results = sending.send_message_batch(context, _queue(context, request, caller), entries, _sender(caller))
    successful = [
        shapes.SendMessageBatchResultEntry(id=entry_id, **_sent(result))
        for entry_id, result in results
        if isinstance(result, SentMessage)
    ]
    failed = [_failed(entry_id, result) for entry_id, result in results if isinstance(result, SqsError)]
    return shapes.SendMessageBatchResult(successful=successful or None, failed=failed or None)


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
    page = queues.list_queues(context, request.queue_name_prefix or "", request.max_results, request.next_token)
    urls = [caller.url_of(queue) for queue in page.queues]
    return shapes.ListQueuesResult(queue_urls=urls or None, next_token=page.next_token)


def get_queue_attributes(
    context: Context, request: shapes.GetQueueAttributesRequest, caller: Caller
) -> shapes.GetQueueAttributesResult:
    """GetQueueAttributes."""
    names = request.attribute_names or []
    attributes = queues.queue_attributes(context, _queue(context, request, caller), names)
    return shapes.GetQueueAttributesResult(attributes=attributes or None)


def set_queue_attributes(context: Context, request: shapes.SetQueueAttributesRequest, caller: Caller) -> None:
    """SetQueueAttributes."""
    queues.set_queue_attributes(context, _queue(context, request, caller), request.attributes or {})


def purge_queue(context: Context, request: shapes.QueueScoped, caller: Caller) -> None:
    """PurgeQueue."""
    queues.purge_queue(context, _queue(context, request, caller))


def delete_queue(context: Context, request: shapes.QueueScoped, caller: Caller) -> None:
    """DeleteQueue."""
    queues.delete_queue(context, _queue(context, request, caller))


ACTIONS: dict[str, Action] = {
    "CreateQueue": Action(shapes.CreateQueueRequest, create_queue, on_queue_path=False),
    "DeleteQueue": Action(shapes.QueueScoped, delete_queue),
    "GetQueueAttributes": Action(shapes.GetQueueAttributesRequest, get_queue_attributes),
    "GetQueueUrl": Action(shapes.GetQueueUrlRequest, get_queue_url, may_sync=True),
    "ListQueues": Action(shapes.ListQueuesRequest, list_queues, on_queue_path=False),
    "PurgeQueue": Action(shapes.QueueScoped, purge_queue),
    "SendMessage": Action(shapes.SendMessageRequest, send_message, may_sync=True),
    "SendMessageBatch": Action(shapes.SendMessageBatchRequest, send_message_batch, may_sync=True),
    "SetQueueAttributes": Action(shapes.SetQueueAttributesRequest, set_queue_attributes),
}


def _queue(context: Context, request: shapes.QueueScoped, caller: Caller) -> QueueId:
    """Return the queue a request is about: its QueueUrl, else the path it was sent to."""
    url = request.queue_url or caller.queue_path
    queue = queue_id_from_url(url, context.account.id()) if url else None
    if queue is None:
        raise QueueDoesNotExist
    return queue


def _send(request: shapes.SendMessageRequest | shapes.SendMessageBatchRequestEntry) -> Send:
    return Send(
        request.message_body,
        request.delay_seconds,
        request.message_attributes or {},
        request.message_system_attributes or {},
        request.message_group_id,
        request.message_deduplication_id,
    )


def _sender(caller: Caller) -> Sender:
    return Sender(caller.sender_id, caller.trace_header)


def _sent(sent: SentMessage) -> dict[str, str | None]:
    return {
        "message_id": sent.message_id,
        "md5_of_message_body": sent.md5_of_body,
        "md5_of_message_attributes": sent.md5_of_attributes,
        "md5_of_message_system_attributes": sent.md5_of_system_attributes,
    }


def _failed(entry_id: str, error: SqsError) -> shapes.BatchResultErrorEntry:
    return shapes.BatchResultErrorEntry(
        id=entry_id, sender_fault=error.is_sender_fault, code=error.code, message=error.message
    )
