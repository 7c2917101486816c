"""Finding in the world what a subject names; None when it is not known there, or not any more."""

from karin.mapping.invocation import Invocation
from karin.mapping.model import Mapping
from karin.sqs.names import QueueId
from karin.store.inspect import SeenMessage
from karin.store.queues import QueueState
from karin.tui.views.listing import Subject
from karin.tui.world import World


def is_about_queue(subject: Subject) -> bool:
    """Tell whether a subject is a queue, or one of its messages."""
    return subject.queue is not None and subject.mapping_uuid is None and subject.invocation_id is None


def queue_state(subject: Subject, world: World) -> QueueState | None:
    """Return the state of a subject's queue."""
    states = world.status.queues if world.status else ()
    return next((state for state in states if state.queue == subject.queue), None)


def mapping(subject: Subject, world: World) -> Mapping | None:
    """Return the mapping that a subject is."""
    snapshot = world.status.snapshot if world.status else None
    mappings = snapshot.mappings if snapshot else ()
    return next((one for one in mappings if one.uuid == subject.mapping_uuid), None)


def invocation(subject: Subject, world: World) -> Invocation | None:
    """Return the invocation that a subject is."""
    return next((one for one in world.invocations or () if one.id == subject.invocation_id), None)


def message(subject: Subject, world: World) -> SeenMessage | None:
    """Return the message that a subject is, as it was seen last; its body may be cut."""
    if subject.queue is None or subject.message_id is None:
        return None
    whole, page = world.message, world.messages
    if whole and whole.seen and (whole.queue, whole.message_id) == (subject.queue, subject.message_id):
        return whole.seen
    listed = page.messages if page and page.queue == subject.queue else ()
    return next((seen for seen in listed if seen.message.message_id == subject.message_id), None)


def named(queue: QueueId | None) -> QueueId:
    """Return the queue of a subject for which an action applies."""
    assert queue is not None  # noqa: S101 - no action that needs one applies without it
    return queue
