"""A text and nothing else, to be selected with the terminal's own means where it refuses to be copied to."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from karin.tui.views.text import printable
from karin.tui.widgets.away_line import AwayLine


class RawScreen(Screen[None]):
    """Without frame and margin: what is selected is the text, but for what would command a terminal."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,Y,enter", "close", "close")]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """Show it."""
        yield AwayLine()
        with VerticalScroll():
            yield Static(Text(printable(self._text)))

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()
