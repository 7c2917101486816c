"""The line that names the views and where one is, with what the filter leaves."""

from collections.abc import Sequence

from rich.text import Text
from textual.widgets import Static

from karin.tui.views.all import VIEW_NAMES
from karin.tui.views.fitting import cut
from karin.tui.views.listing import Place
from karin.tui.world import World

SHORTEST = 3  # letters of a view's name where there is no room for all
LONGEST = max(map(len, VIEW_NAMES))
MOST_OF_PATH = 30  # cells


class TabLine(Static):
    """``1 Queues  2 Mappings``; behind a queue's messages, the queue."""

    DEFAULT_CSS = """
    TabLine { height: 1; padding: 0 1; margin: 1 0 0 0; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[str, str, str] = ("", "", "")

    def show(self, places: Sequence[Place], world: World, filter_text: str, matched: int, total: int) -> None:
        """Show where one is and what is counted there; draw again only if that differs."""
        del world
        path = "".join(f" › {place.queue.name}" for place in places if place.queue)
        counted = f"/{filter_text}  {matched} of {total}" if filter_text else str(total) if total else ""
        shown = (places[0].view, path, counted)
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    def render(self) -> Text:
        """Return the line; where it is narrow the gaps give way, then the ends of names."""
        width = self.content_size.width
        shapes = [(LONGEST, 2), *((letters, 1) for letters in range(LONGEST, SHORTEST, -1))]
        lines = (self._line(letters, gap) for letters, gap in shapes)
        return next((line for line in lines if line.cell_len <= width), self._line(SHORTEST, 1))

    def _line(self, letters: int, gap: int) -> Text:
        active, path, counted = self._shown
        line = Text(no_wrap=True, overflow="ellipsis")
        for number, name in enumerate(VIEW_NAMES, 1):
            is_active = name == active
            title = name.capitalize() if is_active else name.capitalize()[:letters]
            line.append(f"{number} ", "dim")
            line.append(title, "bold underline" if is_active else "dim")
            if is_active:
                line.append(cut(path, MOST_OF_PATH), "bold")
                line.append(f" {counted}" if counted else "", "yellow" if "/" in counted else "")
            line.append(" " * gap)
        line.rstrip()
        return line
