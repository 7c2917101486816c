"""While the store is away every screen says so, with the age of what it shows; afterwards none does."""

import pytest
from msgspec.structs import replace

from karin.parts import SILENT, STOPPED, Parts
from tests.tui import scenes
from tests.tui.fakes import Desk

LOST = "the store does not answer"
SCREENS = {
    "detail": (("4", "enter"), "request id"),
    "raw": (("4", "enter", "Y"), "eventSource"),
    "send": (("1", "n"), "Send to"),
    "purge": (("1", "p"), "for good"),
    "help": (("1", "question_mark"), "esc closes"),
    "outcome": (("1", "s"), "sync"),
    "queues": (("1",), "QUEUE"),
    "palette": (("1", "colon"), "Queue mail"),
}


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("size", [(80, 24), (60, 15)])
async def test_every_screen_says_that_the_store_is_away(name: str, size: tuple[int, int]) -> None:
    keys, text = SCREENS[name]
    desk = Desk()
    async with desk.app.run_test(size=size) as pilot:
        await desk.reads(scenes.FAILING)
        await pilot.press(*keys)
        await desk.shows(text)
        assert "away" not in desk.screen()
        await desk.loses(LOST)
        await desk.shows("x store away")
        desk.clock.advance(seconds=45)
        await desk.shows("read 45s ago")
        await desk.reads(scenes.FAILING)
        await desk.hides("store away")


async def test_a_screen_that_is_opened_meanwhile_says_it_from_the_start_with_the_reason() -> None:
    desk = Desk()
    async with desk.app.run_test(size=(120, 24)) as pilot:
        await desk.reads(scenes.FAILING)
        await desk.loses(LOST)
        await pilot.press("4", "enter")
        await desk.shows("messages, ")
        first = desk.screen().splitlines()[0]
        assert first == " x store away, read now │ the store does not answer: trying again"


@pytest.mark.parametrize("name", ["detail", "send", "queues"])
async def test_a_part_that_is_down_is_told_once_whatever_is_open(name: str) -> None:
    keys, text = SCREENS[name]
    desk = Desk()
    async with desk.app.run_test(size=(80, 24)) as pilot:
        await desk.reads(replace(scenes.BUSY, parts=Parts()))
        await pilot.press(*keys)
        await desk.shows(text)
        assert "endpoint does not answer" not in desk.screen()
        await desk.reads(replace(scenes.BUSY, parts=Parts(endpoint=SILENT, scheduler=STOPPED)))
        await desk.shows(" ! scheduler stopped, endpoint does not answer")
        assert desk.screen().count("does not answer") == 1
        await desk.reads(replace(scenes.BUSY, parts=Parts()))
        await desk.hides("does not answer")
