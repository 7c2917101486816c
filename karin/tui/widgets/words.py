"""A text of which little changes from one second to the next."""

import re

from rich.text import Text
from textual.widgets import Static

_DIGITS = re.compile(r"\d")


class Words(Static):
    """Drawn again only when it differs; while only digits do, without a layout, which draws the whole screen."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name of it
        super().__init__(id=id, markup=False)
        self._text = Text()

    def write(self, text: str | Text) -> None:
        """Show a text."""
        after = Text(text) if isinstance(text, str) else text
        before, self._text = self._text, after
        if before != after:
            self.update(after, layout=_DIGITS.sub("0", before.plain) != _DIGITS.sub("0", after.plain))
