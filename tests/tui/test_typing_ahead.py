"""Quick fingers and slow lines: keys that come all at once do what they would do one after the other."""

import sys
from pathlib import Path

from textual.events import Key, Paste
from textual.widgets import Input, TextArea

from karin.clock import SystemClock
from karin.operations import queues
from karin.operations.context import Context
from karin.settings import Settings
from karin.store.store import Store
from karin.tui.screens.help import HelpDialog
from karin.tui.screens.main import MainScreen
from tests.processes import bare_environ, running_store
from tests.tui import scenes
from tests.tui.fakes import Desk, until
from tests.tui.line import line

ESCAPE = "\x1b"
PROGRAM = str(Path(sys.executable).with_name("karin-tui"))


def types(desk: Desk, *keys: str) -> None:
    """Press keys without a pause."""
    for key in keys:
        desk.app.post_message(Key(key, key if len(key) == 1 else None))


def text_of(desk: Desk) -> str:
    """Return what stands in the first field of a dialog, empty when there is none."""
    return "".join(area.text for area in desk.app.screen.query(TextArea))


async def test_what_is_typed_behind_the_key_of_a_dialog_stands_in_its_field() -> None:
    desk = Desk()
    async with desk.app.run_test():
        await desk.reads(scenes.BUSY)
        types(desk, "n", *"pqs")
        desk.app.post_message(Paste("pasted"))
        types(desk, "1")
        await until(lambda: text_of(desk) == "pqspasted1", "all of it is there", lambda: text_of(desk))
        types(desk, "escape", "question_mark", "escape", "p", *"orders")
        await until(
            lambda: "".join(field.value for field in desk.app.screen.query(Input)) == "orders",
            "three dialogs later the name is typed",
            desk.screen,
        )
        assert desk.worker.wanted == []


async def test_keys_go_on_after_one_that_ended_what_it_was_on_its_way_through() -> None:
    desk = Desk()
    async with desk.app.run_test() as pilot:
        await desk.reads(scenes.BUSY)
        await pilot.press("n")
        await desk.app.screen.query_one(TextArea).remove()
        types(desk, "x", "escape")
        await until(lambda: isinstance(desk.app.screen, MainScreen), "the dialog is closed")
        types(desk, "question_mark")
        await until(lambda: isinstance(desk.app.screen, HelpDialog), "the next key is heard")


def test_an_escape_and_the_key_behind_it_are_two_keys_also_when_they_come_together(home: Path) -> None:
    with running_store(home) as url:
        context = Context.of(Store.open(url, max_connections=1), SystemClock(), Settings(home=home))
        for name in ("mail", "orders"):
            queues.create_queue(context, name, {}, {})
        with line([PROGRAM], bare_environ(KARIN_HOME=str(home), TERM="xterm-256color")) as begun:
            begun.shows("orders")
            for keys, text in (("?", "esc closes"), ("j\r", "› orders")):
                begun.press("n", shows="Delay, such as 90 or 5m")
                begun.press(f"{ESCAPE}{keys}", hides="Delay, such as 90 or 5m", shows=text)
                begun.press(ESCAPE, hides=text)
            begun.press("n", shows="Delay, such as 90 or 5m")
            begun.press(f"{ESCAPE}8", hides="Delay, such as 90 or 5m", shows="HOW IT IS")
            begun.type("q")
            assert begun.exit_code() == 0
