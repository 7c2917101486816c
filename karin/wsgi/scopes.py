"""What a limited access key may do: which actions its scope allows, and to which queues a request is put.

A request is looked at by its shape, so a new action is refused to limited keys until it is listed here.
"""

from collections.abc import Callable, Iterator
from typing import Any

from karin.access_keys import EVERYTHING, KeyScope
from karin.operations.context import Context
from karin.operations.queues import QueuePage
from karin.sqs.errors import AccessDenied, SqsError
from karin.sqs.limits import LIST_RESULTS
from karin.sqs.moves import read_task_handle
from karin.sqs.names import QueueId, queue_id_from_arn, queue_id_from_url
from karin.sqs.queue_attributes import text_of
from karin.sqs.redrive import dead_letter_target, normal_redrive_policy
from karin.wsgi.caller import Caller

_FINDING = frozenset(
    {"GetQueueAttributes", "GetQueueUrl", "ListQueues"}
)  # what clients ask before they send or receive
ALLOWED = {
    "send": _FINDING | {"SendMessage", "SendMessageBatch"},
    "receive": _FINDING
    | {
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "DeleteMessage",
        "DeleteMessageBatch",
        "ReceiveMessage",
    },
    "read": _FINDING | {"ListDeadLetterSourceQueues", "ListMessageMoveTasks", "ListQueueTags"},
}
ABOUT_ALL_QUEUES = "ListQueues"  # its answer is cut to the scope


def check_scope(context: Context, caller: Caller, action: str, request: Any) -> None:
    """Raise AccessDenied, in AWS's words, when the caller's key may not do an action to a queue that it names."""
    scope = caller.scope
    if scope is EVERYTHING or scope == EVERYTHING:  # the first is nearly always so, and told at once
        return
    queues = list(_queues_of(context, caller, request))
    is_allowed = scope.actions == "all" or action in ALLOWED[scope.actions]
    if action == ABOUT_ALL_QUEUES:
        if not is_allowed:
            raise _denied(context, caller, action, f"arn:aws:sqs:{context.region}:{context.account.id()}:")
        return
    for queue in queues:
        if not is_allowed or not scope.has_queue(queue.name):
            raise _denied(context, caller, action, context.arn(queue))
    if not is_allowed or not _names_queues(request):
        raise _denied(context, caller, action, "*")


def only_in_scope(
    scope: KeyScope, most: int | None, token: str | None, read: Callable[[int | None, str | None], QueuePage]
) -> QueuePage:
    """Return a page of the queues in scope; ``read`` takes a page's size and token and returns one of all queues.

    Tokens are names of queues: those that a limited key is given are in its scope as well.
    """
    if scope == EVERYTHING:
        return read(most, token)
    size = LIST_RESULTS[1] if most is None else most
    page = read(size, token)
    found = [queue for queue in page.queues if scope.has_queue(queue.name)]
    while page.next_token and len(found) <= size:
        page = read(LIST_RESULTS[1], page.next_token)
        found += [queue for queue in page.queues if scope.has_queue(queue.name)]
    is_last = most is None or len(found) <= size
    return QueuePage(tuple(found[:size]), None if is_last else found[size - 1].name)


def _queues_of(context: Context, caller: Caller, request: Any) -> Iterator[QueueId]:
    """Yield the queues that a request reads, writes or sends messages on to."""
    if hasattr(request, "queue_url"):
        url = request.queue_url or caller.queue_path
        if url and (queue := queue_id_from_url(url, context.account.id())):
            yield queue
    if name := getattr(request, "queue_name", None):
        yield QueueId(context.account.id(), name)
    for arn in (getattr(request, "source_arn", None), getattr(request, "destination_arn", None)):
        if arn and (queue := queue_id_from_arn(arn)):
            yield queue
    if handle := getattr(request, "task_handle", None):
        yield read_task_handle(handle)[1]
    if queue := _dead_letter_queue(getattr(request, "attributes", None)):
        yield queue


def _names_queues(request: Any) -> bool:
    """Tell whether a request is of a kind whose queues are known here; one without its queue fails by itself."""
    return any(hasattr(request, name) for name in ("queue_url", "queue_name", "source_arn", "task_handle"))


def _dead_letter_queue(attributes: Any) -> QueueId | None:
    """Return the queue to which new attributes would send a queue's messages; a wrong policy sends them nowhere."""
    policy = text_of(attributes.get("RedrivePolicy") or "") if isinstance(attributes, dict) else ""
    try:
        return dead_letter_target(normal_redrive_policy(policy)) if policy else None
    except SqsError:  # the operation says what is wrong
        return None


def _denied(context: Context, caller: Caller, action: str, resource: str) -> AccessDenied:
    asked = f"sqs:{action.removesuffix('Batch').lower()}"  # batches need the permission of the single action
    user = f"arn:aws:iam::{context.account.id()}:user/{caller.sender_id}"
    return AccessDenied(
        f"User: {user} is not authorized to perform: {asked} on resource: {resource}"
        f" because no identity-based policy allows the {asked} action"
    )
