"""What was closed is freed: a terminal UI that stays open for weeks is as small as in its first minute."""

import gc
from weakref import WeakSet

import pytest
from rich.cells import cached_cell_len, cell_len
from textual._styles_cache import StylesCache
from textual.widget import Widget

from karin.tui.tidying import MOST_CACHED
from tests.tui.fakes import Desk, until
from tests.tui.worlds import BUSY


@pytest.fixture
def _drawn_when_looked_at() -> None:
    """Have everything drawn and collected as for a person."""


async def test_closed_screens_and_what_was_drawn_of_them_are_freed() -> None:
    desk = Desk()
    async with desk.app.run_test() as pilot:
        await desk.reads(BUSY)
        closed: WeakSet[Widget | StylesCache] = WeakSet()
        shown = 0
        for keys, text in (
            (("n",), "Send to"),
            (("p",), "for good"),
            (("question_mark",), "esc closes"),
            (("2", "enter"), "queue"),
        ):
            await pilot.press(*keys)
            await desk.shows(text)
            for widget in desk.app.screen.walk_children(Widget):
                closed.update({widget, widget._styles_cache})
                shown += 1
            await pilot.press("escape")
        del widget
        assert shown > 20
        gc.disable()  # what is freed is freed by the app
        try:
            await pilot.press("n")
            await desk.shows("Send to")
            await pilot.press("escape")  # with it goes what was still about to end when the one before was closed
            await until(lambda: not closed, "all of it is freed", lambda: str(list(closed)))
        finally:
            gc.enable()


async def test_what_was_shown_once_is_not_remembered_for_good() -> None:
    desk = Desk()
    async with desk.app.run_test():
        for number in range(2 * MOST_CACHED):
            cell_len(f"message {number}")
        assert cached_cell_len.cache_info().currsize > MOST_CACHED
        await until(
            lambda: cached_cell_len.cache_info().currsize <= MOST_CACHED,
            "the widths of texts are forgotten",
            lambda: str(cached_cell_len.cache_info()),
        )
