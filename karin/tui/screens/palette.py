"""The palette: Textual's own, which says as well that the store is away, since it covers what else would."""

from textual.app import ComposeResult
from textual.command import CommandPalette

from karin.tui.widgets.away_line import AwayLine


class Palette(CommandPalette):
    """Every view, action and queue by its name."""

    def compose(self) -> ComposeResult:
        """Lay out Textual's own and the line."""
        yield AwayLine()
        yield from super().compose()
