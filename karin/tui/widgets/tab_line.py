"""The line that names the views and where one is, with what the filter leaves."""

from collections.abc import Sequence

from rich.text import Text
from textual import events
from textual.message import Message
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

    class Chosen(Message):
        """A view's name was clicked."""

        def __init__(self, view: str) -> None:
            super().__init__()
            self.view = view

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

    def on_click(self, event: events.Click) -> None:
        """Tell which view's name it was."""
        event.stop()
        offset = event.get_content_offset(self)
        parts, gap = self._fitting()
        right = 0
        for name, part in zip(VIEW_NAMES, parts, strict=True):
            right += part.cell_len + gap
            if offset is not None and offset.x < right:
                self.post_message(self.Chosen(name))
                return

    def render(self) -> Text:
        """Return the line."""
        parts, gap = self._fitting()
        return _joined(parts, gap)

    def _fitting(self) -> tuple[list[Text], int]:
        """Return the views' names and the gap between them; where it is narrow the gap gives way, then the ends."""
        width = self.content_size.width
        shapes = [(LONGEST, 2), *((letters, 1) for letters in range(LONGEST, SHORTEST, -1))]
        lines = ((self._parts(letters), gap) for letters, gap in shapes)
        return next((line for line in lines if _joined(*line).cell_len <= width), (self._parts(SHORTEST), 1))

    def _parts(self, letters: int) -> list[Text]:
        active, path, counted = self._shown
        parts = []
        for number, name in enumerate(VIEW_NAMES, 1):
            is_active = name == active
            title = name.capitalize() if is_active else name.capitalize()[:letters]
            part = Text.assemble((f"{number} ", "dim"), (title, "bold underline" if is_active else "dim"))
            if is_active:
                part.append(cut(path, MOST_OF_PATH), "bold")
                part.append(f" {counted}" if counted else "", "yellow" if "/" in counted else "")
            parts.append(part)
        return parts


def _joined(parts: Sequence[Text], gap: int) -> Text:
    return Text(" " * gap, no_wrap=True, overflow="ellipsis").join(parts)
