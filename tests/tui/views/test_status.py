"""The status: every fact in words, a sign where something is wrong, and nothing made up where nothing is known."""

from typing import Any

import msgspec
import pytest

from karin.budget.levels import Level, Outlook
from karin.mapping.pause import paused_by_user
from karin.store.inspection import StoreFacts
from karin.tui.views import vitals
from karin.tui.views.listing import Need, Row
from karin.tui.views.status import StatusView
from karin.tui.world import Process, Spending, World
from tests.tui.views.looking import check_view, told
from tests.tui.worlds import NOW, mapping, queue_state, snapshot, world

VIEW = StatusView(store_title="embedded", endpoint_url="http://127.0.0.1:4000")
MEGABYTE = 1024 * 1024
INFO = {
    "redis_version": "7.2.4",
    "valkey_version": "9.1.2",
    "used_memory": str(2 * MEGABYTE),
    "total_system_memory": str(256 * MEGABYTE),
    "maxmemory": "0",
    "maxmemory_policy": "noeviction",
    "connected_clients": "6",
    "maxclients": "128",
    "total_commands_processed": "3600",
    "uptime_in_seconds": "7200",
}
DEPLOYED = snapshot(mapping("jobs"), mapping("mails"), mapping("orders.fifo"))
PROCESSES = (
    Process("supervisor", 1, 10 * MEGABYTE),
    Process("endpoint worker 1", 7, 22 * MEGABYTE + MEGABYTE // 2),
    Process("karin-tui", 9, 38 * MEGABYTE),
)


def store(**info: str | None) -> StoreFacts:
    """Return a healthy store's facts with some changed; None takes one away."""
    told_info = {name: value for name, value in (INFO | info).items() if value is not None}
    return StoreFacts(info=told_info, save="", clock_ahead_ms=0)


def facts(seen: World) -> dict[str, str]:
    """Return each row's sign and text by its key, whose number is left out where the label comes once."""
    return {row.key.removesuffix(" 1"): signed(row) for row in check_view(VIEW, seen)}


def signed(row: Row) -> str:
    """Return a row's sign and text."""
    return f"{row.cells[0].text}{row.cells[2].text}"


def whole(**changed: Any) -> World:
    """Return a world of which everything is known and in order."""
    known: dict[str, Any] = {
        "store": store(), "processes": PROCESSES, "karin_started_at_ms": NOW.ms - 7_200_000,
        "spending": Spending(24, NOW.ms - 120_000),
    }  # fmt: skip
    return world(DEPLOYED, queue_state("jobs", ready=2, delayed=3, leased=1, due_in_ms=42_000), **(known | changed))


def test_everything_that_is_known_stands_there_and_nothing_is_wrong() -> None:
    told_facts = facts(whole())
    versions = told_facts.pop("versions")
    assert told_facts == {
        "scheduler": " 1 alive",
        "endpoint": " http://127.0.0.1:4000",
        "store": " embedded",
        "queues": " 1: 2 ready, 3 delayed, 1 in flight",
        "next due": " in 42s",
        "mappings": " 3, 3 served; synced 4m ago",
        "saved": " about 1,944,000 SQS requests a month: $0.38 beyond the million that is free",
        "started": " 2h ago, at 20:13:20",
        "memory": " 10.0 MB: supervisor, pid 1",
        "memory 2": " 22.5 MB: endpoint worker 1, pid 7",
        "memory 3": " 38.0 MB: karin-tui, pid 9",
        "memory 4": " 70.5 MB in all, this terminal UI included",
        "store is": " Valkey 9.1.2",
        "store memory": " 2.0 MB, without a limit of the 256 MB that its machine has",
        "evicts": " nothing: a full store refuses messages (noeviction)",
        "connections": " 6 of 128",
        "commands": " 3,600 since it started 2h ago, about 43,200 a day",
        "this UI cost": " 24 Redis commands in 2m, about 12 a minute",
    }
    assert versions.startswith(" karin ")
    assert ", Python 3." in versions
    assert ", Textual " in versions
    assert VIEW.needs == {Need.STORE, Need.PROCESSES}


def test_where_metrics_are_served_stands_there() -> None:
    view = StatusView(
        store_title="embedded", endpoint_url="http://127.0.0.1:4000", metrics_url="http://[::1]:9091/metrics"
    )
    assert [signed(row) for row in check_view(view, whole()) if row.cells[1].text == "metrics"] == [
        " http://[::1]:9091/metrics"
    ]


NOTHING_SAVED = " nothing: karin serves no mapping that AWS leaves alone"
OF_MACHINE = "without a limit of the 256 MB that its machine has"


@pytest.mark.parametrize(
    ("seen", "label", "text"),
    [
        (world(DEPLOYED, alive=0), "scheduler", "xnone alive: messages wait; see `karin up`"),
        (world(DEPLOYED, alive=2), "scheduler", " 2 alive"),
        (world(), "mappings", "!0, 0 served; nothing was synced yet"),
        (world(snapshot(mapping(state="Enabled"))), "mappings", "!1, 0 served; synced 4m ago"),
        (world(snapshot()), "mappings", " 0, 0 served; synced 4m ago"),
        (world(), "saved", NOTHING_SAVED),
        (world(snapshot(mapping(state="Enabled", served_anyway=True))), "saved", NOTHING_SAVED),
        (world(snapshot(mapping())), "saved", " about 648,000 SQS requests a month, within the million that is free"),
        (world(), "next due", " -"),
        (world(), "processes", " none here: karin runs on another machine, or in parts"),
        (whole(spending=Spending(1, NOW.ms - 5_000)), "this UI cost", " 1 Redis command in 5.0s"),
        (whole(store=StoreFacts(refusals={"INFO": "NOPERM"})), "store says", "!nothing of itself (INFO: NOPERM)"),
    ],
)
def test_a_fact_is_told_in_words_with_a_sign_where_something_is_wrong(seen: World, label: str, text: str) -> None:
    assert [signed(row) for row in check_view(VIEW, seen) if row.cells[1].text == label] == [text]


@pytest.mark.parametrize(
    ("info", "label", "text"),
    [
        ({"valkey_version": None}, "store is", " Redis 7.2.4"),
        ({"valkey_version": None, "redis_version": None}, "store is", " it does not tell"),
        ({"maxmemory": str(4 * MEGABYTE)}, "store memory", " 2.0 MB of 4.0 MB, 50%"),
        ({"maxmemory": str(5 * MEGABYTE // 2)}, "store memory", "!2.0 MB of 2.5 MB, 80%"),
        ({"maxmemory": str(2 * MEGABYTE)}, "store memory", "x2.0 MB of 2.0 MB, 100%"),
        ({"used_memory": str(120 * MEGABYTE)}, "store memory", f"x120 MB, {OF_MACHINE}"),
        ({"total_system_memory": None}, "store memory", " 2.0 MB, without a limit"),
        ({"used_memory": None}, "store memory", " it does not tell"),
        (
            {"maxmemory_policy": "allkeys-lru"},
            "evicts",
            "xallkeys-lru: when it is full it drops whole queues in silence, set noeviction",
        ),
        ({"maxmemory_policy": "volatile-lru"}, "evicts", " no message, only keys that expire (volatile-lru)"),
        ({"maxmemory_policy": None}, "evicts", "!it does not tell: see that it is noeviction"),
        ({"connected_clients": "120"}, "connections", "!120 of 128"),
        ({"maxclients": None}, "connections", " 6"),
        ({"uptime_in_seconds": "600"}, "commands", " 3,600 since it started 10m ago"),
        ({"total_commands_processed": None}, "commands", " it does not tell"),
    ],
)
def test_what_a_store_tells_is_put_in_words(info: dict[str, str | None], label: str, text: str) -> None:
    rows = check_view(VIEW, whole(store=store(**info)))
    assert [signed(row) for row in rows if row.cells[1].text == label] == [text]


def test_a_process_whose_memory_is_untold_makes_the_sum_a_lower_bound() -> None:
    seen = whole(processes=(PROCESSES[0], Process("store", 3, None)))
    rows = [signed(row) for row in check_view(VIEW, seen) if row.cells[1].text == "memory"]
    assert rows[1:] == [" untold: store, pid 3", " at least 10.0 MB in all, this terminal UI included"]


def test_where_the_system_tells_of_no_memory_there_is_no_sum() -> None:
    seen = whole(processes=(Process("store", 3, None),))
    rows = [signed(row) for row in check_view(VIEW, seen) if row.cells[1].text == "memory"]
    assert rows == [" untold: store, pid 3"]


def test_signs_have_colours() -> None:
    rows = {row.cells[1].text: row for row in check_view(VIEW, world(snapshot(mapping(state="Enabled")), alive=0))}
    assert [cell.style for cell in rows["scheduler"].cells] == ["bold red", "", "red"]
    assert [cell.style for cell in rows["mappings"].cells] == ["bold yellow", "", "yellow"]
    assert [cell.style for cell in rows["endpoint"].cells] == ["", "dim", ""]
    assert {sign.character for sign in VIEW.signs} == {"x", "!"}


def test_paused_mappings_and_warnings_are_named() -> None:
    unserved = mapping("mails", state="Enabled")
    pauses = {mapping("jobs").uuid: paused_by_user("", NOW.ms), "of a mapping that is gone": paused_by_user("", NOW.ms)}
    seen = world(snapshot(mapping("jobs"), unserved), pauses=pauses)
    told_facts = facts(seen)
    assert told_facts["paused"] == "!jobs -> work: messages wait, z resumes under Mappings"
    assert told_facts["warning"].startswith("!mapping mails -> work: AWS polls")


def test_two_warnings_are_two_rows_with_keys_of_their_own() -> None:
    seen = world(msgspec.structs.replace(snapshot(), warnings=("one", "two")))
    rows = [row for row in check_view(VIEW, seen) if row.cells[1].text == "warning"]
    assert [row.cells[2].text for row in rows] == ["one", "two"]
    assert [told(VIEW.detail(seen, row.key, NOW)) for row in rows] == [{"": "one"}, {"": "two"}]


def test_a_detail_has_what_a_narrow_terminal_cuts() -> None:
    seen = whole(store=store(maxmemory_policy="allkeys-lru"))
    row = next(row for row in check_view(VIEW, seen) if row.cells[1].text == "evicts")
    detail = VIEW.detail(seen, row.key, NOW)
    assert detail is not None
    assert (detail.title, detail.raw, detail.subject.text) == ("evicts", row.cells[2].text, row.cells[2].text)
    assert VIEW.detail(seen, "gone", NOW) is None


def test_before_the_status_is_read_there_are_no_rows() -> None:
    assert VIEW.rows(World(), NOW) is None
    assert VIEW.detail(World(), "scheduler 1", NOW) is None
    assert VIEW.empty(World())


def test_an_export_has_values_where_rows_have_words() -> None:
    exported = msgspec.json.decode(msgspec.json.encode(VIEW.facts(whole())))
    assert exported["messages"] == {"ready": 2, "in_flight": 1, "delayed": 3}
    assert exported["mappings_served"] == 3
    assert exported["saved_a_month"]["requests"] == 1_944_000
    assert exported["processes"][0] == {"name": "supervisor", "pid": 1, "pss_bytes": 10 * MEGABYTE}
    assert exported["store"]["info"]["valkey_version"] == "9.1.2"
    assert exported["spending"] == {"commands": 24, "since_ms": NOW.ms - 120_000}
    assert msgspec.json.encode(VIEW.facts(World()))


def test_textual_is_told_of_without_being_imported() -> None:
    assert vitals.versions()["Textual"][0].isdecimal()
    assert not hasattr(vitals, "textual")


@pytest.mark.parametrize(
    ("spent", "level", "empty_at_ms", "sign"),
    [
        (10, Level.NOTHING, None, " "),
        (60, Level.NOTHING, NOW.ms, "!"),
        (70, Level.TUI, None, "!"),
        (100, Level.SWEEP, NOW.ms, "x"),
    ],
)
def test_a_budget_has_a_row_with_a_sign_when_it_is_short(
    spent: int, level: Level, empty_at_ms: int | None, sign: str
) -> None:
    row = facts(whole(outlook=Outlook(100, False, spent, level, empty_at_ms)))["budget"]
    assert row.startswith(f"{sign}{spent} of 100 commands spent here since 00:00 UTC, {100 - spent} left;")
    assert "budget" not in facts(whole())
