"""What was closed is freed: a terminal UI that stays open for weeks is as small as in its first minute."""

import gc
from weakref import WeakSet

from textual._styles_cache import StylesCache
from textual.widget import Widget

from tests.tui.fakes import Desk, until
from tests.tui.worlds import BUSY


async def test_closed_screens_and_what_was_drawn_of_them_are_freed() -> None:
    desk = Desk()
    async with desk.app.run_test() as pilot:
        await desk.reads(BUSY)
        closed: WeakSet[Widget | StylesCache] = WeakSet()
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
            await pilot.press("escape")
        del widget
        assert len(closed) > 20
        gc.disable()  # what is freed is freed by the app
        try:
            await until(lambda: not closed, "all of it is freed", lambda: str(list(closed)))
        finally:
            gc.enable()
