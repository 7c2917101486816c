"""Terminals of every size, sizes that change, and how little is drawn while nothing happens."""

import pytest
from rich.cells import cell_len

from karin.tui.views.all import VIEW_NAMES
from tests.tui import scenes
from tests.tui.fakes import SIZES, Desk, drawing, until

NARROW, WIDE = SIZES
EVERY_VIEW = [(str(number),) for number in range(1, len(VIEW_NAMES) + 1)]
DIALOGS = [("question_mark",), ("1", "j", "p"), ("n",), ("1", "j", "enter", "t"), ("2", "z"), ("4", "a"), ("s",)]
DETAILS = [
    ("1", "j", "enter", "g", "enter"),
    ("2", "enter"),
    ("3", "enter"),
    ("4", "enter"),
    ("6", "enter"),
    ("7", "enter"),
]
OF_A_VIEW = 400  # cells that are drawn in a second: the first line, and some times that pass
OF_A_DETAIL = 2_400  # its facts: sixteen lines


async def filled(desk: Desk) -> None:
    """Show a karin of which everything is known."""
    await desk.reads(scenes.BUSY)
    await desk.examines(scenes.FOUND)


def _widest(desk: Desk) -> int:
    return max(map(cell_len, desk.screen().splitlines()))


@pytest.mark.parametrize("size", [(1, 1), (40, 12), (300, 100)], ids=lambda size: "x".join(map(str, size)))
async def test_every_screen_can_be_looked_at_in_a_terminal_of_any_size(size: tuple[int, int]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=size) as pilot:
        await filled(desk)
        for keys in [*EVERY_VIEW, *DIALOGS, *DETAILS]:
            await pilot.press(*keys)
            await pilot.pause()
            lines = desk.screen().splitlines()
            assert len(lines) <= size[1], keys
            assert all(cell_len(line) <= size[0] for line in lines), keys
            await pilot.press("escape", "escape")
        assert desk.app.is_running


@pytest.mark.parametrize("size", [(40, 12), (60, 20)], ids=["40x12", "60x20"])
async def test_a_small_terminal_still_tells_what_matters(size: tuple[int, int]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=size) as pilot:
        await desk.reads(scenes.FAILING)
        await desk.examines(scenes.FOUND)
        for keys, texts in (
            (("1",), ("no scheduler", "Queues", "x  orde")),
            (("2",), ("reports",)),
            (("4",), ("failed",)),
            (("6",), ("CRITICAL",)),
            (("7",), ("none is alive",)),
            (("8",), ("scheduler", "none alive")),
            (("1", "g", "j", "p"), ("for good", "Cancel", "Delete messages")),
        ):
            await pilot.press(*keys)
            for text in texts:
                await desk.shows(text)
        await desk.shows("esc cancels")
        await pilot.press("escape", "n", "tab")
        await desk.shows("Delay, such as 90 or 5m")
        await pilot.press("tab", "tab")
        await desk.shows("Send")


async def test_a_terminal_that_grows_and_shrinks_shows_the_same_again() -> None:
    desk = Desk()
    async with desk.app.run_test(size=WIDE) as pilot:
        await filled(desk)
        for keys in (("1",), ("4",), ("8",), *DIALOGS[:2], *DETAILS[:1]):
            await desk.back_at_a_view(pilot)
            await pilot.press(*keys)
            await pilot.pause()
            before = desk.screen()
            for size in ((60, 20), (40, 12), WIDE):
                await pilot.resize_terminal(*size)
                await until(lambda: _widest(desk) <= desk.app.size.width == size[0], "all of it fits", desk.screen)  # noqa: B023
            await until(lambda: desk.screen() == before, f"after {keys} it looks as before", desk.screen)  # noqa: B023


@pytest.mark.parametrize(
    ("keys", "most_cells"),
    [
        *((keys, OF_A_VIEW) for keys in EVERY_VIEW),
        *((keys, OF_A_VIEW) for keys in DIALOGS[:3]),
        *((keys, OF_A_DETAIL) for keys in DETAILS),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
async def test_a_second_that_passes_draws_little(keys: tuple[str, ...], most_cells: int) -> None:
    desk = Desk()
    async with desk.app.run_test(size=WIDE) as pilot:
        await filled(desk)
        await pilot.press(*keys)
        for _ in range(2):  # the first second may show a time with one digit more
            await pilot.pause()
            with drawing(desk.app) as drawn:
                desk.clock.advance(seconds=1)
                desk.app.tick()
                await until(lambda: drawn, "it is drawn")
                await pilot.pause()
        assert sum(end - begin for _, begin, end in drawn) <= most_cells
