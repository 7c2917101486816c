"""What all dialogs share: a frame in the middle, esc closes, and they fit 80x24."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from karin.tui.widgets.away_line import AwayLine


class Dialog(ModalScreen[None]):
    """A frame over the main screen; its content is composed into a container with the class ``frame``."""

    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > .frame {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        padding: 0 2; border: round $primary; border-title-style: bold; background: $surface;
    }
    Dialog .line { height: auto; margin: 1 0 0 0; }
    Dialog .error { height: auto; color: $error; display: none; }
    Dialog .error.-shown { display: block; }
    Dialog .buttons { height: 1; margin: 1 0 0 0; align-horizontal: right; }
    Dialog Button {
        width: auto; min-width: 0; height: 1; padding: 0 2; margin: 0 0 0 2; border: none !important;
        background: transparent !important; color: $foreground !important; text-style: none !important;
    }
    Dialog Button:focus { text-style: reverse !important; }
    Dialog Input.line, Dialog TextArea { border: round $secondary; }
    Dialog Input.line:focus, Dialog TextArea:focus { border: round $success; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "close")]

    def on_mount(self) -> None:
        """Be able to say that the store is away, where it covers the screen that says so."""
        self.mount(AwayLine())

    def action_close(self) -> None:
        """Go back without doing anything."""
        self.dismiss()
