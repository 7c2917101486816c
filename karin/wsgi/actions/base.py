"""What an action is, and what the actions share."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from karin.operations.context import Context
from karin.sqs.errors import QueueDoesNotExist, SqsError
from karin.sqs.names import QueueId, queue_id_from_url
from karin.wsgi.caller import Caller
from karin.wsgi.shapes.base import BatchResultErrorEntry, QueueScoped
from karin.wsgi.shapes.sending import SendMessageRequest


class Action(NamedTuple):
    """An action: what it reads, what it does, and whether an unknown queue may yet be found by a sync."""

    request: type[msgspec.Struct]
    run: Callable[[Context, Any, Caller], msgspec.Struct | None]
    may_sync: bool = False
    on_queue_path: bool = True  # SQS refuses CreateQueue and ListQueues on a queue's own URL


def queue_of(context: Context, request: QueueScoped | SendMessageRequest, caller: Caller) -> QueueId:
    """Return the queue a request is about: its QueueUrl, else the path it was sent to."""
    url = request.queue_url or caller.queue_path
    queue = queue_id_from_url(url, context.account.id()) if url else None
    if queue is None:
        raise QueueDoesNotExist
    return queue


def failed(entry_id: str, error: SqsError) -> BatchResultErrorEntry:
    """Return how a batch tells what was wrong with one entry."""
    return BatchResultErrorEntry(
        id=entry_id, sender_fault=error.is_sender_fault, code=error.code, message=error.message
    )
