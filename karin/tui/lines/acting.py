"""Having an action done from plain lines: to which row, after which questions, and what it came to."""

from collections.abc import Sequence

from karin.sqs.errors import SqsError
from karin.store.connection import StoreUnavailable
from karin.tui.actions.action import Action, DeedFailed, Means
from karin.tui.lines.asking import answers_to
from karin.tui.lines.console import Console
from karin.tui.lines.here import Here
from karin.tui.lines.naming import NoSuchRow, row_meant
from karin.tui.times import Now
from karin.tui.views.listing import Subject
from karin.tui.world import World

CANCELLED = "cancelled: nothing was done"
READONLY = "read-only: start karin-tui without --readonly"


class Actor:
    """Does actions, and says what comes of them."""

    def __init__(self, actions: Sequence[Action], means: Means, console: Console, *, readonly: bool) -> None:
        self._by_word = {word: action for action in actions for word in (action.name, action.key)}
        self._means = means
        self._console = console
        self._readonly = readonly

    def action_called(self, word: str) -> Action | None:
        """Return the action with a key or a name."""
        return self._by_word.get(word)

    def act(self, action: Action, row_text: str, here: Here, world: World, now: Now) -> bool:
        """Do an action to the row that is named, to what is opened, or to nothing in particular.

        Returns whether anything may have changed. Raises Ended.
        """
        if self._readonly and action.changes:
            self._console.say(READONLY)
            return False
        subject = self._subject(action, row_text, here, world)
        if subject is None:
            return False
        ask = action.ask(subject, world, now)
        answers = {} if ask is None else answers_to(ask, self._console)
        if answers is None:
            self._console.say(CANCELLED)
            return False
        self._do(action, subject, answers, world)
        return True

    def _subject(self, action: Action, row_text: str, here: Here, world: World) -> Subject | None:
        """Return what the action is for; None, after saying why, when it is for nothing."""
        if not row_text and action.applies(here.subject, world):
            return here.subject
        if not row_text:
            if not any(action.applies(row.subject, world) for row in here.numbered):
                self._console.say(f"{action.label}: there is nothing here that it could be done to")
                return None
            row_text = self._console.ask(f"{action.label} which? A number or a name, nothing cancels: ").strip()
        if not row_text:
            self._console.say(CANCELLED)
            return None
        if here.place.queue and row_text == here.place.queue.name:
            subject = Subject(row_text, queue=here.place.queue)
        else:
            try:
                subject = row_meant(row_text, here.numbered, here.view.columns).subject
            except NoSuchRow as error:
                self._console.say(str(error))
                return None
        if action.applies(subject, world):
            return subject
        self._console.say(f"{action.label}: this cannot be done to {row_text} as it is now")
        return None

    def _do(self, action: Action, subject: Subject, answers: dict[str, str], world: World) -> None:
        try:
            self._console.say(f"~ {action.begin(subject)}…")
            done = action.do(self._means, subject, answers, world)
        except (DeedFailed, SqsError, StoreUnavailable) as error:
            self._console.say(f"x {error}")
        except KeyboardInterrupt:
            self._console.say(f"x {action.label} was interrupted: it may have been done in part")
        else:
            self._console.say("\n".join([f"+ {done.text}", *(f"  {line}" for line in done.lines)]))
