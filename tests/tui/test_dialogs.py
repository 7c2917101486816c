"""The dialogs: what they ask, what they have done, and that the first key at hand does no harm."""

import pytest
from textual.widgets import Button, Input

from karin.tui.activity import Kind, Phase
from karin.tui.screens.main import MainScreen
from tests.tui.fakes import BUSY, SIZES, Desk

sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x48"])


@sizes
async def test_a_purge_says_what_would_be_lost_and_enter_cancels_it(size: tuple[int, int]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=size) as pilot:
        await desk.reads(BUSY)
        await pilot.press("j", "p")
        await desk.shows("This deletes 4 messages for good: 3 ready, 0 delayed, 1 in flight.")
        assert isinstance(desk.app.focused, Button)
        assert desk.app.focused.id == "cancel"
        await pilot.press("enter")
        await desk.hides("for good")
        assert desk.actions.wanted == []


async def test_a_purge_goes_on_once_the_name_is_typed() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("j", "p", *"orders", "enter")
        await desk.until(lambda: desk.actions.wanted == [("purge", "orders")], "the purge was wanted")
        await desk.hides("for good")


async def test_a_wrong_name_deletes_nothing_and_says_so() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("j", "p", *"order", "enter")
        await desk.shows("That is not the queue's name: nothing was deleted.")
        await pilot.press("tab", "tab", "enter")
        await pilot.pause()
        assert desk.actions.wanted == []
        await pilot.press("escape")
        assert isinstance(desk.app.screen, MainScreen)


async def test_a_message_is_sent_with_body_and_delay_and_the_dialog_waits_for_the_outcome() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("n", *"hi", "tab", *"30", "enter")
        await desk.until(lambda: desk.actions.wanted == [("send", "mail", "hi", 30)], "the message was wanted")
        await desk.shows("Send to mail")
        await desk.hears(Kind.SEND, Phase.DONE, "sent 1 to mail")
        await desk.hides("Send to mail")
        await desk.shows("+ sent 1 to mail")


@sizes
async def test_a_refused_message_keeps_its_text_and_shows_the_reason(size: tuple[int, int]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=size) as pilot:
        await desk.reads(BUSY)
        await pilot.press("n", *"precious", "ctrl+s")
        await desk.hears(Kind.SEND, Phase.FAILED, "Message must be shorter than 1 bytes.")
        await desk.shows("Message must be shorter")
        await desk.shows("precious")
        await pilot.press("ctrl+s")
        await desk.until(lambda: len(desk.actions.wanted) == 2, "a second try is possible")
        assert desk.actions.wanted[-1] == ("send", "mail", "precious", None)


async def test_pressing_send_twice_sends_once() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("n", "x", "ctrl+s", "ctrl+s")
        await pilot.pause()
        assert len(desk.actions.wanted) == 1


async def test_a_delay_that_is_no_number_is_told_here() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("n", "x")
        desk.app.screen.query_one("#delay", Input).value = "-"
        await pilot.press("ctrl+s")
        await desk.shows("'-' is not a number of seconds")
        assert desk.actions.wanted == []


async def test_escape_leaves_the_send_dialog_without_sending() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("n", "q", "escape")
        assert isinstance(desk.app.screen, MainScreen)
        assert desk.actions.wanted == []


@sizes
async def test_a_sync_shows_how_long_it_takes_and_then_what_changed(size: tuple[int, int]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=size) as pilot:
        await desk.reads(BUSY)
        await pilot.press("s")
        await desk.hears(Kind.SYNC, Phase.RUNNING, "reading functions and mappings from AWS in us-east-1")
        desk.clock.advance(seconds=3)
        desk.app.tick()
        await desk.shows("from AWS in us-east-1… 3s")
        await desk.hears(Kind.SYNC, Phase.DONE, "2 functions, 1 mapping in us-east-1", "new: orders -> handleOrder")
        await desk.shows("  new: orders -> handleOrder")
        await pilot.press("escape")
        await desk.shows("+ 2 functions, 1 mapping in us-east-1")
        assert desk.actions.wanted == [("sync",)]


async def test_a_failed_sync_shows_its_reason() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("s")
        await desk.hears(Kind.SYNC, Phase.FAILED, "Unable to locate credentials")
        await desk.shows("x Unable to locate credentials")
        await desk.shows("The mappings stay as they were.")
        await pilot.press("escape")
        await desk.shows("x sync failed: Unable to locate credentials")


async def test_closing_a_running_sync_leaves_it_running_and_s_shows_it_again() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("s")
        await desk.hears(Kind.SYNC, Phase.RUNNING, "reading")
        await pilot.press("escape")
        await desk.shows("~ reading…")
        await pilot.press("s")
        await desk.shows("Sync mappings")
        assert desk.actions.wanted == [("sync",)]
