"""Where the filter is typed; it works with every key."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Label

from karin.tui.messages import FilterChanged, FilterClosed


class FilterBar(Horizontal):
    """Hidden until it is opened."""

    DEFAULT_CSS = """
    FilterBar { height: 1; padding: 0 1; display: none; }
    FilterBar.-open { display: block; }
    FilterBar Label { width: auto; color: $text-warning; }
    FilterBar Input { width: 1fr; border: none; height: 1; padding: 0; background: transparent; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "clear the filter"),
        Binding("enter", "keep", "keep it", key_display="enter", priority=True),
        Binding("down", "keep", show=False, priority=True),
    ]

    def compose(self) -> ComposeResult:
        """Lay out the sign and the field."""
        yield Label("/")
        yield Input(compact=True)

    def open(self, text: str) -> None:
        """Begin to type, after what the filter is now."""
        self.add_class("-open")
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = text
        field.focus()

    def action_clear(self) -> None:
        """Show everything again."""
        self.query_one(Input).value = ""
        self.post_message(FilterChanged(""))
        self.action_keep()

    def action_keep(self) -> None:
        """Go back to the table; the filter stands."""
        self.remove_class("-open")
        self.post_message(FilterClosed())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter with what is typed so far."""
        event.stop()
        self.post_message(FilterChanged(event.value))
