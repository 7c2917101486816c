"""What tests of the actions share: a world as it is read from a real store, and means with which deeds are done."""

from collections.abc import Mapping, Sequence
from datetime import timedelta, timezone
from pathlib import Path

from msgspec.structs import replace

from karin.operations import inspecting, status
from karin.operations.context import Context
from karin.settings import Settings
from karin.sqs.names import QueueId
from karin.tui.actions.action import Action, Done, Means
from karin.tui.reading.children import run_karin
from karin.tui.times import Now
from karin.tui.views.listing import Subject
from karin.tui.world import QueueMessages, World

ZONE = timezone(timedelta(hours=9), "KST")


def no_child(arguments: Sequence[str]) -> str:
    """Stand in for karin's commands where none may be run."""
    raise AssertionError(f"karin {' '.join(arguments)} was run")


def means_of(context: Context, environ: Mapping[str, str] | None = None) -> Means:
    """Return means over a real store; commands are run as processes of an environment, or must not be run."""
    if environ is None:
        return Means(context, no_child, ZONE)
    return Means(context, lambda arguments: run_karin(arguments, environ), ZONE)


def now_of(context: Context) -> Now:
    """Return the current instant in the person's zone."""
    return Now(context.clock.now_ms(), ZONE)


def world_of(context: Context, queue: QueueId | None = None) -> World:
    """Read the world; with the messages of a queue as its list has them."""
    seen = status.status(context, Settings(home=Path("/nonexistent")))
    messages = None
    if queue:
        messages = QueueMessages(queue, inspecting.messages(context, queue, most=100).messages)
    invocations = inspecting.invocations(context, most=100)
    return World(seen, context.store.pauses.all(), messages, invocations=invocations)


def with_scheduler(world: World) -> World:
    """Return the world with a scheduler in it."""
    assert world.status
    return replace(world, status=replace(world.status, schedulers_alive=1))


def do(context: Context, action: Action, subject: Subject, world: World | None = None, /, **answers: str) -> Done:
    """Do an action in a world, that of the present if none is given."""
    queue = subject.queue if subject.message_id else None
    return action.do(means_of(context), subject, answers, world or world_of(context, queue))
