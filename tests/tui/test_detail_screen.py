"""All about one thing: read for as long as it is open, kept up to date, and never more than text."""

import time
import unicodedata

import pytest
from msgspec.structs import replace
from textual.containers import VerticalScroll

from karin.tui.activity import Phase
from karin.tui.messages import StoreLost
from karin.tui.reading.interest import Interest
from karin.tui.screens.detail import DetailScreen
from karin.tui.screens.main import MainScreen
from karin.tui.views.listing import Need, Place
from karin.tui.world import LogLine, OneMessage, World
from tests.tui import scenes
from tests.tui.fakes import SIZES, Desk
from tests.tui.worlds import HOSTILE_MIX, NOW_MS, invocation, message_id, queue_id, seen_message, with_messages

NARROW = SIZES[0]
ORDERS = queue_id("orders")
AT_ORDERS = Interest(Place("messages", ORDERS), frozenset({Need.MESSAGES}))
LISTED = with_messages("orders", seen_message(1, "short…"), seen_message(2), status=scenes.BUSY.status)
TO_MESSAGE = ("j", "enter", "enter")
LONG = replace(invocation(), log_tail="".join(f"log line {number:03}\n" for number in range(300)))


def opened(body: str = "whole", problem: str = "") -> World:
    """Return a world in which the first message of ``orders`` was read."""
    seen = None if problem else seen_message(1, body)
    return replace(LISTED, message=OneMessage(ORDERS, message_id(1), seen, problem))


def scrolled(desk: Desk) -> float:
    """Return how far down the text is scrolled."""
    return desk.app.screen.query_one(VerticalScroll).scroll_offset.y


async def test_a_message_is_read_whole_while_it_is_open_and_not_afterwards() -> None:
    desk = Desk()
    async with desk.app.run_test(size=NARROW) as pilot:
        await desk.reads(LISTED)
        await pilot.press(*TO_MESSAGE)
        await desk.shows("reading…")
        assert desk.source.interests[-1] == replace(AT_ORDERS, message=(ORDERS, message_id(1)))
        await desk.reads(opened("the whole body"))
        await desk.shows("the whole body")
        await pilot.press("escape")
        assert isinstance(desk.app.screen, MainScreen)
        assert desk.source.interests[-1] == AT_ORDERS


async def test_a_message_that_is_gone_meanwhile_says_so_and_can_be_left() -> None:
    desk = Desk()
    async with desk.app.run_test(size=NARROW) as pilot:
        await desk.reads(opened("the whole body"))
        await pilot.press(*TO_MESSAGE)
        await desk.shows("the whole body")
        await desk.reads(opened(problem="this message is no longer in its queue"))
        await desk.shows("this message is no longer in its queue")
        await pilot.press("q")
        assert isinstance(desk.app.screen, MainScreen)
        assert desk.app.is_running


async def test_another_thing_is_not_read_as_a_message() -> None:
    desk = Desk()
    async with desk.app.run_test(size=NARROW) as pilot:
        await desk.reads(scenes.BUSY)
        await pilot.press("4", "enter")
        assert desk.source.interests[-1] == Interest(Place("invocations"), frozenset({Need.INVOCATIONS}))


async def test_what_changes_and_how_time_passes_is_shown_while_it_is_open() -> None:
    desk = Desk()
    async with desk.app.run_test(size=NARROW) as pilot:
        await desk.reads(World(status=scenes.BUSY.status, invocations=(invocation(log_tail="first"),)))
        await pilot.press("4", "enter")
        await desk.shows("first")
        await desk.reads(World(status=scenes.BUSY.status, invocations=(invocation(log_tail="second"),)))
        await desk.shows("second")
        await desk.hides("first")
        await desk.shows("(5s ago)")
        desk.clock.advance(seconds=2)
        desk.app.tick()
        await desk.shows("(7s ago)")


async def test_what_falls_off_the_list_stays_to_be_read() -> None:
    desk = Desk()
    async with desk.app.run_test(size=NARROW) as pilot:
        await desk.reads(World(status=scenes.BUSY.status, invocations=(invocation(log_tail="precious"),)))
        await pilot.press("4", "enter")
        await desk.shows("precious")
        await desk.reads(World(status=scenes.BUSY.status, invocations=(invocation(2),)))
        await pilot.pause()
        await desk.shows("precious")
        await pilot.press("Y")
        await desk.shows('{"Records":[]}')


async def test_keys_scroll_and_new_data_leaves_the_place() -> None:
    desk = Desk()
    async with desk.app.run_test(size=NARROW) as pilot:
        await desk.reads(World(status=scenes.BUSY.status, invocations=(LONG,)))
        await pilot.press("4", "enter")
        for forth, back in (
            ("j", "k"),
            ("down", "up"),
            ("ctrl+d", "ctrl+u"),
            ("pagedown", "pageup"),
            ("G", "g"),
            ("end", "home"),
        ):
            await pilot.press(forth)
            assert scrolled(desk) > 0, forth
            await pilot.press(back)
            assert scrolled(desk) == 0, back
        await pilot.press("space")
        place = scrolled(desk)
        assert place > 10
        await desk.reads(World(status=scenes.BUSY.status, invocations=(replace(LONG, duration_ms=41),)))
        await pilot.pause()
        assert scrolled(desk) == place
        await pilot.press("G")
        await desk.shows("event")


async def test_an_outcome_is_told_where_the_action_was_begun() -> None:
    desk = Desk()
    async with desk.app.run_test(size=NARROW) as pilot:
        await desk.reads(opened())
        await pilot.press(*TO_MESSAGE, "d", "tab", "enter")
        assert desk.worker.names == ["delete"]
        assert desk.worker.wanted[0][1].message_id == message_id(1)
        await desk.hears("delete", Phase.DONE, "deleted 00000001 of orders")
        await desk.shows("+ deleted 00000001 of orders")
        assert isinstance(desk.app.screen, DetailScreen)
        desk.clock.advance(seconds=21)
        desk.app.tick()
        await desk.hides("+ deleted")


async def test_a_body_of_a_mebibyte_is_shown_in_part_copied_whole_and_costs_little() -> None:
    desk = Desk()
    body = '{"numbers": [' + ", ".join(map(str, range(150_000))) + "]}"
    async with desk.app.run_test(size=NARROW) as pilot:
        await desk.reads(opened(body))
        await pilot.press(*TO_MESSAGE)
        await desk.shows("numbers")
        await pilot.press("y")
        assert desk.app.clipboard == body
        begun = time.process_time()
        for _ in range(3):
            desk.clock.advance(seconds=1)
            desk.app.tick()
            await pilot.pause()
        assert (time.process_time() - begun) / 3 < 0.5, "seconds of processor time for each second that it is open"


@pytest.mark.parametrize("keys", [("6",), ("6", "enter"), ("6", "Y"), ("6", "y"), ("6", "enter", "y")])
async def test_what_comes_from_outside_never_commands_the_terminal(keys: tuple[str, ...]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=NARROW) as pilot:
        await desk.reads(World(status=scenes.BUSY.status, logs=(LogLine(NOW_MS, "endpoint", "INFO", HOSTILE_MIX),)))
        await pilot.press(*keys)
        await desk.shows("evil")
        assert_harmless(desk)


async def test_neither_does_the_reason_of_a_failure() -> None:
    desk = Desk()
    async with desk.app.run_test(size=NARROW) as pilot:
        await desk.reads(scenes.BUSY)
        desk.source.tell(StoreLost("\x1b[2Jlost"))
        await desk.shows("lost")
        assert_harmless(desk)
        await desk.reads(scenes.BUSY)
        await pilot.press("s")
        desk.source.tell(desk.news("sync", Phase.FAILED, HOSTILE_MIX))
        await desk.shows("evil")
        assert_harmless(desk)
        await pilot.press("escape")
        await desk.shows("x sync failed")
        assert_harmless(desk)


def assert_harmless(desk: Desk) -> None:
    """Check that nothing on the screen is a control character, or turns the direction of writing."""
    shown = desk.screen().replace("\n", "")
    assert not [letter for letter in shown if unicodedata.category(letter) == "Cc" or letter in "\u202e\u2066"]
