"""The line above the footer: what is being done and what came of the last deed."""

from rich.text import Text
from textual.reactive import reactive
from textual.widgets import Static

from karin.tui.activity import Activity, Phase
from karin.tui.times import Now

LASTS_MS = 20_000  # an outcome is news for so long


class Notice(Static):
    """One line, empty when there is no news."""

    DEFAULT_CSS = """
    Notice { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """
    activity: reactive[Activity | None] = reactive(None)
    now: reactive[Now] = reactive(Now(0), repaint=False)
    is_shown: reactive[bool] = reactive(False)

    def __init__(self) -> None:
        super().__init__()
        self._since_ms = 0

    def watch_activity(self) -> None:
        """Show the news."""
        self._since_ms = self.now.ms
        self.is_shown = self.activity is not None

    def watch_now(self) -> None:
        """Let old news go."""
        activity = self.activity
        if activity is None:
            return
        if activity.is_running:
            self.refresh()
        elif self.now.ms - self._since_ms > LASTS_MS:
            self.is_shown = False

    def render(self) -> Text:
        """Return the line."""
        activity = self.activity
        if activity is None or not self.is_shown:
            return Text()
        line = Text(no_wrap=True, overflow="ellipsis")
        match activity.phase:
            case Phase.RUNNING:
                seconds = max(0, self.now.ms - activity.started_at_ms) // 1000
                line.append(f"~ {activity.text}… {seconds}s", "cyan")
            case Phase.DONE:
                line.append(f"+ {activity.text}", "green")
            case Phase.FAILED:
                line.append(f"x {activity.name} failed: {activity.text}", "red")
        return line
