"""Every key on every view: what is offered there, that it does what it says, and that nothing else does anything."""

import base64
import inspect
from typing import NamedTuple
from unittest.mock import patch

import pytest

from karin.tui.actions import ACTIONS
from karin.tui.screens.acting import ActingScreen
from karin.tui.screens.ask import AskDialog
from karin.tui.screens.detail import DetailScreen
from karin.tui.screens.help import HelpDialog, help_rows
from karin.tui.screens.main import MainScreen
from karin.tui.screens.outcome import OutcomeDialog
from karin.tui.screens.raw import RawScreen
from karin.tui.views.all import VIEW_NAMES
from tests.tui import scenes
from tests.tui.fakes import SIZES, Desk

WIDE = SIZES[1]
ON_MESSAGE = {"run", "reschedule", "delete", "send", "purge", "sync"}
ON_QUEUE = {"send", "purge", "sync"}


class Spot(NamedTuple):
    """Somewhere a person can be: the keys that lead there from the first view, and the actions that are offered."""

    keys: tuple[str, ...]
    offered: set[str]


SPOTS = {
    "a queue": Spot(("1", "g"), ON_QUEUE),
    "a dead-letter queue": Spot(("1", "g", "j", "j"), ON_QUEUE | {"redrive"}),
    "a message": Spot(("1", "g", "j", "enter"), ON_MESSAGE),
    "a message, opened": Spot(("1", "g", "j", "enter", "g", "enter"), ON_MESSAGE),
    "a mapping": Spot(("2", "g"), {"pause", "send", "sync"}),
    "a mapping, opened": Spot(("2", "g", "enter"), {"pause", "send", "sync"}),
    "a function": Spot(("3",), {"sync"}),
    "a function, opened": Spot(("3", "enter"), {"sync"}),
    "an invocation": Spot(("4",), {"replay", "pause", "send", "sync"}),
    "an invocation, opened": Spot(("4", "enter"), {"replay", "pause", "send", "sync"}),
    "a message that is due": Spot(("5", "g"), ON_MESSAGE),
    "a group that is due": Spot(("5", "g", "j", "j"), ON_QUEUE),
    "a line of the log": Spot(("6",), {"sync"}),
    "a finding": Spot(("7",), {"sync"}),
    "a finding, opened": Spot(("7", "enter"), {"sync"}),
    "a fact": Spot(("8",), {"sync"}),
}
spots = pytest.mark.parametrize("spot", SPOTS.values(), ids=SPOTS)
KINDS = (
    "a dead-letter queue",
    "a message, opened",
    "a mapping",
    "an invocation, opened",
    "a group that is due",
    "a finding",
)
kinds = pytest.mark.parametrize("spot", [SPOTS[name] for name in KINDS], ids=KINDS)
views = pytest.mark.parametrize("view", VIEW_NAMES)


async def filled(desk: Desk) -> None:
    """Show a karin of which everything is known."""
    await desk.reads(scenes.BUSY)
    await desk.examines(scenes.FOUND)


def acting(desk: Desk) -> ActingScreen:
    screen = desk.app.screen
    assert isinstance(screen, ActingScreen)
    return screen


def main(desk: Desk) -> MainScreen:
    screen = desk.app.screen
    assert isinstance(screen, MainScreen)
    return screen


def typed(text: str) -> list[str]:
    return ["space" if letter == " " else letter for letter in text]


def key_of(view: str) -> str:
    return str(VIEW_NAMES.index(view) + 1)


@spots
async def test_each_action_is_offered_where_it_applies_and_its_key_does_it(spot: Spot) -> None:
    desk = Desk()
    async with desk.app.run_test(size=WIDE) as pilot:
        await filled(desk)
        await pilot.press(*spot.keys)
        here = acting(desk)
        footer = desk.screen().splitlines()[-1]
        for action in ACTIONS:
            is_offered = action.name in spot.offered
            shown = f" {action.key} {action.label} "
            assert (shown in footer) == (is_offered and action.in_footer), action.name
            assert (action.explanation in {row.explanation for row in help_rows(here)}) == is_offered, action.name
            assert (action.label in {command.name for command in here.commands()}) == is_offered, action.name
            desk.worker.wanted.clear()
            await pilot.press(action.key)
            is_asked = isinstance(desk.app.screen, AskDialog | OutcomeDialog)
            assert (is_asked or desk.worker.names == [action.name]) == is_offered, action.name
            if is_asked:
                await pilot.press("escape")
            assert desk.app.screen is here


@pytest.mark.parametrize("view", [*VIEW_NAMES, "messages"])
async def test_without_rows_only_what_needs_none_is_offered(view: str) -> None:
    desk = Desk()
    async with desk.app.run_test(size=WIDE) as pilot:
        await desk.reads(scenes.EMPTY_QUEUE if view == "messages" else scenes.EMPTY)
        await desk.examines(scenes.HEALTHY)
        await pilot.press(*(("1", "enter") if view == "messages" else (key_of(view),)))
        offered = {action.name for action in ACTIONS if main(desk).check_action("act", (action.name,))}
        assert offered == ({"send", "purge", "sync"} if view == "messages" else {"sync"})
        has_rows = view == "status"
        assert (" enter open " in desk.screen().splitlines()[-1]) is has_rows
        here = desk.app.screen
        if not has_rows:
            await pilot.press("enter", "v", "y", "Y")
            assert desk.app.screen is here


async def test_readonly_changes_nothing_and_offers_nothing_that_would() -> None:
    desk = Desk(readonly=True)
    changing = [action for action in ACTIONS if action.changes]
    async with desk.app.run_test(size=WIDE) as pilot:
        await filled(desk)
        for name in KINDS:
            spot = SPOTS[name]
            await pilot.press(*spot.keys)
            here = acting(desk)
            footer = desk.screen().splitlines()[-1]
            assert not [action.name for action in changing if f" {action.key} {action.label} " in footer], name
            told = {row.explanation for row in help_rows(here)} | {command.name for command in here.commands()}
            assert not told & {text for action in changing for text in (action.explanation, action.label)}, name
            await pilot.press(*(action.key for action in changing))
            assert desk.app.screen is here, name
            if isinstance(here, DetailScreen):
                await pilot.press("escape")
        assert desk.worker.wanted == []
    assert changing


@views
async def test_enter_and_v_open_and_escape_comes_back(view: str) -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await filled(desk)
        for key in ("enter", "v"):
            await pilot.press(key_of(view), "g", key)
            if view in ("queues", "due"):
                assert main(desk).place.view == "messages"
            else:
                assert isinstance(desk.app.screen, DetailScreen)
            await pilot.press("escape")
            assert main(desk).place.view == view
            await pilot.press("escape")
            assert main(desk).place.view == view


@pytest.mark.parametrize(("view", "size"), [*((view, WIDE) for view in VIEW_NAMES), ("mappings", SIZES[0])])
async def test_o_goes_through_the_columns_that_are_shown_and_back_to_none(view: str, size: tuple[int, int]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=size) as pilot:
        await filled(desk)
        await pilot.press(key_of(view))
        unsorted, shown = main(desk).grid.rows, main(desk).grid.places
        columns = main(desk).view.columns
        await pilot.press("O")
        assert main(desk).grid.rows == unsorted
        for place in shown:
            await pilot.press("o")
            await desk.shows(f"{columns[place].title} ▲")
            await pilot.press("O")
            await desk.shows("▼")
            assert desk.screen().count("▲") + desk.screen().count("▼") == 1
        await pilot.press("o")
        await desk.hides("▲")
        assert main(desk).grid.rows == unsorted


async def test_a_filter_takes_every_letter_that_is_typed() -> None:
    desk = Desk()
    text = "n/o:P?[]q1 e!x"
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await filled(desk)
        await pilot.press("slash")
        await desk.shows("enter keep it")
        assert desk.screen().splitlines()[-1].split() == ["enter", "keep", "it", "esc", "clear", "the", "filter"]
        await pilot.press(*typed(text))
        await desk.shows(f"nothing matches {text!r}: esc clears the filter")
        assert desk.worker.wanted == []


@views
async def test_a_filter_finds_rows_and_escape_gives_all_of_them_back(view: str) -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await filled(desk)
        await pilot.press(key_of(view))
        all_rows = main(desk).grid.rows
        others = " ".join(cell.text for row in all_rows[:-1] for cell in row.cells)
        text = next(cell.text for cell in all_rows[-1].cells if cell.text not in others)[:20]
        await pilot.press("slash", *typed(text), "down")
        assert desk.app.focused is main(desk).grid
        assert main(desk).grid.rows == all_rows[-1:]
        await pilot.press("escape")
        assert main(desk).grid.rows == all_rows


@kinds
async def test_y_copies_through_the_terminal_and_shift_y_shows_the_same(spot: Spot) -> None:
    desk = Desk()
    async with desk.app.run_test(size=WIDE) as pilot:
        await filled(desk)
        await pilot.press(*spot.keys)
        here = acting(desk)
        text = here.raw()
        assert text
        driver = desk.app._driver
        assert driver
        with patch.object(driver, "write") as write:
            await pilot.press("y")
        assert f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\a" in [call.args[0] for call in write.mock_calls]
        assert desk.app.clipboard == text
        await desk.shows("+ copied ")
        await pilot.press("Y")
        assert isinstance(desk.app.screen, RawScreen)
        await desk.shows(text.strip()[:20])
        await pilot.press("Y")
        assert acting(desk) is here


@kinds
async def test_everything_that_the_palette_offers_can_be_done(
    spot: Spot, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await filled(desk)
        await pilot.press(*spot.keys)
        offered = list(acting(desk).commands())
        assert len({command.name for command in offered}) == len(offered)
        states = scenes.BUSY.status.queues if scenes.BUSY.status else ()
        everywhere = {f"{view} view" for view in VIEW_NAMES} | {f"Queue {state.queue.name}" for state in states}
        if isinstance(desk.app.screen, MainScreen):
            assert everywhere <= {command.name for command in offered}
        if spot not in (SPOTS[KINDS[0]], SPOTS[KINDS[1]]):  # done from a view and from a detail already
            offered = [command for command in offered if command.name not in everywhere]
        for command in offered:
            assert command.explanation, command.name
            done = command.run()
            if inspect.isawaitable(done):
                await done
            await pilot.pause()
            while len(desk.app.screen_stack) > 1 and not isinstance(desk.app.screen, DetailScreen):
                await pilot.press("escape")


async def test_the_doctor_looks_once_and_again_when_asked() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(scenes.BUSY)
        await pilot.press("ctrl+r")
        assert desk.worker.examinations == 0
        await pilot.press("7")
        await desk.shows("looking…")
        await pilot.press("1", "7", "ctrl+r")
        assert desk.worker.examinations == 1, "it is at it"
        await desk.examines(scenes.FOUND)
        await desk.shows("2 problems, 1 note, looked 8s ago")
        await pilot.press("1", "7", "j", "enter", "escape")
        assert desk.worker.examinations == 1
        await pilot.press("ctrl+r")
        assert desk.worker.examinations == 2
        await pilot.press("1", "ctrl+r")
        assert desk.worker.examinations == 2
        assert desk.source.readings == 4


async def test_reading_again_lets_what_is_frozen_move() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(scenes.BUSY)
        await pilot.press("space")
        await desk.shows("frozen")
        await pilot.press("ctrl+r")
        await desk.hides("frozen")
        assert not desk.source.is_frozen


@pytest.mark.parametrize("key", ["q", "question_mark", "enter", "escape"])
async def test_every_usual_key_closes_the_help(key: str) -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(scenes.BUSY)
        await pilot.press("question_mark", "down", "up")
        assert isinstance(desk.app.screen, HelpDialog)
        await pilot.press(key)
        assert isinstance(desk.app.screen, MainScreen)
