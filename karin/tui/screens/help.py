"""The keys, as the bindings themselves tell them, and what the signs mean."""

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, NamedTuple

from rich.table import Table as Columns
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from karin.tui.screens.dialog import Dialog
from karin.tui.views.listing import Sign

UNSAID = (
    *("move", "move_to_end", "move_page", "scroll", "page", "end", "open", "back", "close"),
    *("app.quit", "quit", "suspend_process", "command_palette"),
)
"""What nobody looks for in the palette: it has a key at hand, or a line of its own."""


class HelpRow(NamedTuple):
    """What some keys do."""

    keys: str
    explanation: str


class Command(NamedTuple):
    """Something the palette offers by its name; ``run`` does it."""

    name: str
    explanation: str
    run: Callable[[], object]


def help_rows(screen: Screen[None]) -> list[HelpRow]:
    """Return what every key does that works on a screen now, those that do alike together."""
    keys: dict[str, dict[str, None]] = {}
    for active in _own_bindings(screen):
        keys.setdefault(_explanation(active), {})[screen.app.get_key_display(active.binding)] = None
    return [HelpRow(" ".join(shown), explanation) for explanation, shown in keys.items()]


def binding_commands(screen: Screen[None]) -> list[Command]:
    """Return what the keys of a screen do, for who knows a name and not the key."""
    found = {}
    for active in _own_bindings(screen):
        if active.binding.action.partition("(")[0] not in UNSAID:
            found[active.binding.action] = _command(screen, active)
    return list(found.values())


def _command(screen: Screen[None], active: ActiveBinding) -> Command:
    async def run() -> None:
        await screen.app.run_action(active.binding.action, default_namespace=active.node)

    keys = screen.app.get_key_display(active.binding)
    return Command(active.binding.description, f"{_explanation(active)} ({keys})", run)


def _explanation(active: ActiveBinding) -> str:
    return active.binding.tooltip or active.binding.description


def _own_bindings(screen: Screen[None]) -> Iterator[ActiveBinding]:
    """Yield the bindings that karin made and that do something now, those of what has the focus last.

    Textual's own are no news to anybody.
    """
    for active in sorted(screen.active_bindings.values(), key=lambda one: one.node is not screen):
        ours = (kind for kind in type(active.node).__mro__ if kind.__module__.startswith("karin."))
        actions = {binding.action for kind in ours for binding in vars(kind).get("BINDINGS", ())}
        if active.enabled and active.binding.action in actions:
            yield active


class HelpDialog(Dialog):
    """Any of the usual keys closes it; j and k scroll."""

    DEFAULT_CSS = """
    HelpDialog Static { height: auto; padding: 1 0 0 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,question_mark,enter", "close", "close"),
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
    ]

    def __init__(self, rows: list[HelpRow], signs: tuple[Sign, ...]) -> None:
        super().__init__()
        self._rows = rows
        self._signs = signs

    def compose(self) -> ComposeResult:
        """List the signs first: they are what one sees all the time."""
        with VerticalScroll(classes="frame") as frame:
            frame.border_title = "Signs and keys"
            frame.border_subtitle = "j k scroll, esc closes"
            if self._signs:
                yield Static(_columns((sign.character, sign.style, sign.meaning) for sign in self._signs))
            yield Static(_columns((row.keys, "", row.explanation) for row in self._rows))

    def action_scroll(self, lines: int) -> None:
        """Scroll."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def _columns(rows: Iterable[tuple[str, str, str]]) -> Columns:
    grid = Columns.grid(padding=(0, 2))
    for first, style, second in rows:
        grid.add_row(Text(first, f"bold {style}"), Text(second))
    return grid
