"""Reading the mappings from AWS anew."""

from collections.abc import Mapping

from karin.operations.printing import printable
from karin.tui.actions.action import Action, Ask, Done, Means
from karin.tui.times import Now
from karin.tui.views.listing import Subject
from karin.tui.world import World

INDENT = "  "  # of what `karin sync` tells below its title


class Sync(Action):
    """Reads functions and mappings from AWS, in a process of its own, and tells what changed."""

    name = "sync"
    key = "s"
    label = "sync"
    explanation = "read functions and mappings from AWS anew"
    in_footer = False
    shows_outcome = True

    def applies(self, subject: Subject, world: World) -> bool:  # noqa: ARG002 - it concerns everything
        """Tell that it can be done anywhere."""
        return True

    def ask(self, subject: Subject, world: World, now: Now) -> Ask | None:  # noqa: ARG002 - there is no question
        """Ask nothing: AWS is only read, and messages stay."""
        return None

    def begin(self, subject: Subject) -> str:  # noqa: ARG002 - it concerns everything
        """Say what is being done."""
        return "reading functions and mappings from AWS"

    def do(
        self,
        means: Means,
        subject: Subject,  # noqa: ARG002 - it concerns everything
        answers: Mapping[str, str],  # noqa: ARG002 - there are none
        world: World,  # noqa: ARG002 - it is about to change
    ) -> Done:
        """Read it."""
        title, *lines = printable(means.karin(["sync"])).splitlines() or ["nothing was told"]
        return Done(title, tuple(line.removeprefix(INDENT) for line in lines))
