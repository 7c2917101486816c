"""What is known of messages and of invocations as values for JSON: the same names wherever they are told."""

from typing import Any

import msgspec

from karin.mapping.invocation import Invocation
from karin.operations.inspecting import system_attributes_of
from karin.sqs.names import QueueId
from karin.store.inspect import SeenMessage


def listed_message(seen: SeenMessage) -> dict[str, Any]:
    """Return a message as lists have it, with as much of its body as was read."""
    return _message(seen) | {"body_preview": seen.message.body}


def whole_message(queue: QueueId, seen: SeenMessage) -> dict[str, Any]:
    """Return all of a message."""
    return _message(seen) | {
        "body": seen.message.body,
        "attributes": seen.message.attributes,
        "system_attributes": system_attributes_of(queue, seen),
    }


def listed_invocation(one: Invocation) -> dict[str, Any]:
    """Return a call as lists have it: without its event."""
    return _invocation(one) | {"has_event": bool(one.compressed_event)}


def whole_invocation(one: Invocation) -> dict[str, Any]:
    """Return all of a call; its event is None when it was not kept."""
    return _invocation(one) | {"event": msgspec.json.decode(one.event) if one.event else None}


def _message(seen: SeenMessage) -> dict[str, Any]:
    return {
        "message_id": seen.message.message_id,
        "state": seen.state.value,
        "due_at_ms": seen.due_at_ms,
        "receive_count": seen.receive_count,
        "first_received_at_ms": seen.first_received_at_ms,
        "sent_at_ms": seen.message.sent_at_ms,
        "group_id": seen.message.group_id,
        "sequence_number": seen.message.sequence_number,
        "body_bytes": seen.body_bytes,
    }


def _invocation(one: Invocation) -> dict[str, Any]:
    facts = msgspec.structs.asdict(one)
    del facts["compressed_event"]
    return facts | {"queue": one.queue.name, "account": one.queue.account}
