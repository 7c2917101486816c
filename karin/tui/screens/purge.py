"""The dialog before a purge: the name must be typed, and the key that comes first to hand cancels."""

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from karin.operations.wording import counted
from karin.store.queues import QueueState
from karin.tui.messages import PurgeWanted
from karin.tui.screens.dialog import Dialog


class Choice(Button):
    """A button that leaves typing to the field of its dialog."""

    def _forward_event(self, event: events.Event) -> None:
        """Hand a letter on at once.

        This is where keys arrive one after the other. Were a letter handed on later, by a handler, those typed after
        it would overtake it: fast typing or a paste would come out in part.
        """
        if isinstance(event, events.Key) and event.is_printable and event.key != "space":
            field = self.screen.query_one(Input)
            self.screen.set_focus(field)
            field.post_message(event)
        else:
            super()._forward_event(event)


class PurgeDialog(Dialog):
    """Posts PurgeWanted when the person means it."""

    AUTO_FOCUS = "#cancel"  # enter, pressed too soon, does no harm
    DEFAULT_CSS = """
    PurgeDialog #delete { color: $text-muted !important; }
    PurgeDialog #delete.-named { color: $error !important; }
    """

    def __init__(self, state: QueueState) -> None:
        super().__init__()
        self._state = state

    def compose(self) -> ComposeResult:
        """Say what would be lost."""
        name = self._state.queue.name
        messages = counted(self._state.ready + self._state.delayed + self._state.leased, "message")
        with Vertical(classes="frame") as frame:
            frame.border_title = f"Purge {name}"
            yield Static(
                f"This deletes {messages} for good: {self._state.ready} ready, {self._state.delayed} delayed,"
                f" {self._state.leased} in flight. Type the queue's name to go on.",
                classes="line",
                markup=False,
            )
            yield Input(placeholder=name, select_on_focus=False, classes="line")
            yield Static("That is not the queue's name: nothing was deleted.", classes="error")
            with Horizontal(classes="buttons"):
                yield Choice("Cancel", id="cancel", compact=True)
                yield Choice("Delete messages", id="delete", compact=True)

    def on_input_changed(self) -> None:
        """Offer the deed when the name is right."""
        self.query_one("#delete").set_class(self._is_named, "-named")
        self.query_one(".error").remove_class("-shown")

    def on_input_submitted(self) -> None:
        """Do it when the name is right."""
        self._purge()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do it or leave it."""
        if event.button.id == "delete":
            self._purge()
        else:
            self.dismiss()

    @property
    def _is_named(self) -> bool:
        return self.query_one(Input).value.strip() == self._state.queue.name

    def _purge(self) -> None:
        if self._is_named:
            self.app.post_message(PurgeWanted(self._state.queue))
            self.dismiss()
        else:
            self.query_one(".error").add_class("-shown")
            self.query_one(Input).focus()
