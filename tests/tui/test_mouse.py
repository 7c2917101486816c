"""With the mouse, where it was asked for: rows, titles, views and keys are clicked, and the wheel scrolls."""

from textual import events
from textual.pilot import Pilot

from karin.tui.screens.main import MainScreen
from karin.tui.widgets.grid import WHEEL_ROWS, Grid
from karin.tui.widgets.key_line import KeyLine
from karin.tui.widgets.tab_line import TabLine
from tests.tui.fakes import Desk, until
from tests.tui.worlds import BUSY, queue_state, status_of


def _main(desk: Desk) -> MainScreen:
    screen = desk.app.screen
    assert isinstance(screen, MainScreen)
    return screen


def _column_of(desk: Desk, text: str) -> tuple[int, int]:
    """Return where on the screen a text begins: column and line."""
    for y, line in enumerate(desk.screen().splitlines()):
        if text in line:
            return line.index(text), y
    raise AssertionError(f"{text!r} is not on the screen\n{desk.screen()}")


async def _click(pilot: Pilot[None], desk: Desk, text: str) -> None:
    """Click on the second letter of a text, once all is drawn."""
    await pilot.pause()
    x, y = _column_of(desk, text)
    await pilot.click(offset=(x + 1, y))
    await pilot.pause()


async def test_a_click_moves_the_cursor_and_another_opens_the_row() -> None:
    desk = Desk()
    async with desk.app.run_test() as pilot:
        await desk.reads(BUSY)
        name = _main(desk).grid.rows[1].key
        queue = name.rpartition("/")[2]
        await _click(pilot, desk, queue)
        assert _main(desk).grid.cursor == 1
        assert _main(desk).place.view == "queues"
        await _click(pilot, desk, queue)
        assert _main(desk).place.view == "messages"


async def test_a_double_click_opens_a_row() -> None:
    desk = Desk()
    async with desk.app.run_test() as pilot:
        await desk.reads(BUSY)
        await pilot.pause()
        await pilot.double_click(Grid, offset=(5, 2))
        await until(lambda: _main(desk).place.view == "messages", "it is open", desk.screen)


async def test_a_click_on_a_title_sorts_then_turns_the_order_round_then_sorts_no_more() -> None:
    desk = Desk()
    async with desk.app.run_test() as pilot:
        await desk.reads(status_of(*(queue_state(name, ready=ready) for name, ready in (("a", 2), ("b", 3), ("c", 1)))))
        seen = []
        for _ in range(3):
            await _click(pilot, desk, "READY")
            keys = [row.subject.queue.name for row in _main(desk).grid.rows if row.subject.queue]
            seen.append((keys, next(sign for sign in "▲▼ " if f"READY {sign}" in desk.screen())))
        assert seen == [(["c", "a", "b"], "▲"), (["b", "a", "c"], "▼"), (["a", "b", "c"], " ")]


async def test_a_click_beside_the_rows_does_nothing() -> None:
    desk = Desk()
    async with desk.app.run_test() as pilot:
        await desk.reads(BUSY)
        await pilot.pause()
        before = desk.screen()
        height = _main(desk).grid.size.height
        await pilot.click(Grid, offset=(5, height - 1))
        await pilot.click(Grid, offset=(0, 0))
        await pilot.click(TabLine, offset=(79, 0))
        assert desk.screen() == before


async def test_the_wheel_scrolls_and_the_cursor_stays_in_sight() -> None:
    desk = Desk()
    async with desk.app.run_test() as pilot:
        await desk.reads(status_of(*(queue_state(f"q{number:02}") for number in range(40))))
        await pilot.pause()
        grid = _main(desk).grid
        rows = grid.size.height - 1

        async def turn(kind: type[events.MouseEvent], times: int) -> tuple[float, int]:
            for _ in range(times):
                await pilot._post_mouse_events([kind], Grid, (5, 5), button=0)
            return grid.scroll_offset.y, grid.cursor

        assert await turn(events.MouseScrollDown, 2) == (2 * WHEEL_ROWS, 2 * WHEEL_ROWS)
        assert await turn(events.MouseScrollDown, 40) == (40 - rows, 40 - rows)
        await pilot.press("G")
        assert await turn(events.MouseScrollUp, 1) == (40 - rows - WHEEL_ROWS, 39 - WHEEL_ROWS)
        assert await turn(events.MouseScrollUp, 40) == (0, rows - 1)


async def test_a_click_on_a_view_shows_it_wherever_its_name_stands() -> None:
    for size in ((80, 24), (60, 15), (200, 60)):
        desk = Desk()
        async with desk.app.run_test(size=size) as pilot:
            await desk.reads(BUSY)
            for beginning, name in (("8 Sta", "status"), ("3 Fun", "functions"), ("1 Que", "queues"), ("5 Due", "due")):
                await _click(pilot, desk, beginning)
                assert _main(desk).place.view == name, size


async def test_a_click_on_a_key_presses_it_and_someone_is_there() -> None:
    desk = Desk()
    async with desk.app.run_test() as pilot:
        await desk.reads(BUSY)
        desk.clock.advance(seconds=61)
        await until(lambda: desk.app.is_resting, "nobody is there")
        x, y = _column_of(desk, "? help")
        await pilot.click(offset=(x, y))
        await desk.shows("esc closes")
        assert not desk.app.is_resting
        await pilot.press("escape")
        await pilot.click(KeyLine, offset=(1, 0))
        await until(lambda: _main(desk).place.view == "messages", "enter was pressed", desk.screen)
