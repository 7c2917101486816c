"""The dialogs: what they ask, what they have done, and that the first key at hand does no harm."""

import pytest
from textual.widgets import Button

from karin.tui.activity import Phase
from karin.tui.screens.main import MainScreen
from tests.tui.fakes import SIZES, Desk, until
from tests.tui.worlds import BUSY

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
        assert desk.worker.wanted == []


async def test_a_purge_goes_on_once_the_name_is_typed() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("j", "p", *"orders", "enter")
        await until(lambda: desk.worker.names == ["purge"], "the purge was wanted")
        assert desk.worker.wanted[0][1].queue == BUSY.queues[1].queue
        await desk.hears("purge", Phase.DONE, "deleted 4 messages of orders")
        await desk.hides("for good")


async def test_a_wrong_name_deletes_nothing_and_says_so() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("j", "p", *"order", "enter")
        await desk.shows("That is not 'orders': nothing was done.")
        await pilot.press("tab", "tab", "enter")
        await pilot.pause()
        assert desk.worker.wanted == []
        await pilot.press("escape")
        assert isinstance(desk.app.screen, MainScreen)


async def test_a_message_is_sent_with_body_and_delay_and_the_dialog_waits_for_the_outcome() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("n", *"hi", "tab", *"30", "enter")
        await until(lambda: desk.worker.names == ["send"], "the message was wanted")
        assert desk.worker.wanted[0][2]["body"] == "hi"
        assert desk.worker.wanted[0][2]["delay"] == "30"
        await desk.shows("Send to mail")
        await desk.hears("send", Phase.DONE, "sent 1 to mail")
        await desk.hides("Send to mail")
        await desk.shows("+ sent 1 to mail")


@sizes
async def test_a_refused_message_keeps_its_text_and_shows_the_reason(size: tuple[int, int]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=size) as pilot:
        await desk.reads(BUSY)
        await pilot.press("n", *"precious", "ctrl+s")
        await desk.hears("send", Phase.FAILED, "Message must be shorter than 1 bytes.")
        await desk.shows("Message must be shorter")
        await desk.shows("precious")
        await pilot.press("ctrl+s")
        await until(lambda: len(desk.worker.wanted) == 2, "a second try is possible")
        assert desk.worker.wanted[-1][2]["body"] == "precious"


async def test_pressing_send_twice_sends_once() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("n", "x", "ctrl+s", "ctrl+s")
        await pilot.pause()
        assert len(desk.worker.wanted) == 1


async def test_escape_leaves_the_send_dialog_without_sending() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("n", "q", "escape")
        assert isinstance(desk.app.screen, MainScreen)
        assert desk.worker.wanted == []


@sizes
async def test_a_sync_shows_how_long_it_takes_and_then_what_changed(size: tuple[int, int]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=size) as pilot:
        await desk.reads(BUSY)
        await pilot.press("s")
        await desk.hears("sync", Phase.RUNNING, "reading functions and mappings from AWS in us-east-1")
        desk.clock.advance(seconds=3)
        desk.app.tick()
        await desk.shows("from AWS in us-east-1… 3s")
        await desk.hears("sync", Phase.DONE, "2 functions, 1 mapping in us-east-1", "new: orders -> handleOrder")
        await desk.shows("  new: orders -> handleOrder")
        await pilot.press("escape")
        await desk.shows("+ 2 functions, 1 mapping in us-east-1")
        assert desk.worker.names == ["sync"]


async def test_a_failed_sync_shows_its_reason() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("s")
        await desk.hears("sync", Phase.FAILED, "Unable to locate credentials")
        await desk.shows("x Unable to locate credentials")
        await desk.shows("Nothing was changed.")
        await pilot.press("escape")
        await desk.shows("x sync failed: Unable to locate credentials")


async def test_closing_a_running_sync_leaves_it_running_and_s_shows_it_again() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("s")
        await desk.hears("sync", Phase.RUNNING, "reading")
        await pilot.press("escape")
        await desk.shows("~ reading…")
        await pilot.press("s")
        await desk.shows("Sync")
        assert desk.worker.names == ["sync"]
