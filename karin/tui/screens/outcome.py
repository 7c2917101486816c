"""The dialog of an action with more to tell than one line: how long it has been at it, then what it came to."""

from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from karin.tui.actions.action import Action
from karin.tui.activity import Activity, Phase
from karin.tui.screens.dialog import Dialog
from karin.tui.times import Now

if TYPE_CHECKING:
    from karin.tui.app import KarinApp

STYLES = {
    "new": "green",
    "changed": "yellow",
    "gone": "red",
    "new queue": "green",
    "changed queue": "yellow",
    "warning": "yellow",
    "error": "red",
}


class OutcomeDialog(Dialog):
    """Shows the app's activity while it is of one action; closing it stops nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,q", "close", "close")]

    def __init__(self, action: Action) -> None:
        super().__init__()
        self._action = action
        self._activity: Activity | None = None

    def compose(self) -> ComposeResult:
        """Lay out the one text."""
        with VerticalScroll(classes="frame") as frame:
            frame.border_title = self._action.label.capitalize()
            frame.border_subtitle = "esc closes"
            yield Static(classes="line")

    def on_mount(self) -> None:
        """Show how far it is, now and later."""
        self._pass(cast("KarinApp", self.app).now)
        self.watch(self.app, "activity", self._hear)
        self.watch(self.app, "now", self._pass)

    def _hear(self, activity: Activity | None) -> None:
        if activity and activity.name == self._action.name:
            self._activity = activity
            self._pass(cast("KarinApp", self.app).now)

    def _pass(self, now: Now) -> None:
        text = f"~ {self._action.label}…" if self._activity is None else outcome_text(self._activity, now.ms)
        self.query_one(".line", Static).update(text)


def outcome_text(activity: Activity, now_ms: int) -> Text:
    """Return an activity whole."""
    if activity.phase is Phase.RUNNING:
        return _styled(f"~ {activity.text}… {max(0, now_ms - activity.started_at_ms) // 1000}s", "cyan")
    if activity.phase is Phase.FAILED:
        return _styled(f"x {activity.text}\n\nNothing was changed.", "red")
    text = _styled(f"+ {activity.text}", "green")
    for line in activity.lines:
        text.append(f"\n  {line}", STYLES.get(line.partition(":")[0], ""))
    return text


def _styled(text: str, style: str) -> Text:
    """Return a text in one of the terminal's colours: the style of a whole Text, Textual reads as a colour of CSS."""
    return Text().append(text, style)
