"""The table: columns that fit and stand straight whatever is in them, a cursor that stays, and few bytes."""

import time
from itertools import pairwise

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from karin.tui.app import KarinApp
from karin.tui.views.listing import Cell, Column, Row
from karin.tui.widgets.grid import Grid
from tests.tui.fakes import Desk, Span, drawing, until
from tests.tui.worlds import HOSTILE, queue_state, status_of

COLUMNS = (
    Column(" "),
    Column("NAME", is_flexible=True),
    Column("COUNT", is_number=True),
    Column("SINCE", from_width=70),
    Column("WHY", is_flexible=True, is_sentence=True),
)
LONG = "주문-확인-" * 30


def row(key: str, count: int = 0, *, name: str = "", why: str = "-") -> Row:
    """Return a row."""
    texts = ("!", name or key, str(count), "4m", why)
    return Row(key, tuple(Cell(text, "yellow" if text == "!" else "") for text in texts))


class Table(App[None]):
    """A grid and nothing else."""

    CSS = KarinApp.CSS

    def compose(self) -> ComposeResult:
        yield Grid()

    @property
    def grid(self) -> Grid:
        return self.query_one(Grid)

    def lines(self) -> list[str]:
        return [strip.text for strip in self.screen._compositor.render_strips()]


async def filled(pilot: Pilot[None], *rows: Row) -> Table:
    """Return the app with a grid that shows rows."""
    app = pilot.app
    assert isinstance(app, Table)
    app.grid.shape(COLUMNS)
    app.grid.show(rows)
    app.grid.focus()
    await pilot.pause()
    return app


def beside_the_scrollbar(drawn: list[Span]) -> list[Span]:
    """Return what is drawn of rows 80 cells wide."""
    return [span for span in drawn if span[1] < 79]


def places(line: str, *texts: str) -> list[int]:
    """Return in which cells of a line texts begin."""
    return [cell_len(line[: line.index(text)]) for text in texts]


@pytest.mark.parametrize("width", [40, 60, 80, 160])
async def test_columns_stand_straight_whatever_is_in_them(width: int) -> None:
    rows = [row(kind, 7, name=name, why=line) for kind, (name, line) in HOSTILE.items() if name == line]
    rows += [row("long", 12_345, name=LONG, why=LONG), row("short", 1, name="a", why="because")]
    async with Table().run_test(size=(width, 20)) as pilot:
        app = await filled(pilot, *rows)
        head, *lines = app.lines()
        assert all(cell_len(line) == width for line in [head, *lines])
        ends = {cell_len(line[: line.index(" 7 ") + 2]) for line in lines if " 7 " in line}
        assert ends == {cell_len(head[: head.index("COUNT") + len("COUNT")])}
        assert places(lines[len(rows) - 1], "because") == places(head, "WHY")
        assert ("SINCE" in head) is (width >= 70)


@pytest.mark.parametrize("count", [3, 300])
async def test_a_text_that_is_cut_says_so_beside_the_scrollbar(count: int) -> None:
    async with Table().run_test(size=(80, 20)) as pilot:
        app = await filled(pilot, *(row(str(number), why="because " * 20) for number in range(count)))
        assert all(line[:-1].endswith("…") for line in app.lines()[1 : count + 1])


@pytest.mark.parametrize("width", [8, 20, 30])
async def test_a_terminal_that_is_too_narrow_for_all_columns_shows_the_first_ones(width: int) -> None:
    async with Table().run_test(size=(width, 5)) as pilot:
        app = await filled(pilot, row("a", 12_345, name=LONG, why=LONG))
        assert all(cell_len(line) == width for line in app.lines())
        assert app.lines()[1].startswith(" !")


async def test_a_resize_chooses_the_columns_anew() -> None:
    async with Table().run_test(size=(160, 20)) as pilot:
        app = await filled(pilot, row("a", why=LONG))
        assert "SINCE" in app.lines()[0]
        await pilot.resize_terminal(60, 20)
        await until(lambda: "SINCE" not in app.lines()[0], "the column is gone")
        assert cell_len(app.lines()[1]) == 60
        await pilot.resize_terminal(160, 20)
        await until(lambda: "SINCE" in app.lines()[0], "the column is back")


async def test_only_the_cells_that_changed_are_drawn_again() -> None:
    rows = [row(name, 10) for name in ("a", "b", "c")]
    async with Table().run_test(size=(80, 20)) as pilot:
        app = await filled(pilot, *rows)
        left = places(app.lines()[0], "COUNT")[0]
        with drawing(app) as drawn:
            app.grid.show([rows[0], row("b", 11), rows[2]])
            await pilot.pause()
        assert drawn == [(2, left, left + len("COUNT"))]
        assert " 11 " in app.lines()[2]


async def test_what_is_shown_again_is_not_drawn_again() -> None:
    rows = [row(name, 10) for name in ("a", "b", "c")]
    async with Table().run_test(size=(80, 20)) as pilot:
        app = await filled(pilot, *rows)
        with drawing(app) as drawn:
            app.grid.show([row(name, 10) for name in ("a", "b", "c")])
            await pilot.pause()
        assert drawn == []


async def test_a_row_that_is_not_seen_draws_nothing() -> None:
    rows = [row(f"row-{number:03}", 10) for number in range(100)]
    async with Table().run_test(size=(80, 20)) as pilot:
        app = await filled(pilot, *rows)
        with drawing(app) as drawn:
            app.grid.show([*rows[:50], row("row-050", 99), *rows[51:]])
            await pilot.pause()
        assert beside_the_scrollbar(drawn) == []
        await pilot.press("G")
        with drawing(app) as drawn:
            app.grid.show(
                [row("row-000", 99), *rows[1:50], row("row-050", 99), *rows[51:98], row("row-098", 98), rows[99]]
            )
            await pilot.pause()
        assert {y for y, _, _ in beside_the_scrollbar(drawn)} == {18}


async def test_a_moved_cursor_draws_two_rows() -> None:
    async with Table().run_test(size=(80, 20)) as pilot:
        app = await filled(pilot, *(row(name) for name in ("a", "b", "c")))
        with drawing(app) as drawn:
            await pilot.press("j")
            await pilot.pause()
        assert {y for y, _, _ in drawn} == {1, 2}


async def test_the_cursor_stays_with_its_row_and_else_with_its_place() -> None:
    async with Table().run_test(size=(80, 20)) as pilot:
        app = await filled(pilot, *(row(name) for name in "abcd"))
        await pilot.press("j", "j")
        grid = app.grid
        for names, expected in (("zabcd", "c"), ("dcba", "c"), ("abd", "b"), ("a", "a"), ("", None), ("xy", "x")):
            grid.show([row(name) for name in names])
            await pilot.pause()
            assert (grid.selected.key if grid.selected else None) == expected, names


async def test_no_key_moves_the_cursor_out_of_the_rows() -> None:
    async with Table().run_test(size=(80, 20)) as pilot:
        app = await filled(pilot)
        keys = ("j", "k", "g", "G", "ctrl+d", "ctrl+u", "pagedown", "pageup", "home", "end", "up", "down")
        await pilot.press(*keys)
        assert app.grid.cursor == 0
        app.grid.show([row(name) for name in "abc"])
        for key in keys:
            await pilot.press(key, key, key, key)
            assert app.grid.selected


async def test_pages_are_as_long_as_the_screen() -> None:
    async with Table().run_test(size=(80, 12)) as pilot:
        app = await filled(pilot, *(row(f"{number:03}") for number in range(100)))
        await pilot.press("ctrl+d")
        page = app.grid.cursor
        assert 8 <= page <= 11
        await pilot.press("pagedown", "ctrl+u", "pageup")
        assert app.grid.cursor == 0
        await pilot.press("G")
        assert "099" in app.lines()[-1]
        assert "NAME" in app.lines()[0]
        for above, below in pairwise(app.lines()[1:]):
            assert int(above.split()[1]) + 1 == int(below.split()[1])


async def test_the_cursor_is_in_sight_after_the_terminal_shrinks_and_when_it_was_moved_unseen() -> None:
    async with Table().run_test(size=(80, 24)) as pilot:
        app = await filled(pilot, *(row(f"row-{number:02}") for number in range(50)))
        await pilot.press(*"j" * 20)
        await pilot.resize_terminal(80, 10)
        await until(lambda: "row-20" in "".join(app.lines()), "it is in sight in a small terminal")
        app.grid.display = False
        await pilot.pause()
        app.grid.action_move_to_end(True)
        app.grid.display = True
        await until(lambda: "row-49" in "".join(app.lines()), "it is in sight where it was moved to")


async def test_thousands_of_rows_stay_quick() -> None:
    desk = Desk()
    async with desk.app.run_test(size=(160, 48)) as pilot:
        queues = [
            queue_state(f"queue-{number:04}", ready=number % 7, due_in_ms=number * 1_000) for number in range(3_000)
        ]
        await desk.reads(status_of(*queues))
        await pilot.press("G")
        await desk.shows("queue-2999")
        begun = time.process_time()
        for _ in range(3):
            desk.clock.advance(seconds=1)
            with drawing(desk.app) as drawn:
                desk.app.tick()
                await pilot.pause()
        assert (time.process_time() - begun) / 3 < 1, "seconds of processor time for each second that is watched"
        assert len({y for y, _, _ in drawn}) <= 48
        begun = time.process_time()
        await pilot.press("j", "k", "j", "k")
        assert (time.process_time() - begun) / 4 < 0.2
