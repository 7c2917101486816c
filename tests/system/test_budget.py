"""A real karin whose commands of the day run short: what it gives up, in which order, and that messages never notice.

Its clock says six in the morning; the levels follow one another in the tests, as in a day.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import redis

from karin.budget.ledger import DAY_FILE
from karin.budget.levels import DAY_MS, Level
from karin.budget.opening import FOLDER
from tests.chaos.ledger import Wall
from tests.chaos.settable_clock import SettableClock
from tests.processes import free_port, status_of
from tests.support import wait_until
from tests.system.test_metrics import Metered
from tests.system.whole import definition, running_karin
from tests.tui.terminal import Terminal, terminal

HOUR_MS = 3_600_000
BUDGET = 800
SECONDS = 60
QUEUES = ["hello", *(f"idle-{number}" for number in range(12))]
MOST_CONNECTIONS = 6
KARIN_TUI = [str(Path(sys.executable).with_name("karin-tui"))]


@dataclass
class Day:
    """A karin with a budget, its clock, and someone who looks at it."""

    metered: Metered
    clock: SettableClock
    raw: "redis.Redis"
    sqs: Any
    screen: Terminal
    lines_before: int  # in the log

    @property
    def folder(self) -> Path:
        """Return where the ledger is."""
        (found,) = (self.metered.karin.home / FOLDER).iterdir()
        return found

    def level(self) -> Level:
        """Return what is given up."""
        return Level(json.loads((self.folder / DAY_FILE).read_bytes())["level"])

    def spent(self, role: str = "*") -> int:
        """Return what processes of a role have counted."""
        files = self.folder.glob(f"{role}-*.count")
        return sum(int.from_bytes(path.read_bytes(), "little") for path in files)

    def scripts(self) -> int:
        """Return how many scripts the store has run; what they do within counts under other names."""
        return int(self.raw.info("commandstats")["cmdstat_evalsha"]["calls"])

    def told(self) -> list[str]:
        """Return what the log says is given up."""
        lines = (self.metered.karin.home / "up.log").read_text().splitlines()[self.lines_before :]
        return [line for line in lines if "given up: " in line]

    def command(self, *arguments: str) -> str:
        """Return what a command of karin prints, which goes by the same clock.

        By that clock, when it was just set, the scheduler has not swept for long: then the status ends with 1.
        """
        command = [sys.executable, "-m", "karin", *arguments]
        done = subprocess.run(command, env=self.metered.karin.environ, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    def last_line(self) -> str:
        """Return the last line of the log that speaks of the budget."""
        lines = (self.metered.karin.home / "up.log").read_text().splitlines()
        return [line for line in lines if "Redis commands of this UTC day" in line][-1]

    def reach(self, level: Level, spend: Callable[[], object]) -> None:
        """Spend until something more is given up, and the scheduler says so."""

        def reached() -> bool:
            for _ in range(5):
                spend()
            return self.level() >= level

        wait_until(reached, f"{level.name} is given up", SECONDS)
        assert self.level() is level
        wait_until(lambda: len(self.told()) == level, f"it says so: {self.told()}", SECONDS)

    def check_health(self) -> None:
        """Do as a load balancer does."""
        assert status_of(f"{self.metered.karin.url}/healthz") == 200

    def await_sweeps(self, number: int) -> float:
        """Wait for sweeps; return how many seconds they took."""
        began = time.monotonic()
        target = self.spent("scheduler") + number
        wait_until(lambda: self.spent("scheduler") >= target, f"{number} sweeps", SECONDS)
        return time.monotonic() - began

    def deliver(self, number: int, delay_seconds: int = 0) -> None:
        """Send messages, and wait until all are delivered."""
        sqs = self.sqs
        sent = {
            sqs.send_message(QueueUrl="hello", MessageBody="ok", DelaySeconds=delay_seconds)["MessageId"]
            for _ in range(number)
        }
        wait_until(lambda: sent <= set(self.metered.karin.delivered()), f"{number} messages are delivered", SECONDS)


@pytest.fixture(scope="module")
def day() -> Iterator[Day]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/metrics"
    with TemporaryDirectory(prefix="karin-", dir="/tmp") as name, ExitStack() as stack:
        folder = Path(name)
        clock = SettableClock(folder, Wall())
        clock.turn(DAY_MS - time.time_ns() // 1_000_000 % DAY_MS + 5 * HOUR_MS)
        karin = stack.enter_context(
            running_karin(
                definition(folder / "functions", [{"name": queue} for queue in QUEUES], batch_size=1),
                **clock.environ,
                KARIN_REDIS_BUDGET=str(BUDGET),
                KARIN_SWEEP_INTERVAL="1",
                KARIN_METRICS_BIND=f"127.0.0.1:{port}",
            )
        )
        wait_until(lambda: status_of(url) == 200, "metrics are served", SECONDS)
        clock.turn(25 * HOUR_MS)  # what the start took is another day's
        wait_until(karin.is_healthy, "karin is healthy at six", SECONDS)
        lines_before = len(karin.log.read_text().splitlines())
        raw = stack.enter_context(redis.Redis(unix_socket_path=str(karin.home / "store.sock")))
        screen = stack.enter_context(terminal(folder, karin.environ))
        yield Day(Metered(karin, url), clock, raw, karin.client(), screen, lines_before)


def test_an_idle_karin_with_mapped_queues_holds_six_connections_at_most(day: Day) -> None:
    day.deliver(5)
    day.sqs.create_queue(QueueName="polled")
    day.sqs.receive_message(QueueUrl="polled", WaitTimeSeconds=1)  # its subscription stays open for a minute
    day.await_sweeps(1)
    held = [one for one in day.raw.client_list() if one["id"] != str(day.raw.client_id())]
    assert 4 <= len(held) <= MOST_CONNECTIONS, held


def test_with_enough_nothing_is_given_up_and_what_is_counted_is_what_is_sent(day: Day) -> None:
    assert day.level() is Level.NOTHING
    ran, spent = day.scripts(), day.spent()
    day.deliver(10)
    assert abs((day.scripts() - ran) - (day.spent() - spent)) <= 2  # a sweep between the two readings
    day.screen.start(KARIN_TUI, 100, 30)
    day.screen.shows("idle-0")
    seen = day.spent("visit")
    assert seen > 0
    day.deliver(1)
    wait_until(lambda: day.spent("visit") > seen, "the terminal reads by itself", SECONDS)


def test_first_the_terminal_reads_only_when_asked(day: Day) -> None:
    day.reach(Level.TUI, day.check_health)
    day.deliver(1)  # what it had begun, it ends
    day.await_sweeps(1)
    seen = day.spent("visit")
    day.deliver(1)
    day.await_sweeps(2)
    assert day.spent("visit") == seen
    day.screen.shows("ctrl+r reads (budget)")
    day.screen.press("C-r")
    wait_until(lambda: day.spent("visit") > seen, "it reads when it is asked", SECONDS)
    assert day.metered.value("karin_survey_age_seconds") < 3 * SECONDS
    day.sqs.create_queue(QueueName="seen")
    wait_until(lambda: 'queue="seen"' in day.metered.text(), "metrics still learn of queues", SECONDS)


def test_then_metrics_learn_nothing_new_of_queues(day: Day) -> None:
    day.reach(Level.METRICS, day.check_health)
    day.sqs.create_queue(QueueName="unseen")
    day.await_sweeps(2)
    assert 'queue="unseen"' not in day.metered.text()
    wait_until(lambda: day.metered.value("karin_survey_age_seconds") > 3, "the survey grows old", SECONDS)
    assert day.metered.value("karin_store_commands_budget") == BUDGET
    assert 0.55 * BUDGET <= day.metered.value("karin_store_commands_spent") <= 0.625 * BUDGET


def test_then_health_checks_are_answered_without_the_store(day: Day) -> None:
    day.reach(Level.HEALTH, day.check_health)
    day.check_health()
    spent = day.spent("endpoint")
    for _ in range(30):
        day.check_health()
    assert day.spent("endpoint") == spent


def test_at_last_every_other_sweep_is_left_out_while_messages_are_delivered_on_time(day: Day) -> None:
    day.reach(Level.SWEEP, lambda: day.deliver(1))
    day.await_sweeps(1)
    assert day.await_sweeps(2) > 2.5
    began, ran, spent = time.monotonic(), day.scripts(), day.spent()
    day.deliver(20, delay_seconds=1)
    # One for the send, two for the delivery; now and then a claim in vain; and a sweep every two seconds.
    most = 3.5 * 20 + 1 + (time.monotonic() - began) / 2 + 2
    assert 3 * 20 <= day.scripts() - ran <= most
    assert day.spent() - spent <= most
    told = json.loads(day.command("invocations", "--limit", "200", "--json"))
    assert len(told) > 30
    assert max(one["lateness_ms"] for one in told) < 5_000


def test_status_and_terminal_tell_it(day: Day) -> None:
    day.clock.turn(2 * 60_000)  # a pace is told after a minute
    told = json.loads(day.command("status", "--json"))["budget"]
    assert told["given_up"] == ["tui", "metrics", "health", "sweep"]
    assert (told["commands_a_day"], told["told_by"], told["refused"]) == (BUDGET, "KARIN_REDIS_BUDGET", False)
    assert told["left"] == BUDGET - told["spent"] > 0
    assert told["empty_at"]
    said = day.command("status")
    assert "every other sweep and regular syncs are left out" in " ".join(said.split())
    day.screen.type("8")
    day.screen.shows("of 800 commands")


def test_at_midnight_everything_comes_back(day: Day) -> None:
    seen = day.spent("visit")
    day.clock.turn(18 * HOUR_MS)
    wait_until(lambda: "nothing is given up any more" in day.last_line(), "the log says so", SECONDS)
    assert day.level() is Level.NOTHING
    wait_until(lambda: day.spent("visit") > seen, "the terminal reads by itself", SECONDS)
    wait_until(lambda: 'queue="unseen"' in day.metered.text(), "metrics learn of the queue", SECONDS)
    spent = json.loads(day.command("status", "--json"))["budget"]["spent"]
    assert spent < 0.25 * BUDGET
    given_up = [len(re.findall(r"[,:] (?:karin-tui|metrics|/healthz|every)", line)) for line in day.told()]
    assert given_up == [1, 2, 3, 4]
