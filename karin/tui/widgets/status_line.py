"""The first line: is it alive, where is it, how old is what is shown; and the reason when the store is away."""

from rich.cells import cell_len
from rich.text import Text
from textual.reactive import reactive
from textual.widgets import Static

from karin.operations import wording
from karin.operations.status import Status
from karin.tui.widgets.grid import shorten

BAR = " │ "


class StatusLine(Static):
    """One line, two while the store is away."""

    DEFAULT_CSS = """
    StatusLine { height: auto; padding: 0 1; }
    """
    status: reactive[Status | None] = reactive(None)
    problem: reactive[str | None] = reactive(None)
    now_ms: reactive[int] = reactive(0)

    def __init__(self, store_title: str, endpoint_url: str) -> None:
        super().__init__()
        self._store_title = store_title
        self._endpoint_url = endpoint_url

    def render(self) -> Text:
        """Return the line, with its middle shortened to fit."""
        sign, style, alive = self._alive()
        age = "" if self.status is None else f"read {wording.relative(self.status.now_ms, self.now_ms)}"
        width = self.content_size.width
        room = width - cell_len(f"{sign} {alive}") - cell_len(BAR) - cell_len(age) - 2
        place = self._place(room)
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{sign} {alive}", f"bold {style}")
        line.append(f"{BAR}{place}", "")
        line.append(" " * max(1, width - line.cell_len - cell_len(age)))
        line.append(age, "red" if self.problem else "dim")
        if self.problem:
            line.append(f"\nx {self.problem}: trying again", "red")
        return line

    def _place(self, room: int) -> str:
        """Return where karin is, as fully as there is room."""
        endpoint, store = self._endpoint_url, self._store_title
        bare = endpoint.partition("://")[2]
        for text in (f"endpoint {endpoint}{BAR}store {store}", f"{endpoint}{BAR}store {store}", f"{bare}{BAR}{store}"):
            if cell_len(text) <= room:
                return text
        left = max(0, room - cell_len(bare) - cell_len(BAR))
        return f"{bare}{BAR}{shorten(store, left)}" if left >= len("embedded") else shorten(bare, room)

    def _alive(self) -> tuple[str, str, str]:
        if self.problem:
            return "x", "red", "store away"
        if self.status is None:
            return "?", "dim", "connecting"
        count = self.status.schedulers_alive
        if count == 0:
            return "!", "red", "no scheduler"
        return "+", "green", "scheduler alive" if count == 1 else f"{count} schedulers alive"

    def watch_problem(self) -> None:
        """Make room for the reason."""
        self.refresh(layout=True)
