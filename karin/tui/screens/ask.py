"""The dialog before a deed: what it is about to do, what has to be typed, and Cancel first to hand.

It stays open until the deed is done, so that no text is lost when it is refused.
"""

from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Input, Label, Static

from karin.tui.actions.action import Action, Ask, Field
from karin.tui.activity import Activity, Phase
from karin.tui.screens.dialog import Dialog
from karin.tui.screens.outcome import OutcomeDialog
from karin.tui.views.listing import Subject
from karin.tui.world import World

if TYPE_CHECKING:
    from textual.widgets import TextArea

    from karin.tui.app import KarinApp

TYPED = "must-type"


class Choice(Button):
    """A button that leaves typing to the field of its dialog."""

    def _forward_event(self, event: events.Event) -> None:
        """Hand a letter on at once.

        This is where keys arrive one after the other. Were a letter handed on later, by a handler, those typed after
        it would overtake it: fast typing or a paste would come out in part.
        """
        field = next(iter(self.screen.query(Input)), None)
        if field and isinstance(event, events.Key) and event.is_printable and event.key != "space":
            self.screen.set_focus(field)
            field.post_message(event)
        else:
            super()._forward_event(event)


class AskDialog(Dialog):
    """Asks for one deed on one subject, and has it done."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    AskDialog TextArea { height: 8; margin: 1 0 0 0; }
    AskDialog .field { height: 1; margin: 1 0 0 0; }
    AskDialog .field Label { width: 24; }
    AskDialog .field Input { width: 1fr; }
    AskDialog #yes { color: $text-muted !important; }
    AskDialog #yes.-ready { color: $foreground !important; }
    AskDialog #yes.-ready.-dangerous { color: $error !important; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "go", "go on")]

    def __init__(self, action: Action, subject: Subject, ask: Ask, world: World) -> None:
        super().__init__()
        self._action = action
        self._subject = subject
        self._ask = ask
        self._world = world  # as it was when the question was made of it
        self._is_waiting = False

    def compose(self) -> ComposeResult:
        """Lay out the question, the fields and the two buttons."""
        ask = self._ask
        with VerticalScroll(classes="frame", can_focus=False) as frame:  # for small terminals
            frame.border_title = ask.title
            frame.border_subtitle = "ctrl+s goes on, tab moves, esc cancels" if ask.fields else "tab moves, esc cancels"
            if ask.text:
                yield Static(ask.text, classes="line", markup=False)
            for field in ask.fields:
                yield from _composed(field)
            if ask.must_type:
                yield Input(placeholder=ask.must_type, id=TYPED, select_on_focus=False, classes="line")
            yield Static(classes="error line", markup=False)
            with Horizontal(classes="buttons"):
                yield Choice("Cancel", id="cancel", compact=True)
                yield Choice(ask.yes, id="yes", compact=True, classes="-dangerous" if ask.must_type else "")

    def on_mount(self) -> None:
        """Begin with what is to be typed; where nothing is, enter, pressed too soon, does no harm."""
        first = self._ask.fields[0].name if self._ask.fields else "cancel"
        self.set_focus(self.query_one(f"#{first}"))  # before the dialog is seen, so that no letter typed then is lost
        self._offer()
        self.watch(self.app, "activity", self._hear, init=False)

    def on_input_changed(self) -> None:
        """Offer the deed when the text is right."""
        self._offer()
        self.query_one(".error").remove_class("-shown")

    def on_input_submitted(self) -> None:
        """Go on from a field."""
        self.action_go()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do it or leave it."""
        if event.button.id == "yes":
            self.action_go()
        else:
            self.dismiss()

    def action_go(self) -> None:
        """Have it done, once."""
        if self._is_waiting:
            return
        if not self._is_typed():
            self._tell(f"That is not {self._ask.must_type!r}: nothing was done.")
            self.query_one(f"#{TYPED}").focus()
            return
        self._is_waiting = True
        answers = {field.name: self._answer(field) for field in self._ask.fields}
        cast("KarinApp", self.app).begin(self._action, self._subject, answers, self._world)

    def _answer(self, field: Field) -> str:
        if field.is_long:
            return cast("TextArea", self.query_one(f"#{field.name}")).text
        return self.query_one(f"#{field.name}", Input).value.strip()

    def _is_typed(self) -> bool:
        wanted = self._ask.must_type
        return not wanted or self.query_one(f"#{TYPED}", Input).value.strip() == wanted

    def _offer(self) -> None:
        self.query_one("#yes").set_class(self._is_typed(), "-ready")

    def _hear(self, activity: Activity | None) -> None:
        """Close when it is done; say why when it is refused."""
        if activity is None or activity.name != self._action.name or not self._is_waiting or activity.is_running:
            return
        self._is_waiting = False
        if activity.phase is Phase.FAILED:
            self._tell(activity.text)
        elif self._action.shows_outcome:
            self.app.switch_screen(OutcomeDialog(self._action))
        else:
            self.dismiss()

    def _tell(self, text: str) -> None:
        error = self.query_one(".error", Static)
        error.update(text)
        error.add_class("-shown")


def _composed(field: Field) -> ComposeResult:
    if field.is_long:
        from textual.widgets import TextArea  # noqa: PLC0415 - 0.7 MB that only those who send have to have

        yield TextArea(field.value, id=field.name)
        return
    with Horizontal(classes="field"):
        yield Label(field.label)
        yield Input(field.value, id=field.name, placeholder=field.hint, compact=True)
