"""The main screen in each state, and every key of it."""

import pytest

from karin.tui.activity import Phase
from karin.tui.screens.main import MainScreen
from tests.tui.fakes import SIZES, Desk, drawing, until
from tests.tui.worlds import BUSY, EMPTY, queue_state, status_of

AGE = {SIZES[0]: [], SIZES[1]: ["-"]}  # the age of the oldest message: a wide terminal has it
WIDE_MAPPING = {SIZES[0]: [], SIZES[1]: ["0s", "-", "-", "0", "-"]}  # window, calls, filters, in flight, last call
sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x48"])


def _selected(desk: Desk) -> str:
    screen = desk.app.screen
    assert isinstance(screen, MainScreen)
    row = screen.grid.selected
    return row.cells[1].text if row else ""


@sizes
async def test_before_anything_is_read_the_screen_says_that_it_is_connecting(size: tuple[int, int]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=size):
        await desk.shows("? connecting")
        await desk.shows("reading…")


@sizes
async def test_a_karin_without_queues_says_how_queues_come_to_be(size: tuple[int, int]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=size) as pilot:
        await desk.reads(EMPTY)
        await desk.shows("no queues yet")
        await pilot.press("2")
        await desk.shows("nothing was synced yet: s reads the mappings from AWS")


@sizes
async def test_a_busy_karin_shows_counts_due_times_and_functions(size: tuple[int, int]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=size):
        await desk.reads(BUSY)
        await desk.shows("+ scheduler alive │ endpoint http://127.0.0.1:4000 │ store embedded")
        await desk.shows("in 4m")
        lines = desk.screen().splitlines()
        assert next(line.split() for line in lines if "orders" in line) == [
            *["!", "orders", "3", "0", "1", "2s", "ago", *AGE[size], "-", "handleOrder"]
        ]
        assert next(line.split() for line in lines if "reports" in line) == [
            *["-", "reports", "0", "0", "0", "-", *AGE[size], "-", "-"]
        ]


@sizes
async def test_mappings_show_whether_karin_serves_them(size: tuple[int, int]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=size) as pilot:
        await desk.reads(BUSY)
        await pilot.press("2")
        await desk.shows("no: AWS polls it")
        lines = desk.screen().splitlines()
        assert next(line.split() for line in lines if "sendMail" in line) == [
            *[
                "+",
                "mail",
                "sendMail",
                "100",
                *(["0s", "-", "-", "0", "-"] if size == SIZES[1] else []),
                "Disabled",
                "yes",
            ]
        ]


@sizes
async def test_without_a_scheduler_the_first_line_says_so(size: tuple[int, int]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=size):
        await desk.reads(status_of(queue_state("orders", ready=1, due_in_ms=0), alive=0))
        await desk.shows("! no scheduler")


@sizes
async def test_when_the_store_is_lost_the_data_stays_with_its_age_and_the_reason(size: tuple[int, int]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=size):
        await desk.reads(BUSY)
        desk.clock.advance(seconds=45)
        await desk.loses("the store does not serve: connection refused")
        await desk.shows("x store away")
        await desk.shows("read 45s ago")
        await desk.shows("x the store does not serve: connection refused: trying again")
        await desk.shows("handleOrder")
        await desk.reads(BUSY)
        await desk.hides("trying again")
        await desk.shows("+ scheduler alive")


async def test_due_times_count_down_without_new_data() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]):
        await desk.reads(BUSY)
        desk.clock.advance(seconds=200)
        desk.app.tick()
        await desk.shows("in 40s")


async def test_j_k_g_and_arrows_move_the_cursor_and_stop_at_the_ends() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        moves = [("j", "orders"), ("down", "reports"), ("j", "reports"), ("k", "orders"), ("up", "mail"), ("k", "mail")]
        moves += [("G", "reports"), ("g", "mail"), ("end", "reports"), ("home", "mail")]
        moves += [("ctrl+d", "reports"), ("ctrl+u", "mail"), ("pagedown", "reports"), ("pageup", "mail")]
        for key, expected in moves:
            await pilot.press(key)
            assert _selected(desk) == expected, key


async def test_the_cursor_stays_with_its_queue_when_others_come_and_go() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("j")
        await desk.reads(status_of(queue_state("a"), queue_state("b"), *BUSY.queues))
        await pilot.pause()
        assert _selected(desk) == "orders"


async def test_a_cursor_beyond_the_last_line_scrolls_the_rows_and_keeps_the_header() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(status_of(*(queue_state(f"queue-{number:02}") for number in range(50))))
        await desk.shows("queue-00")
        await pilot.press("G")
        await desk.shows("queue-49")
        assert "queue-00" not in desk.screen()
        await desk.shows("NEXT DUE")
        await pilot.press("g")
        await desk.shows("queue-00")


@pytest.mark.parametrize(("there", "back"), [("2", "1"), ("tab", "shift+tab"), ("]", "[")])
async def test_number_keys_tab_and_brackets_switch_the_views(there: str, back: str) -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press(there)
        await desk.shows("SERVED")
        await pilot.press("j")
        assert _selected(desk) == "orders"
        await pilot.press(back)
        await desk.shows("NEXT DUE")


async def test_slash_filters_while_typing_and_escape_clears() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("slash", *"ORD")
        await desk.hides("reports")
        await desk.shows("/ORD  1 of 3")
        await pilot.press("enter", "j")
        assert _selected(desk) == "orders"
        await pilot.press("escape")
        await desk.shows("sendMail")


async def test_a_filter_that_begins_with_an_exclamation_mark_hides_what_matches() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("slash", *"!ORD")
        await desk.hides("handleOrder")
        await desk.shows("reports")
        await desk.shows("/!ORD  2 of 3")


async def test_each_view_keeps_its_own_filter_and_cursor() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("j", "j", "2", "slash", *"mail", "enter")
        await desk.hides("handleOrder")
        await pilot.press("1")
        await desk.shows("handleOrder")
        assert _selected(desk) == "reports"
        await pilot.press("2")
        await desk.shows("/mail  1 of 3")


async def test_o_sorts_by_one_column_after_the_other_and_shift_o_the_other_way_round() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("o", "o")
        await desk.shows("QUEUE ▲")
        await pilot.press("O", "g")
        await desk.shows("QUEUE ▼")
        assert _selected(desk) == "reports"
        await pilot.press("o", "O", "g")
        await desk.shows("READY ▼")
        assert _selected(desk) == "orders"


async def test_space_freezes_what_is_shown_and_lets_it_move_again() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("space")
        await desk.shows("frozen now, space goes on")
        assert desk.source.is_frozen
        await pilot.press("space")
        await desk.hides("frozen")
        assert not desk.source.is_frozen


async def test_without_a_key_for_a_minute_it_rests_until_the_next() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        desk.clock.advance(seconds=61)
        desk.app.tick()
        await desk.shows("resting until a key")
        assert not desk.source.is_attended
        await pilot.press("j")
        await desk.hides("resting")
        assert desk.source.is_attended


async def test_enter_opens_a_queues_messages_and_escape_comes_back_to_it() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("j", "enter")
        await desk.shows("Queues › orders")
        assert desk.source.interests[-1].place.queue == BUSY.queues[1].queue
        await pilot.press("escape")
        await desk.hides("›")
        assert _selected(desk) == "orders"


async def test_ctrl_r_reads_again() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("ctrl+r")
        assert desk.source.readings == 1


async def test_the_palette_finds_views_actions_and_queues() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("colon", *"queue orders")
        await desk.shows("Queue orders")
        await pilot.press("enter")
        await desk.shows("Queues › orders")
        await pilot.press("ctrl+p", *"mappings view")
        await desk.shows("show the view of that number (2)")
        await pilot.press("enter")
        await desk.shows("SERVED")


async def test_a_filter_counts_anew_when_the_queues_change() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("slash", *"ord", "enter")
        await desk.reads(status_of(*BUSY.queues, queue_state("orders-dead")))
        await desk.shows("/ord  2 of 4")


async def test_a_filter_that_matches_nothing_says_how_to_leave_it() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press("slash", *"zzz", "enter")
        await desk.shows("nothing matches 'zzz': esc clears the filter")
        await pilot.press("escape")
        await desk.shows("orders")


@sizes
async def test_help_lists_every_key_of_the_screen_and_fits(size: tuple[int, int]) -> None:
    desk = Desk()
    async with desk.app.run_test(size=size) as pilot:
        await desk.reads(BUSY)
        await pilot.press("question_mark")
        await desk.shows("messages wait to be delivered")
        await desk.shows("esc closes")
        await desk.hides("Scroll")
        seen = ""
        for _ in range(30):
            seen += desk.screen()
            await pilot.press("j")
        for text in ("filter", "all keys and signs", "sort by", "next view", "next row", "last row", "quit"):
            assert text in seen
        await pilot.press("q")
        await desk.hides("esc closes")
        assert desk.app.is_running


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_quitting_keys_quit(key: str) -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(BUSY)
        await pilot.press(key)
        await until(lambda: desk.app._exit, "the app is leaving")
    assert desk.app.return_code == 0


async def test_keys_that_need_a_queue_do_nothing_without_one() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]) as pilot:
        await desk.reads(EMPTY)
        await pilot.press("n", "p")
        assert isinstance(desk.app.screen, MainScreen)


async def test_news_goes_away_by_itself() -> None:
    desk = Desk()
    async with desk.app.run_test(size=SIZES[0]):
        await desk.reads(BUSY)
        await desk.hears("purge", Phase.DONE, "deleted 4 messages of orders")
        await desk.shows("+ deleted 4 messages of orders")
        desk.clock.advance(seconds=21)
        desk.app.tick()
        await desk.hides("deleted 4 messages")


async def test_sixty_columns_still_show_the_queues() -> None:
    desk = Desk()
    async with desk.app.run_test(size=(60, 20)):
        await desk.reads(BUSY)
        await desk.shows("orders")
        await desk.shows("scheduler alive")


async def test_after_a_suspension_everything_is_drawn_again() -> None:
    desk = Desk()
    async with desk.app.run_test(size=(80, 24)) as pilot:
        await desk.reads(BUSY)
        await pilot.pause()
        with drawing(desk.app) as drawn:
            desk.app.app_resume_signal.publish(desk.app)
            await until(lambda: {(y, 0, 80) for y in range(24)} <= set(drawn), "all is drawn", lambda: str(drawn))
