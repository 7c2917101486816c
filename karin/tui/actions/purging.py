"""Deleting all messages of a queue."""

from collections.abc import Mapping

from karin.operations import queues, wording
from karin.tui.actions.action import Action, Ask, Done, Means
from karin.tui.actions.looking import is_about_queue, named, queue_state
from karin.tui.times import Now
from karin.tui.views.listing import Subject
from karin.tui.world import World


class Purge(Action):
    """Deletes all messages of the queue under the cursor once its name is typed."""

    name = "purge"
    key = "p"
    label = "purge"
    explanation = "delete all messages of the queue"

    def applies(self, subject: Subject, world: World) -> bool:  # noqa: ARG002 - any queue will do
        """Tell whether the cursor is on a queue, or on one of its messages."""
        return is_about_queue(subject)

    def ask(self, subject: Subject, world: World, now: Now) -> Ask | None:  # noqa: ARG002 - nothing depends on when
        """Say what would be lost."""
        name, state = named(subject.queue).name, queue_state(subject, world)
        what = "all of its messages"
        if state:
            counted = wording.counted(state.ready + state.delayed + state.leased, "message")
            what = f"{counted} for good: {state.ready} ready, {state.delayed} delayed, {state.leased} in flight"
        text = f"This deletes {what}. Type the queue's name to go on."
        return Ask(f"Purge {name}", text, "Delete messages", must_type=name)

    def begin(self, subject: Subject) -> str:
        """Say what is being done."""
        return f"deleting the messages of {named(subject.queue).name}"

    def do(
        self,
        means: Means,
        subject: Subject,
        answers: Mapping[str, str],  # noqa: ARG002 - there are none
        world: World,  # noqa: ARG002 - a purge takes what is there
    ) -> Done:
        """Delete them."""
        queue = named(subject.queue)
        return Done(wording.purged(queues.purge_queue(means.context, queue), queue))
