"""Sending a message by hand."""

import uuid
from collections.abc import Mapping

from karin.operations import instants, wording
from karin.operations.instants import UnclearInstant
from karin.operations.sending import Sender, send_message
from karin.sqs.names import QueueId
from karin.sqs.sending import Send as Wanted
from karin.store.queues import QueueState
from karin.tui.actions.action import Action, Ask, DeedFailed, Done, Field, Means
from karin.tui.actions.looking import named, queue_state
from karin.tui.times import Now
from karin.tui.views.listing import Subject
from karin.tui.world import World

SENDER = Sender("karin-tui")


class Send(Action):
    """Sends a message to the queue under the cursor, or to the one that a message, mapping or invocation is of."""

    name = "send"
    key = "n"
    label = "send"
    explanation = "send a message to the queue"

    def applies(self, subject: Subject, world: World) -> bool:  # noqa: ARG002 - any queue will do
        """Tell whether there is a queue."""
        return subject.queue is not None

    def ask(self, subject: Subject, world: World, now: Now) -> Ask | None:  # noqa: ARG002 - nothing depends on when
        """Ask for the body, and for when it is due or where it stands."""
        queue, state = named(subject.queue), queue_state(subject, world)
        fields = _fifo_fields(state) if queue.is_fifo else _standard_fields(state)
        return Ask(f"Send to {queue.name}", "", "Send", (Field("body", "Message", is_long=True), *fields))

    def begin(self, subject: Subject) -> str:
        """Say what is being done."""
        return f"sending to {named(subject.queue).name}"

    def do(self, means: Means, subject: Subject, answers: Mapping[str, str], world: World) -> Done:
        """Send it."""
        queue = named(subject.queue)
        delay_seconds = _delay_seconds(answers.get("delay", ""))
        group = answers.get("group", "").strip() or None
        if queue.is_fifo and group is None:
            raise DeedFailed(f"{queue.name} is a FIFO queue: each of its messages needs a group")
        deduplication = answers.get("deduplication", "").strip() or _own_deduplication(
            queue, queue_state(subject, world)
        )
        message = Wanted(answers.get("body", ""), delay_seconds, group_id=group, deduplication_id=deduplication)
        sent = send_message(means.context, queue, message, SENDER)
        return Done(wording.sent(sent.message_id, queue, delay_seconds))


def _standard_fields(state: QueueState | None) -> tuple[Field, ...]:
    delay = state.attributes.get("DelaySeconds", "0") if state else "0"
    return (Field("delay", "Delay, such as 90 or 5m", hint=f"{delay}, as the queue has it"),)


def _fifo_fields(state: QueueState | None) -> tuple[Field, ...]:
    own = "the digest of its body" if _is_by_content(state) else "a new one"
    return (Field("group", "Message group"), Field("deduplication", "Deduplication id", hint=own))


def _own_deduplication(queue: QueueId, state: QueueState | None) -> str | None:
    """Return a new id where the queue makes none itself: who sends by hand means to send."""
    return str(uuid.uuid4()) if queue.is_fifo and not _is_by_content(state) else None


def _is_by_content(state: QueueState | None) -> bool:
    return state is not None and state.attributes.get("ContentBasedDeduplication") == "true"


def _delay_seconds(text: str) -> int | None:
    try:
        return instants.delay_seconds(text)
    except UnclearInstant as error:
        raise DeedFailed(str(error)) from None
