"""The last line: the keys that do something here and now, as many as there is room for; a click presses one."""

from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.binding import ActiveBinding
from textual.widgets import Static

LAST = "help"  # whatever else there is room for
FIRST = ("enter", "escape")  # whatever else there is room for
GAP = 2  # cells behind each


class Offer(NamedTuple):
    """A key as people write it, what it does, and Textual's name of it."""

    shown: str
    label: str
    key: str

    @property
    def cells(self) -> int:
        """Return how many it takes, the gap behind it included."""
        return cell_len(f"{self.shown} {self.label}") + GAP


class KeyLine(Static):
    """``enter open  n send  p purge  ? help``: made of the bindings of its screen."""

    DEFAULT_CSS = """
    KeyLine { height: 1; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._offered: list[Offer] = []

    def offer(self) -> None:
        """Show the keys that work now; draw again only if they are others."""
        bindings = self.screen.active_bindings.values()
        shown = [active for active in bindings if active.enabled and active.binding.show]
        shown.sort(key=lambda active: active.binding.key not in FIRST)
        offered = [Offer(self._key(active), active.binding.description, active.binding.key) for active in shown]
        if offered != self._offered:
            self._offered = offered
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        event.stop()
        offset = event.get_content_offset(self)
        right = 0
        for offer in self._fitting():
            right += offer.cells
            if offset is not None and offset.x < right:
                self.app.simulate_key(offer.key)
                return

    def render(self) -> Text:
        """Return the line."""
        line = Text(no_wrap=True, overflow="ellipsis")
        for shown, label, _ in self._fitting():
            line.append(shown, "bold")
            line.append(f" {label}{' ' * GAP}", "dim")
        return line

    def _fitting(self) -> list[Offer]:
        """Return what there is room for; what does not fit is found with the help that ends the line."""
        last = [offer for offer in self._offered if offer.label == LAST]
        room = self.content_size.width - sum(offer.cells for offer in last)
        fitting = []
        for offer in self._offered:
            if offer in last:
                continue
            room -= offer.cells
            if room < 0:
                break
            fitting.append(offer)
        return [*fitting, *last]

    def _key(self, active: ActiveBinding) -> str:
        return self.app.get_key_display(active.binding)
