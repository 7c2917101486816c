"""Moving dead letters back to where they came from."""

from collections.abc import Mapping

from karin.operations import moving, wording
from karin.operations.context import Context
from karin.sqs.names import QueueId, queue_id_from_url
from karin.tui.actions.action import Action, Ask, DeedFailed, Done, Field, Means
from karin.tui.actions.looking import is_about_queue, named, queue_state
from karin.tui.times import Now
from karin.tui.views.listing import Subject
from karin.tui.views.queues import dead_letter_queue
from karin.tui.world import World

NOBODY_MOVES = "no scheduler is alive: the task begins when one is; see `karin up`"


class Redrive(Action):
    """Starts a message move task for the dead-letter queue under the cursor."""

    name = "redrive"
    key = "r"
    label = "redrive"
    explanation = "move dead letters back to where they came from"

    def applies(self, subject: Subject, world: World) -> bool:
        """Tell whether some queue sends its dead letters here."""
        state, status = queue_state(subject, world), world.status
        if state is None or status is None or not is_about_queue(subject):
            return False
        return any(dead_letter_queue(other, status) is state for other in status.queues)

    def ask(self, subject: Subject, world: World, now: Now) -> Ask | None:  # noqa: ARG002 - nothing depends on when
        """Say how many are moved, and ask where to and how fast."""
        queue, state = named(subject.queue), queue_state(subject, world)
        text = wording.redrive_question(state.ready if state else 0, queue, None)
        to = Field("to", "To another queue", hint="the queues they came from")
        rate = Field("rate", "Messages a second", hint="as fast as it goes")
        return Ask(f"Redrive {queue.name}", text, "Move messages", (to, rate))

    def begin(self, subject: Subject) -> str:
        """Say what is being done."""
        return f"starting to move the messages of {named(subject.queue).name}"

    def do(self, means: Means, subject: Subject, answers: Mapping[str, str], world: World) -> Done:
        """Start the task; schedulers do the moving."""
        context, source = means.context, named(subject.queue)
        destination = _destination(context, answers.get("to", "").strip())
        rate = _rate(answers.get("rate", "").strip())
        arn = context.arn(destination) if destination else None
        task = moving.start_move(context, context.arn(source), arn, rate)
        started = wording.redrive_started(task, source, destination)
        is_attended = world.status is None or world.status.schedulers_alive
        return Done(started if is_attended else f"{started}; {NOBODY_MOVES}")


def _destination(context: Context, name: str) -> QueueId | None:
    if not name:
        return None
    queue = queue_id_from_url(name, context.account.id())
    if queue is None or queue not in context.store.queues.names():
        raise DeedFailed(f"there is no queue {name!r}")
    return queue


def _rate(text: str) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        raise DeedFailed(f"{text!r} is not a number of messages") from None
