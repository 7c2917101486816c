"""Holding back a mapping's messages, and letting them go."""

from collections.abc import Mapping

from karin.mapping.changes import title
from karin.operations import pausing
from karin.tui.actions import looking
from karin.tui.actions.action import Action, Ask, DeedFailed, Done, Field, Means
from karin.tui.times import Now
from karin.tui.views.listing import Subject
from karin.tui.world import World


class PauseOrResume(Action):
    """Pauses the mapping under the cursor, or resumes it if it is paused, whether by a person or by karin."""

    name = "pause"
    key = "z"
    label = "pause/resume"
    explanation = "hold back a mapping's messages, or let them go"

    def applies(self, subject: Subject, world: World) -> bool:
        """Tell whether the cursor is on a mapping."""
        return looking.mapping(subject, world) is not None

    def ask(self, subject: Subject, world: World, now: Now) -> Ask | None:  # noqa: ARG002 - nothing depends on when
        """Ask why, before a pause; resuming needs no question."""
        mapping = looking.mapping(subject, world)
        if mapping is None or mapping.uuid in world.pauses:
            return None
        text = "Its messages wait until it is resumed. Calls in flight end as always."
        return Ask(f"Pause {title(mapping)}", text, "Pause", (Field("reason", "Why", hint="for whoever looks"),))

    def begin(self, subject: Subject) -> str:  # noqa: ARG002 - which of the two, only the world tells
        """Say what is being done."""
        return "pausing or resuming the mapping"

    def do(self, means: Means, subject: Subject, answers: Mapping[str, str], world: World) -> Done:
        """Do what was asked, even if someone else did the same meanwhile."""
        mapping = looking.mapping(subject, world)
        if mapping is None:
            raise DeedFailed("this mapping is not deployed any more: s reads the deployment anew")
        if mapping.uuid not in world.pauses:
            pausing.pause(means.context, mapping, answers.get("reason", "").strip())
            return Done(f"{title(mapping)} is paused: its messages wait until it is resumed")
        was_paused = pausing.resume(means.context, mapping)
        return Done(f"{title(mapping)} {'is resumed' if was_paused else 'was not paused any more'}")
