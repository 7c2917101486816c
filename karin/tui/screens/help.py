"""The keys, as the bindings themselves tell them, and what the signs mean."""

from collections.abc import Iterable
from typing import ClassVar

from rich.table import Table as Columns
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Static

from karin.tui.screens.dialog import Dialog
from karin.tui.widgets import mappings, queues

HelpRow = tuple[str, str]


def help_rows(screen: Screen[None]) -> list[HelpRow]:
    """Return keys and what they do, for every binding that works on a screen now."""
    keys: dict[str, list[str]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if active.enabled and binding.action in _own_actions(active.node):
            keys.setdefault(binding.description, []).append(screen.app.get_key_display(binding))
    return [(" ".join(dict.fromkeys(shown)), description) for description, shown in keys.items()]


def _own_actions(node: DOMNode) -> set[str]:
    """Return the actions that karin binds on a node; Textual's own are no news to anybody."""
    ours = (kind for kind in type(node).__mro__ if kind.__module__.startswith("karin."))
    return {binding.action for kind in ours for binding in vars(kind).get("BINDINGS", ())}


class HelpDialog(Dialog):
    """Any of the usual keys closes it."""

    DEFAULT_CSS = """
    HelpDialog Horizontal { height: auto; padding: 1 0; }
    HelpDialog #keys { width: 36; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,question_mark,enter", "close", "close")]

    def __init__(self, rows: list[HelpRow]) -> None:
        super().__init__()
        self._rows = rows

    def compose(self) -> ComposeResult:
        """List them side by side."""
        with VerticalScroll(classes="frame") as frame:
            frame.border_title = "Keys and signs"
            frame.border_subtitle = "esc closes"
            with Horizontal():
                yield Static(_columns((keys, "bold", text) for keys, text in self._rows), id="keys")
                yield Static(_columns((*queues.SIGNS, *mappings.SIGNS)))


def _columns(rows: Iterable[tuple[str, str, str]]) -> Columns:
    grid = Columns.grid(padding=(0, 2))
    for first, style, second in rows:
        grid.add_row(Text(first, f"bold {style}"), Text(second))
    return grid
