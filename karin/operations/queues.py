"""Operations on queues themselves: create, find, list, describe, change, purge, delete."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from karin.operations.context import Context
from karin.sqs import limits
from karin.sqs.errors import InvalidParameterValue, MissingParameter, QueueDoesNotExist, SqsError
from karin.sqs.names import QueueId, validate_queue_name
from karin.sqs.queue_attributes import (
    AttributeValue,
    check_attributes,
    check_names,
    defaults_for,
    select,
    text_of,
)
from karin.sqs.redrive import check_dead_letter_target, dead_letter_target
from karin.sqs.tags import check_tags
from karin.store.queues import QueueState


class QueuePage(msgspec.Struct, frozen=True):
    """A page of queues in order of name; ``next_token`` continues it, None ends it."""

    queues: tuple[QueueId, ...]
    next_token: str | None = None


def create_queue(
    context: Context, name: str | None, attributes: Mapping[str, AttributeValue], tags: Mapping[str, str]
) -> QueueId:
    """Create a queue, or find the equal one that exists; raises the SqsError that AWS would give."""
    fifo = text_of(attributes.get("FifoQueue", "")).lower() == "true"
    queue = QueueId(context.account.id(), validate_queue_name(name, fifo=fifo))
    checked = check_attributes(attributes, fifo=fifo, creating=True, max_delay_seconds=context.max_delay_seconds)
    check_tags(queue.name, tags)
    _check_redrive(context, queue, checked)
    given = {field: value for field, value in checked.items() if field in attributes}
    # What follows from the given is set, but not compared with a queue that exists.
    others = {field: value for field, value in (defaults_for(fifo=fifo) | checked).items() if field not in given}
    context.store.queues.create(queue, context.clock.now_ms(), given, others, tags)
    return queue


def find_queue(context: Context, name: str | None, owner: str | None = None) -> QueueId:
    """Return the queue of that name; raises QueueDoesNotExist."""
    if not name:
        raise InvalidParameterValue("Value for parameter QueueName is invalid. Reason: Must specify a queue name.")
    queue = QueueId(owner or context.account.id(), name)
    context.store.queues.describe(queue, context.clock.now_ms())
    return queue


def list_queues(context: Context, prefix: str, most: int | None, next_token: str | None) -> QueuePage:
    """Return queues by name; pages only when ``most`` is given, as SQS does."""
    size = _page_size(most)
    after = _read_token(prefix, next_token)
    found = context.store.queues.names(context.account.id(), prefix, after=after, most=size + 1)
    return _page(found, size, is_paged=most is not None)


def list_dead_letter_sources(context: Context, queue: QueueId, most: int | None, next_token: str | None) -> QueuePage:
    """Return by name the queues whose redrive policy names a queue; raises QueueDoesNotExist.

    It pages as ``list_queues`` does.
    """
    with missing_queue_first(context, queue):
        size = _page_size(most)
    found = context.store.queues.sources(queue, after=next_token or "", most=size + 1)
    return _page(found, size, is_paged=most is not None)


def queue_attributes(context: Context, queue: QueueId, names: Sequence[str]) -> dict[str, str]:
    """Return the attributes asked for, counts included; raises QueueDoesNotExist or InvalidAttributeName."""
    state = context.store.queues.describe(queue, context.clock.now_ms())
    check_names(names)
    return select(shown_attributes(context, state), names)


def shown_attributes(context: Context, state: QueueState) -> dict[str, str]:
    """Return all of a queue's attributes as SQS shows them: strings, instants in seconds."""
    return {
        "QueueArn": context.arn(state.queue),
        "ApproximateNumberOfMessages": str(state.ready),
        "ApproximateNumberOfMessagesNotVisible": str(state.leased),
        "ApproximateNumberOfMessagesDelayed": str(state.delayed),
        "CreatedTimestamp": str(state.created_at_ms // 1000),
        "LastModifiedTimestamp": str(state.modified_at_ms // 1000),
    } | state.attributes


def set_queue_attributes(context: Context, queue: QueueId, attributes: Mapping[str, AttributeValue]) -> None:
    """Change attributes, all or none; raises the SqsError that AWS would give."""
    with missing_queue_first(context, queue):
        if not attributes:
            raise MissingParameter("Attribute.Name")
        changes = check_attributes(
            attributes, fifo=queue.is_fifo, creating=False, max_delay_seconds=context.max_delay_seconds
        )
        _check_redrive(context, queue, changes)
    context.store.queues.set_attributes(queue, context.clock.now_ms(), changes)


def purge_queue(context: Context, queue: QueueId) -> int:
    """Remove all messages of a queue and return how many; raises QueueDoesNotExist, PurgeQueueInProgress."""
    return context.store.messages.purge(queue, context.clock.now_ms())


def delete_queue(context: Context, queue: QueueId) -> None:
    """Delete a queue and its messages; raises QueueDoesNotExist."""
    context.store.queues.delete(queue, context.clock.now_ms())


@contextmanager
def missing_queue_first(context: Context, queue: QueueId) -> Iterator[None]:
    """Let a missing queue win over any fault found in a block, as on AWS: a command more only when there is a fault."""
    try:
        yield
    except SqsError:
        context.store.queues.describe(queue, context.clock.now_ms())
        raise


def _check_redrive(context: Context, queue: QueueId, attributes: Mapping[str, str]) -> None:
    """Ask the dead-letter target, which lives in another slot, whether it exists and allows this queue."""
    policy = attributes.get("RedrivePolicy")
    if not policy:
        return
    try:
        target = context.store.queues.describe(dead_letter_target(policy), context.clock.now_ms())
    except QueueDoesNotExist:
        target = None
    check_dead_letter_target(
        policy,
        queue,
        context.arn(queue),
        target_exists=target is not None,
        allow_policy=target.attributes.get("RedriveAllowPolicy") if target else None,
    )


def _page_size(most: int | None) -> int:
    """Return how many queues a page may hold; raises InvalidParameterValue for a MaxResults out of range."""
    low, high = limits.LIST_RESULTS
    if most is not None and not low <= most <= high:
        raise InvalidParameterValue(
            "Value for parameter MaxResults is invalid."
            f" Reason: MaxResults must be an integer between {low} and {high}."
        )
    return most or high


def _page(found: Sequence[QueueId], size: int, *, is_paged: bool) -> QueuePage:
    """Return a page of what was found, one queue more than it holds if there is one."""
    page = tuple(found[:size])
    is_last = not is_paged or len(found) <= size
    return QueuePage(page, None if is_last else page[-1].name)


def _read_token(prefix: str, token: str | None) -> str:
    """Return the name after which a page starts; a token that this prefix did not give is refused."""
    if token and not token.startswith(prefix):
        raise InvalidParameterValue("Invalid or expired next token.")
    return token or ""
