"""The ledger: what several processes count is added up by the day, and outlives all of them."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from karin.budget.ledger import DAY_FILE, Ledger
from karin.budget.levels import DAY_MS, Level, Outlook
from karin.budget.opening import open_ledger
from karin.budget.words import budget, change
from karin.clock import SystemClock
from karin.settings import Settings
from karin.store.faults import QUOTA, Faults
from tests.clocks import ManualClock

MIDNIGHT_MS = 20_000 * DAY_MS
HOUR = 3_600
DAILY = "max daily request limit exceeded. Limit: 10000, Usage: 10001. See https://upstash.com/docs"
COUNTER = """
import sys
from pathlib import Path
from karin.budget.ledger import Ledger
from karin.clock import SystemClock
Ledger(Path(sys.argv[1]), 100, SystemClock()).cells("endpoint")[0] += int(sys.argv[2])
"""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MIDNIGHT_MS + 6 * HOUR * 1000)


def seen(ledger: Ledger) -> Outlook:
    """Return what a ledger with a budget tells."""
    outlook = ledger.look()
    assert outlook
    return outlook


def test_what_processes_count_is_added_up_and_outlives_them(tmp_path: Path, clock: ManualClock) -> None:
    ledger = Ledger(tmp_path, 1_000, clock)
    assert seen(ledger).spent == 0
    own = ledger.cells("scheduler")
    own[0] += 30
    for _ in range(2):
        subprocess.run([sys.executable, "-c", COUNTER, str(tmp_path), "100"], check=True)
    assert seen(ledger).spent == 230
    assert len(list(tmp_path.glob("endpoint-*"))) == 1  # the second went on where the first ended
    assert seen(Ledger(tmp_path, 1_000, clock)) == seen(ledger)


def test_a_day_begins_at_midnight_utc_with_nothing_spent(tmp_path: Path, clock: ManualClock) -> None:
    ledger = Ledger(tmp_path, 1_000, clock)
    seen(ledger)
    cells = ledger.cells("endpoint")
    cells[0] += 900
    assert (seen(ledger).level, seen(ledger).left) == (Level.SWEEP, 100)
    clock.advance(seconds=18 * HOUR - 1)
    assert seen(ledger).spent == 900
    clock.advance(seconds=1)
    assert (seen(ledger).level, seen(ledger).spent) == (Level.NOTHING, 0)
    cells[0] += 5
    clock.advance(seconds=HOUR)
    assert seen(ledger).spent == 5


def test_a_level_is_kept_by_whoever_looks_next(tmp_path: Path, clock: ManualClock) -> None:
    ledger = Ledger(tmp_path, 1_000, clock)
    seen(ledger)
    ledger.cells("endpoint")[0] += 450
    assert seen(ledger).level is Level.TUI
    clock.advance(seconds=HOUR // 2)  # below the line, but not far below
    assert seen(Ledger(tmp_path, 1_000, clock)).level is Level.TUI
    clock.advance(seconds=4 * HOUR)
    assert seen(ledger).level is Level.NOTHING


def test_the_limit_is_learned_from_a_refusal_and_kept(tmp_path: Path, clock: ManualClock) -> None:
    ledger = Ledger(tmp_path, None, clock)
    cells = ledger.cells("endpoint")
    assert ledger.look() is None
    faults = Faults(logging.getLogger("test"), charged=cells, when_used_up=ledger.refused)
    faults.failed(QUOTA, DAILY, "GET")
    refused = seen(ledger)
    assert (refused.commands_a_day, refused.left, refused.level) == (10_000, 0, Level.SWEEP)
    assert refused.is_told
    assert refused.is_refused
    clock.advance(seconds=18 * HOUR)
    fresh = seen(Ledger(tmp_path, None, clock))
    assert (fresh.commands_a_day, fresh.left, fresh.level, fresh.is_refused) == (10_000, 10_000, Level.NOTHING, False)


def test_a_told_limit_that_is_passed_without_a_refusal_is_forgotten(tmp_path: Path, clock: ManualClock) -> None:
    ledger = Ledger(tmp_path, None, clock)
    cells = ledger.cells("endpoint")
    ledger.refused(DAILY)
    clock.advance(seconds=DAY_MS // 1000)
    assert seen(ledger).commands_a_day == 10_000
    cells[0] += 10_100
    assert seen(ledger).commands_a_day == 10_000
    cells[0] += 200
    assert ledger.look() is None


def test_a_setting_counts_more_than_what_was_told(tmp_path: Path, clock: ManualClock) -> None:
    ledger = Ledger(tmp_path, None, clock)
    ledger.cells("endpoint")
    ledger.refused(DAILY)
    found = seen(Ledger(tmp_path, 2_000, clock))
    assert (found.commands_a_day, found.is_told, found.left) == (2_000, False, 0)


def test_a_file_that_is_no_day_is_begun_anew(tmp_path: Path, clock: ManualClock) -> None:
    ledger = Ledger(tmp_path, 1_000, clock)
    ledger.cells("endpoint")[0] += 7
    (tmp_path / DAY_FILE).write_text('{"day": "x"')
    assert seen(ledger).spent == 0
    assert json.loads((tmp_path / DAY_FILE).read_bytes())["counted_before"] == {"endpoint-0.count": 7}


def test_where_nothing_can_be_written_nobody_is_kept_from_working(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "budget").write_text("a file where the folder should be")
    ledger = Ledger(tmp_path / "budget", 1_000, clock)
    ledger.cells("endpoint")[0] += 1
    assert "are not counted for KARIN_REDIS_BUDGET" in caplog.text
    ledger.refused(DAILY)
    assert seen(ledger).spent == 0


def test_who_only_looks_leaves_no_trace(tmp_path: Path, clock: ManualClock) -> None:
    ledger = Ledger(tmp_path / "elsewhere", 1_000, clock)
    assert not ledger.is_kept
    assert seen(ledger).spent == 0
    assert not (tmp_path / "elsewhere").exists()


def test_for_a_store_on_this_machine_nothing_is_kept_unless_it_is_asked_for(tmp_path: Path) -> None:
    clock = SystemClock()
    assert open_ledger(Settings(home=tmp_path), clock) is None
    assert open_ledger(Settings(home=tmp_path, redis_url="unix:///run/redis.sock"), clock) is None
    assert open_ledger(Settings(home=tmp_path, redis_budget=5), clock)
    assert open_ledger(Settings(home=tmp_path, redis_url="redis://elsewhere"), clock)


def test_another_store_has_a_ledger_of_its_own_and_another_password_has_not(tmp_path: Path, clock: ManualClock) -> None:
    def at(url: str) -> Ledger:
        ledger = open_ledger(Settings(home=tmp_path, redis_url=url), clock)
        assert ledger
        return ledger

    ledger = at("rediss://default:old@small.example.com:6379")
    ledger.cells("endpoint")[0] += 1
    ledger.refused(DAILY)
    assert seen(at("rediss://default:new@small.example.com:6379")).left == 0
    assert at("rediss://default:old@large.example.com:6379").look() is None


def test_it_is_told_in_one_line(tmp_path: Path, clock: ManualClock) -> None:
    ledger = Ledger(tmp_path, 16_000, clock)
    cells = ledger.cells("endpoint")
    seen(ledger)
    clock.advance(seconds=HOUR)
    assert budget(seen(ledger)) == (
        "0 of 16,000 commands spent here since 00:00 UTC, 16,000 left; enough until 00:00 UTC at this pace;"
        " nothing is given up"
    )
    cells[0] += 10_000
    assert budget(seen(ledger)) == (
        "10,000 of 16,000 commands spent here since 00:00 UTC, 6,000 left; enough until 07:36 UTC at this pace;"
        " given up: karin-tui reads only when asked, metrics learn nothing new of queues"
    )
    assert change(seen(ledger)).endswith("; messages are taken and delivered as ever")
    ledger.refused("max requests limit exceeded. Limit: 500000, Usage: 500000")
    assert "the store refuses: its plan is used up" in budget(seen(ledger))
    assert "\n" not in budget(seen(ledger)) + change(seen(ledger))
