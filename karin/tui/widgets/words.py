"""A text that is told again and again, and seldom differs."""

from rich.text import Text
from textual.widgets import Static


class Words(Static):
    """Drawn again only when it differs."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name of it
        super().__init__(id=id, markup=False)
        self._text = Text()

    def write(self, text: str | Text) -> None:
        """Show a text."""
        after = Text(text) if isinstance(text, str) else text
        if self._text != after:
            self._text = after
            self.update(after)
