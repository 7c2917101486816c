"""What is done to one message: run it now, move it to another instant, delete it.

Each looks at the message again before it is touched: what a person saw, or was warned of, may not be the case any more.
"""

from abc import abstractmethod
from collections.abc import Mapping

from karin.operations import inspecting, rescheduling, wording
from karin.operations.instants import UnclearInstant, when_ms, written
from karin.operations.rescheduling import LeftAlone
from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.names import QueueId
from karin.store.inspect import MessageState, SeenMessage, UnclearId
from karin.tui.actions import looking
from karin.tui.actions.action import Action, Ask, DeedFailed, Done, Field, Means
from karin.tui.actions.looking import named
from karin.tui.times import Now
from karin.tui.views.listing import Subject
from karin.tui.world import World

MAY_BE_IN_FLIGHT = "It may be in flight: if a function has it now, it goes on with it, and may be called with it again."


class OnMessage(Action):
    """An action on the message under the cursor."""

    def applies(self, subject: Subject, world: World) -> bool:  # noqa: ARG002 - any message will do
        """Tell whether the cursor is on a message."""
        return subject.queue is not None and subject.message_id is not None

    def do(self, means: Means, subject: Subject, answers: Mapping[str, str], world: World) -> Done:
        """Look at the message again, and do it if it is still what the person saw."""
        queue = named(subject.queue)
        try:
            seen = inspecting.message(means.context, queue, subject.message_id or "")
        except (UnclearId, QueueDoesNotExist) as error:
            raise DeedFailed(f"{_called(subject)} is not in {queue.name} any more") from error
        before = looking.message(subject, world)
        if before and _was_received_since(before, seen):
            raise DeedFailed(f"{_called(subject)} was received meanwhile: look again")
        try:
            return self.touch(means, queue, seen, answers, world)
        except (LeftAlone, UnclearInstant) as error:
            raise DeedFailed(str(error)) from error

    @abstractmethod
    def touch(self, means: Means, queue: QueueId, seen: SeenMessage, answers: Mapping[str, str], world: World) -> Done:
        """Do it to a message as it was just seen. Raises LeftAlone, UnclearInstant."""


class RunNow(OnMessage):
    """Makes a message due now."""

    name = "run"
    key = "x"
    label = "run now"
    explanation = "deliver the message now"

    def ask(self, subject: Subject, world: World, now: Now) -> Ask | None:
        """Ask only where a function may have the message."""
        seen = looking.message(subject, world)
        if seen is None:
            return Ask("Run now", MAY_BE_IN_FLIGHT, "Run it now")
        if seen.state is not MessageState.LEASED:
            return None
        return Ask("Run now", wording.sooner_question(seen, named(subject.queue), now.ms), "Run it now")

    def begin(self, subject: Subject) -> str:
        """Say what is being done."""
        return f"running {_called(subject)}"

    def touch(
        self,
        means: Means,
        queue: QueueId,
        seen: SeenMessage,
        answers: Mapping[str, str],  # noqa: ARG002 - there are none
        world: World,
    ) -> Done:
        """Make it due, and say so if that alone does not have it delivered."""
        due_at_ms = rescheduling.run_now(means.context, queue, seen)
        return _told(means, queue, seen, due_at_ms, world)


class Reschedule(OnMessage):
    """Makes a message due at another instant."""

    name = "reschedule"
    key = "t"
    label = "reschedule"
    explanation = "move the message to another time"

    def ask(self, subject: Subject, world: World, now: Now) -> Ask | None:
        """Ask for the new instant."""
        seen = looking.message(subject, world)
        text = MAY_BE_IN_FLIGHT
        if seen:
            text = f"It is due {now.full(seen.due_at_ms)}."
            if seen.state is MessageState.LEASED:
                text = f"{text} {MAY_BE_IN_FLIGHT}"
        when = Field("when", "When", hint=f"in 10m, 14:30 or {written(now.ms, now.zone)[:16]}")
        return Ask("Reschedule", text, "Move it", (when,))

    def begin(self, subject: Subject) -> str:
        """Say what is being done."""
        return f"moving {_called(subject)}"

    def touch(self, means: Means, queue: QueueId, seen: SeenMessage, answers: Mapping[str, str], world: World) -> Done:
        """Move it."""
        due_at_ms = when_ms(answers.get("when", ""), means.context.clock.now_ms(), means.zone)
        return _told(means, queue, seen, rescheduling.reschedule(means.context, queue, seen, due_at_ms), world)


class DeleteMessage(OnMessage):
    """Deletes a message."""

    name = "delete"
    key = "d"
    label = "delete"
    explanation = "delete the message"

    def ask(self, subject: Subject, world: World, now: Now) -> Ask | None:
        """Ask always."""
        queue, seen = named(subject.queue), looking.message(subject, world)
        text = f"Delete {_called(subject)} of {queue.name} for good? {MAY_BE_IN_FLIGHT}"
        return Ask("Delete", wording.delete_question(seen, queue, now.ms) if seen else text, "Delete message")

    def begin(self, subject: Subject) -> str:
        """Say what is being done."""
        return f"deleting {_called(subject)}"

    def touch(
        self,
        means: Means,
        queue: QueueId,
        seen: SeenMessage,
        answers: Mapping[str, str],  # noqa: ARG002 - there are none
        world: World,  # noqa: ARG002 - it is gone whatever else is the case
    ) -> Done:
        """Delete it."""
        rescheduling.delete(means.context, queue, seen)
        return Done(wording.deleted(_short(seen.message.message_id), queue))


def _was_received_since(before: SeenMessage, seen: SeenMessage) -> bool:
    is_taken = seen.state is MessageState.LEASED and before.state is not MessageState.LEASED
    return is_taken or seen.receive_count != before.receive_count


def _told(means: Means, queue: QueueId, seen: SeenMessage, due_at_ms: int, world: World) -> Done:
    now = Now(means.context.clock.now_ms(), means.zone)
    text = wording.rescheduled(_short(seen.message.message_id), queue, due_at_ms, now.ms, now.clock(due_at_ms))
    if due_at_ms <= now.ms and world.status:
        reason = wording.waits_because(queue, world.status.snapshot, world.pauses, world.status.schedulers_alive)
        text = f"{text}; {reason}" if reason else text
    return Done(text)


def _called(subject: Subject) -> str:
    return f"message {_short(subject.message_id or '')}"


def _short(message_id: str) -> str:
    return message_id[: inspecting.SHORT_ID]
