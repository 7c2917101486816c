"""The dialog of a sync: how long it has been reading, then what changed or why it failed."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from karin.tui.activity import Activity, Phase
from karin.tui.screens.dialog import Dialog

STYLES = {
    "new": "green",
    "changed": "yellow",
    "gone": "red",
    "new queue": "green",
    "changed queue": "yellow",
    "warning": "yellow",
}


class SyncDialog(Dialog):
    """Shows the sync of the app; closing it does not stop the sync."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,q", "close", "close")]

    def __init__(self) -> None:
        super().__init__()
        self._sync: Activity | None = None

    def compose(self) -> ComposeResult:
        """Lay out the one text."""
        with VerticalScroll(classes="frame") as frame:
            frame.border_title = "Sync mappings"
            frame.border_subtitle = "esc closes"
            yield Static(classes="line")

    def on_mount(self) -> None:
        """Show how far it is, now and later."""
        self.watch(self.app, "sync", self._show)
        self.watch(self.app, "now_ms", self._pass)

    def _show(self, sync: Activity | None) -> None:
        self._sync = sync
        self._pass(sync.started_at_ms if sync else 0)

    def _pass(self, now_ms: int) -> None:
        if self._sync:
            self.query_one(".line", Static).update(_text(self._sync, now_ms))


def _text(sync: Activity, now_ms: int) -> Text:
    if sync.phase is Phase.RUNNING:
        return Text(f"~ {sync.text}… {max(0, now_ms - sync.started_at_ms) // 1000}s", "cyan")
    if sync.phase is Phase.FAILED:
        return Text(f"x {sync.text}\n\nThe mappings stay as they were.", "red")
    text = Text(f"+ {sync.text}", "green")
    for line in sync.lines:
        text.append(f"\n  {line}", STYLES.get(line.partition(":")[0], ""))
    return text
