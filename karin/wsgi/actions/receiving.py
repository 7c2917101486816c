"""ReceiveMessage, and what a receiver does with its messages: DeleteMessage and ChangeMessageVisibility, or batches."""

from collections.abc import Collection, Sequence
from functools import partial

from karin.operations import deleting, extending, receiving
from karin.operations.context import Context
from karin.operations.extending import Extension
from karin.sqs.digests import md5_of_attributes
from karin.sqs.errors import SqsError
from karin.sqs.message import ReceivedMessage
from karin.sqs.receiving import Receive, asked_attributes, asked_system_attributes
from karin.wsgi.actions.base import Action, failed, queue_of
from karin.wsgi.caller import Caller
from karin.wsgi.long_poll import Poll
from karin.wsgi.shapes import receiving as shapes
from karin.wsgi.shapes.base import BatchResultErrorEntry


def receive_message(
    context: Context, request: shapes.ReceiveMessageRequest, caller: Caller
) -> shapes.ReceiveMessageResult:
    """ReceiveMessage."""
    queue = queue_of(context, request, caller)
    receive = Receive(
        1 if request.max_number_of_messages is None else request.max_number_of_messages,
        request.wait_time_seconds,
        request.visibility_timeout,
        request.receive_request_attempt_id,
    )
    receiving.check(context, queue, receive)
    poll = Poll(
        claim=partial(receiving.receive_messages, context, queue, receive),
        give_back=partial(receiving.give_back, context, queue),
        connection=caller.connection,
        wait_seconds=receive.wait_seconds,
    )
    system_names = {*(request.attribute_names or ()), *(request.message_system_attribute_names or ())}
    names = set(request.message_attribute_names or ())
    messages = [_shown(received, system_names, names) for received in caller.long_polls.receive(queue, poll)]
    return shapes.ReceiveMessageResult(messages=messages or None)


def delete_message(context: Context, request: shapes.DeleteMessageRequest, caller: Caller) -> None:
    """DeleteMessage."""
    deleting.delete_message(context, queue_of(context, request, caller), request.receipt_handle)


def delete_message_batch(
    context: Context, request: shapes.DeleteMessageBatchRequest, caller: Caller
) -> shapes.DeleteMessageBatchResult:
    """DeleteMessageBatch."""
    entries = [(entry.id, entry.receipt_handle) for entry in request.entries or []]
    results = deleting.delete_message_batch(context, queue_of(context, request, caller), entries)
    successful = [shapes.DeleteMessageBatchResultEntry(id=entry_id) for entry_id in _done(results)]
    return shapes.DeleteMessageBatchResult(successful=successful or None, failed=_refused(results) or None)


def change_message_visibility(context: Context, request: shapes.ChangeMessageVisibilityRequest, caller: Caller) -> None:
    """ChangeMessageVisibility."""
    extending.change_visibility(context, queue_of(context, request, caller), _extension(request))


def change_message_visibility_batch(
    context: Context, request: shapes.ChangeMessageVisibilityBatchRequest, caller: Caller
) -> shapes.ChangeMessageVisibilityBatchResult:
    """ChangeMessageVisibilityBatch."""
    entries = [(entry.id, _extension(entry)) for entry in request.entries or []]
    results = extending.change_visibility_batch(context, queue_of(context, request, caller), entries)
    successful = [shapes.ChangeMessageVisibilityBatchResultEntry(id=entry_id) for entry_id in _done(results)]
    return shapes.ChangeMessageVisibilityBatchResult(successful=successful or None, failed=_refused(results) or None)


def _shown(
    received: ReceivedMessage, system_names: Collection[str], names: Collection[str]
) -> shapes.ReceivedMessageShape:
    message = received.message
    attributes = asked_attributes(message, names)
    return shapes.ReceivedMessageShape(
        message_id=message.message_id,
        receipt_handle=received.receipt_handle,
        md5_of_body=message.md5_of_body,
        body=message.body,
        attributes=asked_system_attributes(received, system_names) or None,
        md5_of_message_attributes=md5_of_attributes(attributes),
        message_attributes=attributes or None,
    )


def _extension(
    request: shapes.ChangeMessageVisibilityRequest | shapes.ChangeMessageVisibilityBatchRequestEntry,
) -> Extension:
    return Extension(request.receipt_handle, request.visibility_timeout)


def _done(results: Sequence[tuple[str, SqsError | None]]) -> list[str]:
    return [entry_id for entry_id, refusal in results if refusal is None]


def _refused(results: Sequence[tuple[str, SqsError | None]]) -> list[BatchResultErrorEntry]:
    return [failed(entry_id, refusal) for entry_id, refusal in results if refusal is not None]


ACTIONS = {
    "ChangeMessageVisibility": Action(shapes.ChangeMessageVisibilityRequest, change_message_visibility),
    "ChangeMessageVisibilityBatch": Action(shapes.ChangeMessageVisibilityBatchRequest, change_message_visibility_batch),
    "DeleteMessage": Action(shapes.DeleteMessageRequest, delete_message),
    "DeleteMessageBatch": Action(shapes.DeleteMessageBatchRequest, delete_message_batch),
    "ReceiveMessage": Action(shapes.ReceiveMessageRequest, receive_message),
}
