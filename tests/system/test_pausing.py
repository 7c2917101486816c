"""``karin pause``, ``karin resume``, and what ``karin mappings`` shows of both."""

import json
import re
from typing import Any

import pytest
import redis

from karin.cli.main import EXIT_DONE, EXIT_FAILED, main
from karin.clock import SystemClock
from karin.mapping.pause import PausedBy, paused_by_karin, paused_by_user
from karin.store.store import Store
from tests.processes import bare_environ
from tests.scheduler.support import mapping, snapshot
from tests.store.support import OTHER, QUEUE

NOW_MS = 1_800_000_000_000
WORK, FIRST, SECOND = mapping(QUEUE, uuid="id-of-work"), mapping(OTHER, "first"), mapping(OTHER, "second")


class Commands:
    """Runs commands against one store."""

    def __init__(self, store_url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.environ = bare_environ(REDIS_URL=store_url)
        self._capsys = capsys

    def run(self, *arguments: str, exit_code: int = EXIT_DONE) -> str:
        """Run a command; return what it printed, errors when it is to fail."""
        assert main(arguments, self.environ) == exit_code
        printed = self._capsys.readouterr()
        return printed.out if exit_code == EXIT_DONE else printed.err

    def printed(self) -> str:
        """Return what was printed since the last look."""
        return self._capsys.readouterr().out

    def line_of(self, queue: str) -> str:
        """Return what ``karin mappings`` shows of a queue's mapping."""
        return next(line for line in self.run("mappings").splitlines() if line.startswith(queue))


@pytest.fixture
def commands(store_url: str, store: Store, capsys: pytest.CaptureFixture[str]) -> Commands:
    store.deployment.replace_snapshot(snapshot(WORK, FIRST, SECOND))
    return Commands(store_url, capsys)


def test_a_mapping_is_paused_and_resumed_by_its_queue_its_function_or_its_uuid(
    commands: Commands, store: Store
) -> None:
    for name in ("work", "work -> work", "id-of-work"):
        assert commands.run("pause", name, "--because", "deploying") == (
            "work -> work is paused: its messages wait until `karin resume work`\n"
        )
        pause = store.pauses.all()["id-of-work"]
        assert (pause.by, pause.reason, pause.until_ms) == (PausedBy.USER, "deploying", None)
        assert commands.line_of("work").endswith("paused: deploying; `karin resume` ends that")
        assert commands.run("resume", name) == "work -> work is resumed\n"
        assert commands.line_of("work").endswith("yes")
    assert commands.run("resume", "work") == "work -> work was not paused\n"


def test_a_name_must_mean_one_mapping(commands: Commands, store: Store) -> None:
    assert "'other -> first' or 'other -> second'" in commands.run("pause", "other", exit_code=EXIT_FAILED)
    assert "there is no mapping nowhere" in commands.run("resume", "nowhere", exit_code=EXIT_FAILED)
    assert store.pauses.all() == {}


def test_what_karin_paused_is_shown_with_its_reason_and_resumed_by_hand(commands: Commands, store: Store) -> None:
    store.pauses.pause("id-of-work", paused_by_karin(None, "allow lambda:InvokeFunction", NOW_MS))
    assert commands.line_of("work").endswith(": allow lambda:InvokeFunction")
    assert "paused, a call is tried again " in commands.line_of("work")
    assert commands.run("resume", "work") == "work -> work is resumed\n"


def test_scripts_get_json(commands: Commands) -> None:
    assert json.loads(commands.run("pause", "work", "--json")) == {"mapping": "id-of-work", "paused": True}
    shown = {one["uuid"]: one["paused"] for one in json.loads(commands.run("mappings", "--json"))}
    assert (shown["id-of-work"]["by"], shown[FIRST.uuid]) == ("user", None)
    assert json.loads(commands.run("resume", "work", "--json")) == {
        "mapping": "id-of-work", "paused": False, "was_paused": True,
    }  # fmt: skip


def status_lines(commands: Commands) -> list[str]:
    """Return what ``karin status`` says of mappings; nobody serves here, so it fails."""
    assert main(("status",), commands.environ) == EXIT_FAILED
    shown = commands.printed().splitlines()
    return [line for line in shown if line.startswith(("mappings", "paused"))]


def test_status_names_each_paused_mapping_with_its_reason_and_how_it_goes_on(commands: Commands, store: Store) -> None:
    (counted,) = status_lines(commands)
    assert counted.startswith("mappings   3, 3 served; synced ")
    commands.run("pause", "work", "--because", "deploying\x1b[2J\nsince noon")
    store.pauses.pause(FIRST.uuid, paused_by_karin(None, "allow lambda:InvokeFunction", SystemClock().now_ms()))
    store.pauses.pause("of-a-mapping-that-is-gone", paused_by_user("", NOW_MS))

    counted, *paused = status_lines(commands)

    assert counted.startswith("mappings   3, 3 served, 2 paused; synced ")
    by_hand, by_karin = paused
    assert re.fullmatch(
        r"paused     work -> work, (now|\ds ago): deploying\\x1b\[2J since noon; `karin resume work` ends that", by_hand
    )
    assert re.fullmatch(
        r"paused     other -> first, (now|\ds ago): allow lambda:InvokeFunction; a call is tried again in \d\ds",
        by_karin,
    )


def test_scripts_learn_from_status_what_is_paused(commands: Commands, store: Store) -> None:
    store.pauses.pause(FIRST.uuid, paused_by_karin(None, "allow lambda:InvokeFunction", NOW_MS))
    assert main(("status", "--json"), commands.environ) == EXIT_FAILED
    assert json.loads(commands.printed())["paused"] == [
        {
            "mapping": FIRST.uuid,
            "queue": "other",
            "function": "first",
            "by": "karin",
            "reason": "allow lambda:InvokeFunction",
            "since": "2027-01-15T08:00:00.000+00:00",
            "tried_again_at": "2027-01-15T08:00:30.000+00:00",
        }
    ]


def test_status_takes_no_more_than_one_command_for_pauses(commands: Commands, store: Store, raw: redis.Redis) -> None:
    before = commands_of(raw, "hgetall")
    status_lines(commands)
    assert commands_of(raw, "hgetall") - before == 2, "one for the schedulers' heartbeats, one for all pauses"
    commands.run("pause", "work")
    store.pauses.pause(FIRST.uuid, paused_by_user("", NOW_MS))
    before = commands_of(raw, "hgetall")
    assert len(status_lines(commands)) == 3
    assert commands_of(raw, "hgetall") - before == 2


def commands_of(raw: redis.Redis, name: str) -> int:
    """Return how often a command was called."""
    told: Any = raw.info("commandstats")
    return int(told.get(f"cmdstat_{name}", {}).get("calls", 0))
