"""The first line: is it alive, where is it, how old is what is shown; and the reason when the store is away.

It says as well what stops the data from being fresh: nobody is there, it was frozen, or commands are short.
"""

from rich.cells import cell_len
from rich.text import Text
from textual.reactive import reactive
from textual.widgets import Static

from karin.budget.levels import Level
from karin.tui.times import Now
from karin.tui.views.fitting import shorten
from karin.tui.views.health import health
from karin.tui.world import World

BAR = " │ "


class StatusLine(Static):
    """One line, two while the store is away."""

    DEFAULT_CSS = """
    StatusLine { height: auto; padding: 0 1; }
    """
    world: reactive[World] = reactive(World())
    problem: reactive[str | None] = reactive(None)
    now: reactive[Now] = reactive(Now(0))
    is_resting: reactive[bool] = reactive(False)
    is_frozen: reactive[bool] = reactive(False)

    def __init__(self, store_title: str, endpoint_url: str) -> None:
        super().__init__()
        self._store_title = store_title
        self._endpoint_url = endpoint_url

    def render(self) -> Text:
        """Return the line, with its middle shortened to fit."""
        sign, style, alive = health(self.world, self.problem)
        age = self._age()
        width = self.content_size.width
        room = width - cell_len(f"{sign} {alive}") - cell_len(BAR) - cell_len(age) - 2
        place = self._place(room)
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{sign} {alive}", f"bold {style}")
        line.append(f"{BAR}{place}", "")
        line.append(" " * max(1, width - line.cell_len - cell_len(age)))
        line.append(age, "red" if self.problem else "dim")
        if self.problem:
            line.append(f"\nx {self.problem.rstrip('.')}: trying again", "red")
        return line

    def _age(self) -> str:
        status = self.world.status
        if status is None:
            return ""
        if self.is_frozen:
            return f"frozen {self.now.relative(status.now_ms)}, space goes on"
        read = f"read {self.now.relative(status.now_ms)}"
        if self.world.outlook and self.world.outlook.level >= Level.TUI:
            return f"{read}, ctrl+r reads (budget)"
        return f"{read}, resting until a key" if self.is_resting else read

    def _place(self, room: int) -> str:
        """Return where karin is, as fully as there is room."""
        endpoint, store = self._endpoint_url, self._store_title
        bare = endpoint.partition("://")[2]
        for text in (f"endpoint {endpoint}{BAR}store {store}", f"{endpoint}{BAR}store {store}", f"{bare}{BAR}{store}"):
            if cell_len(text) <= room:
                return text
        left = max(0, room - cell_len(bare) - cell_len(BAR))
        return f"{bare}{BAR}{shorten(store, left)}" if left >= len("embedded") else shorten(bare, room)

    def watch_problem(self) -> None:
        """Make room for the reason."""
        self.refresh(layout=True)
