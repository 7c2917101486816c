"""The dialog that sends a message by hand. It stays open until the message is stored, so that no text is lost."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Label, Static, TextArea

from karin.sqs.sending import Send
from karin.store.queues import QueueState
from karin.tui.activity import Activity, Phase
from karin.tui.messages import SendWanted
from karin.tui.screens.dialog import Dialog


class SendDialog(Dialog):
    """Posts SendWanted; the app's ``change`` tells what came of that."""

    DEFAULT_CSS = """
    SendDialog TextArea { height: 8; margin: 1 0 0 0; }
    SendDialog .delay { height: 1; margin: 1 0 0 0; }
    SendDialog .delay Label { width: auto; padding: 0 1 0 0; }
    SendDialog .delay Input { width: 12; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "send", "send")]

    def __init__(self, state: QueueState) -> None:
        super().__init__()
        self._state = state
        self._is_sending = False

    def compose(self) -> ComposeResult:
        """Ask for the body and the delay."""
        with Vertical(classes="frame") as frame:
            frame.border_title = f"Send to {self._state.queue.name}"
            frame.border_subtitle = "ctrl+s sends, tab moves, esc cancels"
            yield TextArea(id="body")
            with Horizontal(classes="delay"):
                yield Label("Delay in seconds")
                yield Input(
                    id="delay",
                    placeholder=self._state.attributes.get("DelaySeconds", "0"),
                    type="integer",
                    max_length=8,
                    compact=True,
                )
            yield Static(classes="error line", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Send", id="send", compact=True)

    def on_mount(self) -> None:
        """Begin with the body."""
        self.query_one(TextArea).focus()
        self.watch(self.app, "change", self._hear, init=False)

    def on_input_submitted(self) -> None:
        """Send from the last field."""
        self.action_send()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Send or leave."""
        if event.button.id == "send":
            self.action_send()
        else:
            self.dismiss()

    def action_send(self) -> None:
        """Post the intent once."""
        delay = self.query_one("#delay", Input).value.strip()
        try:
            delay_seconds = int(delay) if delay else None
        except ValueError:  # such as a lone minus sign
            self._tell(f"{delay!r} is not a number of seconds")
            return
        if not self._is_sending:
            self._is_sending = True
            self.app.post_message(SendWanted(self._state.queue, Send(self.query_one(TextArea).text, delay_seconds)))

    def _hear(self, change: Activity | None) -> None:
        """Close when it is stored; say why when it is refused."""
        if change is None or change.is_running or not self._is_sending:
            return
        self._is_sending = False
        if change.phase is Phase.DONE:
            self.dismiss()
        else:
            self._tell(change.text)

    def _tell(self, text: str) -> None:
        error = self.query_one(".error", Static)
        error.update(text)
        error.add_class("-shown")
