"""The last line: the keys that do something here and now, as many as there is room for."""

from rich.cells import cell_len
from rich.text import Text
from textual.binding import ActiveBinding
from textual.widgets import Static

LAST = (("?", "help"),)  # whatever else there is room for
FIRST = ("enter", "escape")  # whatever else there is room for


class KeyLine(Static):
    """``enter open  n send  p purge  ? help``: made of the bindings of its screen."""

    DEFAULT_CSS = """
    KeyLine { height: 1; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._offered: list[tuple[str, str]] = []

    def offer(self) -> None:
        """Show the keys that work now; draw again only if they are others."""
        bindings = self.screen.active_bindings.values()
        shown = [active for active in bindings if active.enabled and active.binding.show]
        shown.sort(key=lambda active: active.binding.key not in FIRST)
        offered = [(self._key(active), active.binding.description) for active in shown]
        if offered != self._offered:
            self._offered = offered
            self.refresh()

    def render(self) -> Text:
        """Return the line; what does not fit is found with the help that ends it."""
        last = [pair for pair in LAST if pair in self._offered]
        room = self.content_size.width - sum(cell_len(f"  {key} {label}") for key, label in last)
        fitting = []
        for pair in (pair for pair in self._offered if pair not in last):
            room -= cell_len(f"{pair[0]} {pair[1]}") + 2
            if room < 0:
                break
            fitting.append(pair)
        line = Text(no_wrap=True, overflow="ellipsis")
        for key, label in [*fitting, *last]:
            line.append(key, "bold")
            line.append(f" {label}  ", "dim")
        return line

    def _key(self, active: ActiveBinding) -> str:
        return self.app.get_key_display(active.binding)
