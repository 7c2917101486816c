"""Colours: every theme says the same, the usual ones have the terminal's own 16, and without any all is still told."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from rich.color import ColorType
from rich.segment import Segment

from karin.clock import SystemClock
from karin.operations import queues
from karin.operations.context import Context
from karin.settings import Settings
from karin.store.store import Store
from tests.processes import bare_environ, running_store
from tests.tui import scenes
from tests.tui.fakes import SIZES, Desk
from tests.tui.line import Line, line
from tests.tui.pictures import lines_of

PROGRAM = str(Path(sys.executable).with_name("karin-tui"))
ESCAPE = "\x1b"
SGR = re.compile(rb"\x1b\[([\d;:]*)m")
SIXTEEN = {*range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108)}
DEFAULTS = {39, 49}
EXTENDED = {38, 48}  # followed by a colour out of 256, or by red, green and blue
IDLE_BYTES_A_SECOND = 600  # the first line of 160 cells, and what sets its colours


def segments(desk: Desk) -> Iterator[Segment]:
    """Yield everything that is on the screen, below dialogs as well."""
    for shown in lines_of(desk.app):
        yield from shown


async def test_every_theme_shows_the_same_words() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(scenes.FAILING)
        await pilot.press("1", "j", "p", "o")
        await desk.shows("This deletes")
        words = "".join(segment.text for segment in segments(desk))
        for theme in desk.app.available_themes:
            desk.app.theme = theme
            await pilot.pause()
            assert "".join(segment.text for segment in segments(desk)) == words, theme


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
async def test_the_usual_themes_use_the_terminals_own_colours(theme: str) -> None:
    desk = Desk()
    desk.app.theme = theme
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(scenes.FAILING)
        for keys in (
            ("8",),
            ("1", "j", "p", "o"),
            ("1", "n", "o"),
            ("question_mark",),
            ("colon",),
            ("4", "enter"),
            ("s",),
        ):
            await desk.back_at_a_view(pilot)
            await pilot.press(*keys)
            await pilot.pause()
            kinds = {
                colour.type
                for segment in segments(desk)
                for colour in (segment.style and segment.style.color, segment.style and segment.style.bgcolor)
                if colour
            }
            assert kinds <= {ColorType.DEFAULT, ColorType.STANDARD}, keys


async def test_without_colours_signs_and_the_cursor_still_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(scenes.FAILING)
        await pilot.press("1", "j")
        await pilot.pause()
        shown = list(segments(desk))
        styles = [segment.style for segment in shown if segment.style]
        assert all(not colour or colour.is_default for style in styles for colour in (style.color, style.bgcolor))
        reversed_text = "".join(segment.text for segment in shown if segment.style and segment.style.reverse)
        assert reversed_text.split()[:2] == ["!", "orders"]
        await desk.shows("x  orders-dead")
        await pilot.press("p")
        await desk.shows("Cancel")
        focused = [segment.text for segment in segments(desk) if segment.style and segment.style.reverse]
        assert "Cancel" in "".join(focused)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Return the home of a karin with a store and one queue, whose path is short enough for sockets."""
    with TemporaryDirectory(prefix="karin-", dir="/tmp") as folder, running_store(Path(folder)) as url:
        context = Context.of(Store.open(url, max_connections=1), SystemClock(), Settings(home=Path(folder)))
        queues.create_queue(context, "orders", {}, {})
        yield Path(folder)


def walked(begun: Line) -> bytes:
    """Look at what there is, leave, and return all that was written."""
    begun.shows("orders")
    begun.press("2", shows="nothing was synced")
    begun.press("8", shows="HOW IT IS")
    begun.press("1", shows="READY")
    for key, text in (("?", "esc closes"), ("n", "Delay, such as 90 or 5m"), (":", "Change theme")):
        begun.press(key, shows=text)
        begun.press(ESCAPE, hides=text)
    begun.type("q")
    assert begun.exit_code() == 0
    return begun.written


def codes(written: bytes) -> set[int]:
    """Return the codes of all colours and attributes that were asked for."""
    found = b";".join(SGR.findall(written)).replace(b":", b";").split(b";")
    return {int(code) for code in found if code}


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        ((), {"TERM": "xterm-256color"}),
        (("--theme", "ansi-light"), {"TERM": "xterm-256color", "COLORTERM": "truecolor"}),
        (("--theme", "nord"), {"TERM": "xterm"}),
    ],
    ids=["usual", "light, in a terminal of 16 million", "any theme, in a terminal of 16"],
)
def test_a_terminal_is_asked_for_its_16_colours_only(
    home: Path, arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    with line([PROGRAM, *arguments], bare_environ(KARIN_HOME=str(home), **variables)) as begun:
        used = codes(walked(begun))
    assert not used & EXTENDED
    assert used & SIXTEEN


def test_no_color_is_heeded(home: Path) -> None:
    environ = bare_environ(KARIN_HOME=str(home), TERM="xterm-256color", NO_COLOR="1")
    with line([PROGRAM], environ) as begun:
        used = codes(walked(begun))
    assert not used & (EXTENDED | SIXTEEN)
    assert {1, 7} <= used, "what is bold and what is under the cursor is told without colours"


def test_a_terminal_that_knows_nothing_gets_plain_lines(home: Path) -> None:
    with line([PROGRAM], bare_environ(KARIN_HOME=str(home), TERM="dumb")) as begun:
        begun.shows("queues> ")
        begun.type("8\r")
        begun.shows("status> ")
        begun.type("q\r")
        assert begun.exit_code() == 0
        assert b"\x1b" not in begun.written


def test_while_nothing_happens_hardly_a_byte_is_written(home: Path) -> None:
    environ = bare_environ(KARIN_HOME=str(home), TERM="xterm-256color")
    with line([PROGRAM], environ, columns=160, lines=48) as begun:
        begun.shows("orders")
        begun.shows("read 2s ago")
        before = len(begun.written)
        begun.shows("read 5s ago", before)
        written = begun.written[before:]
        assert len(written) < 3 * IDLE_BYTES_A_SECOND, written
        begun.type("q")
        assert begun.exit_code() == 0
