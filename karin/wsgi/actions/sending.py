"""SendMessage and SendMessageBatch."""

from typing import TypeVar

from karin.operations import sending
from karin.operations.context import Context
from karin.operations.sending import Sender, SentMessage
from karin.sqs.errors import SqsError
from karin.wsgi.actions.base import Action, failed, queue_of
from karin.wsgi.caller import Caller
from karin.wsgi.shapes import sending as shapes

ResultT = TypeVar("ResultT", bound=shapes.SendMessageResult)


def send_message(context: Context, request: shapes.SendMessageRequest, caller: Caller) -> shapes.SendMessageResult:
    """SendMessage."""
    sent = sending.send_message(context, queue_of(context, request, caller), request, _sender(caller))
    return _told(sent, shapes.SendMessageResult())


def send_message_batch(
    context: Context, request: shapes.SendMessageBatchRequest, caller: Caller
) -> shapes.SendMessageBatchResult:
    """SendMessageBatch."""
    entries, queue = request.entries or [], queue_of(context, request, caller)
    results = sending.send_message_batch(context, queue, [entry.id for entry in entries], entries, _sender(caller))
    successful, refused = [], []
    for entry, result in zip(entries, results, strict=True):
        if isinstance(result, SqsError):
            refused.append(failed(entry.id or "", result))
        else:
            successful.append(_told(result, shapes.SendMessageBatchResultEntry(id=entry.id)))
    return shapes.SendMessageBatchResult(successful=successful or None, failed=refused or None)


def _sender(caller: Caller) -> Sender:
    return Sender(caller.sender_id, caller.trace_header)


def _told(sent: SentMessage, result: ResultT) -> ResultT:
    """Return a result that tells of a message."""
    result.message_id = sent.message_id
    result.md5_of_message_body = sent.md5_of_body
    result.md5_of_message_attributes = sent.md5_of_attributes
    result.md5_of_message_system_attributes = sent.md5_of_system_attributes
    result.sequence_number = sent.sequence_number
    return result


ACTIONS = {
    "SendMessage": Action(shapes.SendMessageRequest, send_message, may_sync=True),
    "SendMessageBatch": Action(shapes.SendMessageBatchRequest, send_message_batch, may_sync=True),
}
