"""What is due over all queues: when, where, and how much of it in each span of time."""

import msgspec
import pytest
from rich.cells import cell_len

from karin.sqs.names import QueueId
from karin.store.agenda import SPANS_MS, Agenda, DueEntry
from karin.tui.views.due import SPANS, DueView
from karin.tui.views.listing import Need, Place, Subject
from karin.tui.world import World
from tests.tui.views.looking import cells, check_view, column
from tests.tui.worlds import HOSTILE_MIX, mapping, queue_id, snapshot, world
from tests.tui.worlds import NOW_IN_SEOUL as NOW

VIEW = DueView()
JOBS, MAILS, FIFO = (queue_id(name) for name in ("jobs", "mails", "orders.fifo"))
FIRST, SECOND = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
DAY_MS = SPANS_MS[-1]


def due(*entries: DueEntry, counts: dict[QueueId, tuple[int, ...]] | None = None) -> World:
    """Return a world in which that is due."""
    agenda = Agenda(NOW.ms, counts if counts is not None else {JOBS: (len(entries), 0, 0, 0, 0)}, entries)
    return world(snapshot(mapping("jobs")), agenda=agenda)


FULL = due(
    DueEntry(JOBS, NOW.ms - 12_000, FIRST),
    DueEntry(FIFO, NOW.ms, None, "customer 7"),
    DueEntry(MAILS, NOW.ms + 240_000, SECOND),
    DueEntry(MAILS, NOW.ms + 3 * DAY_MS, None, HOSTILE_MIX),
)


def test_each_entry_has_a_row_with_its_instant_its_queue_and_whom_it_feeds() -> None:
    assert cells(VIEW, FULL, NOW) == [
        ["!", "12s ago", "07:13:08", "jobs", FIRST, "work"],
        ["!", "now", "07:13:20", "orders.fifo", "group customer 7", "-"],
        ["~", "in 4m", "07:17:20", "mails", SECOND, "-"],
        ["~", "in 3d", "Nov 18 07:13", "mails", "group red \\x1b]0;title\\x07\\u202eevil next", "-"],
    ]


def test_a_row_leads_to_the_messages_of_its_queue_and_is_about_its_message() -> None:
    rows = check_view(VIEW, FULL)
    assert [row.opens for row in rows] == [Place("messages", queue) for queue in (JOBS, FIFO, MAILS, MAILS)]
    assert [row.subject for row in rows[:2]] == [
        Subject(FIRST, queue=JOBS, message_id=FIRST),
        Subject("customer 7", queue=FIFO),
    ]


def test_a_group_is_told_from_a_message_of_the_same_name() -> None:
    rows = VIEW.rows(due(DueEntry(JOBS, NOW.ms, "a"), DueEntry(JOBS, NOW.ms, None, "a")), NOW)
    assert rows
    assert rows[0].key != rows[1].key


def test_instants_sort_by_time_and_not_as_words() -> None:
    rows = VIEW.rows(FULL, NOW)
    assert rows
    orders = [(row.cells[1].order, row.cells[2].order) for row in rows]
    assert orders == sorted(orders)
    assert None not in orders[0]


def test_the_spans_are_those_that_the_store_counts() -> None:
    assert len(SPANS) == len(SPANS_MS) + 1
    assert VIEW.needs == {Need.AGENDA}


@pytest.mark.parametrize(
    ("counts", "headline"),
    [
        ({JOBS: (3, 12, 40, 2, 0)}, "▁▃█▁   now 3 · in a minute 12 · hour 40 · day 2 · later 0"),
        ({JOBS: (1, 0, 0, 0, 0), MAILS: (1, 0, 0, 0, 2)}, "█   █  now 2 · in a minute 0 · hour 0 · day 0 · later 2"),
        ({JOBS: (9_999, 10_000, 0, 0, 0)}, "█      now 9999 · in a minute 10k · hour 0 · day 0 · later 0"),
        ({JOBS: (0,) * 5}, ""),
        ({}, ""),
    ],
)
def test_the_headline_counts_all_queues_together(counts: dict[QueueId, tuple[int, ...]], headline: str) -> None:
    assert VIEW.headline(due(counts=counts), NOW).replace("██", "█ ") == headline


@pytest.mark.parametrize(
    ("count", "text"),
    [(9_999, "9999"), (10_000, "10k"), (999_999, "999k"), (1_000_000, "1.0M"), (1_299_999, "1.2M"), (99_999_999, "99M"),
     (2_500_000_000, "2.5G")],
)  # fmt: skip
def test_the_headline_fits_78_cells_however_much_is_due(count: int, text: str) -> None:
    headline = VIEW.headline(due(counts={JOBS: (count,) * 5}), NOW)
    assert headline.count(f" {text} ·") + headline.endswith(f" {text}") == 5
    assert cell_len(headline) <= 78


def test_when_nothing_is_due_it_is_said_what_would_be() -> None:
    assert VIEW.rows(due(), NOW) == []
    assert VIEW.empty(due()) == "nothing is due: a message stands here from its send until it is deleted; n sends one"


def test_before_it_is_read_there_are_no_rows_and_no_headline() -> None:
    assert VIEW.rows(world(), NOW) is None
    assert VIEW.headline(world(), NOW) == ""
    assert VIEW.facts(world()) == {}


def test_an_export_names_queues_and_spans() -> None:
    facts = msgspec.json.decode(msgspec.json.encode(VIEW.facts(due(DueEntry(JOBS, NOW.ms, FIRST)))))
    assert facts["counts"] == {str(JOBS): {"now": 1, "in a minute": 0, "hour": 0, "day": 0, "later": 0}}
    assert [entry["message_id"] for entry in facts["entries"]] == [FIRST]


def test_without_a_snapshot_nobody_is_fed() -> None:
    seen = world(agenda=Agenda(NOW.ms, {}, (DueEntry(JOBS, NOW.ms, FIRST),)))
    assert column(VIEW, "FEEDS", seen) == ["-"]
