"""The line that names the tables, with how much each holds and what the filter leaves."""

from rich.text import Text
from textual.reactive import reactive
from textual.widgets import Static

from karin.operations.status import Status


class TabLine(Static):
    """``1 Queues 3   2 Mappings 2``."""

    DEFAULT_CSS = """
    TabLine { height: 1; padding: 0 1; margin: 1 0 0 0; }
    """
    status: reactive[Status | None] = reactive(None)
    filter_text: reactive[str] = reactive("")
    active: reactive[str] = reactive("queues")
    matched: reactive[int] = reactive(0)

    def render(self) -> Text:
        """Return the line."""
        queues = len(self.status.queues) if self.status else 0
        mappings = len(self.status.snapshot.mappings) if self.status and self.status.snapshot else 0
        line = Text(no_wrap=True, overflow="ellipsis")
        for key, name, title, count in (("1", "queues", "Queues", queues), ("2", "mappings", "Mappings", mappings)):
            is_active = name == self.active
            line.append(f" {key} ", "dim")
            line.append(f"{title} {count}", "bold underline" if is_active else "dim")
            line.append("  ")
        if self.filter_text:
            total = queues if self.active == "queues" else mappings
            line.append(f"   /{self.filter_text}  {self.matched} of {total}", "yellow")
        return line
