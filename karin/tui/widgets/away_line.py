"""The line that other screens than the main one have on top while a part of karin or the store is away."""

from typing import TYPE_CHECKING, cast

from rich.text import Text
from textual.screen import ModalScreen
from textual.widgets import Static

from karin.tui.views.health import health, troubles

if TYPE_CHECKING:
    from karin.tui.app import KarinApp


class AwayLine(Static):
    """Takes no room while all is well."""

    DEFAULT_CSS = """
    AwayLine {
        dock: top; height: 1; padding: 0 1; display: none; background: $background;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    AwayLine.-shown { display: block; }
    """

    def on_mount(self) -> None:
        """Follow the app."""
        self.watch(self.app, "problem", self._show)
        self.watch(self.app, "world", self._show, init=False)
        self.watch(self.app, "now", self._pass, init=False)

    def render(self) -> Text:
        """Return what is wrong; with a store away the age of what is shown before the reason, which may not fit."""
        karin = cast("KarinApp", self.app)
        sign, style, alive = health(karin.world, karin.problem)
        line = Text(no_wrap=True, overflow="ellipsis")
        # Appended: of a whole text's own style Textual would make a red of its own, which not every terminal has.
        line.append(f"{sign} {alive}", f"bold {style}")
        if karin.problem is None:
            return line
        status = karin.world.status
        line.append(f", read {karin.now.relative(status.now_ms)}" if status else "", f"bold {style}")
        return line.append(f" │ {karin.problem.rstrip('.')}: trying again", style)

    def _show(self) -> None:
        karin = cast("KarinApp", self.app)
        # Around a dialog the screen below is seen, whose own first line says which part is down.
        is_whole = not isinstance(self.screen, ModalScreen)
        self.set_class(karin.problem is not None or (is_whole and bool(troubles(karin.world))), "-shown")
        self.refresh()

    def _pass(self) -> None:
        if self.has_class("-shown"):
            self.refresh()
