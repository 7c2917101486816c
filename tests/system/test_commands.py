"""The commands as a person or a script runs them, against a running karin."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import bare_environ
from tests.support import wait_until
from tests.system.whole import Karin, definition, running_karin


@pytest.fixture(scope="module")
def karin() -> Iterator[Karin]:
    """Run one karin for all commands."""
    with running_karin() as running:
        yield running


def read_json(karin: Karin, *arguments: str) -> Any:
    """Run a command with ``--json`` and return what it printed."""
    done = karin.command(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_status_tells_that_all_is_well(karin: Karin) -> None:
    facts = read_json(karin, "status")
    assert facts["schedulers_alive"] == 1
    assert facts["mappings"] == facts["mappings_served"] == 1
    done = karin.command("status")
    assert done.returncode == 0
    assert "1 alive" in done.stdout


def test_queues_mappings_and_functions_show_the_deployment(karin: Karin) -> None:
    (queue,) = read_json(karin, "queues")
    assert (queue["name"], queue["feeds"]) == ("hello", ["printer"])
    (mapping,) = read_json(karin, "mappings")
    assert mapping["queue_arn"] == "arn:aws:sqs:us-east-1:000000000000:hello"
    (function,) = read_json(karin, "functions")
    assert (function["name"], function["timeout_seconds"]) == ("printer", 3)
    for command, words in (("queues", "hello"), ("mappings", "hello"), ("functions", "printer")):
        assert words in karin.command(command).stdout


def test_send_delivers_and_tells_the_message_id(karin: Karin) -> None:
    sent = read_json(karin, "send", "hello", "from the command line", "--attribute", "color=blue")
    wait_until(lambda: sent["message_id"] in karin.delivered(), "the message is delivered")


def test_send_reads_the_body_from_standard_input(karin: Karin) -> None:
    done = karin.command("send", "hello", "-", "--delay", "900", stdin="안녕 from a pipe")
    assert done.returncode == 0
    assert "due in 900 s" in done.stdout


def test_purge_asks_and_so_refuses_where_nobody_can_be_asked(karin: Karin) -> None:
    karin.command("send", "hello", "waits", "--delay", "900")
    refused = karin.command("purge", "hello")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert read_json(karin, "queues")[0]["delayed"] >= 1
    done = karin.command("purge", "hello", "--yes")
    assert done.returncode == 0
    assert read_json(karin, "queues")[0]["delayed"] == 0


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (("send", "nowhere", "x"), 1, "there is no queue nowhere"),
        (("send", "hello", ""), 1, "MessageBody"),
        (("send", "hello", "\udcff"), 1, "Invalid characters found"),  # a byte that is no UTF-8
        (("send", "hello", "x", "--delay", "901"), 1, "DelaySeconds must be >= 0 and <= 900"),
        (("send", "hello", "x", "--attribute", "novalue"), 2, "NAME=VALUE"),
        (("nonsense",), 2, "invalid choice"),
    ],
)
def test_a_failing_command_says_what_happened_without_a_traceback(
    karin: Karin, arguments: tuple[str, ...], exit_code: int, words: str
) -> None:
    done = karin.command(*arguments)
    assert done.returncode == exit_code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_sync_takes_up_a_new_deployment_and_tells_what_changed(tmp_path: Path) -> None:
    with running_karin() as running:
        assert read_json(running, "sync")["added"] == []
        running.redeploy(definition(tmp_path, [{"name": "hello"}, {"name": "later"}]))
        report = read_json(running, "sync")
        assert report["added"] == ["later -> printer"]
        assert report["created_queues"] == ["000000000000/later"]
        sent = read_json(running, "send", "later", "to the new queue")
        wait_until(lambda: sent["message_id"] in running.delivered(), "the new queue is served without a restart")
        running.functions.stop()
        failed = running.command("sync")
        assert failed.returncode == 1
        assert len(failed.stderr.splitlines()) == 1
        assert [queue["name"] for queue in read_json(running, "queues")] == ["hello", "later"]


def test_a_command_says_so_when_no_karin_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "karin", "status"],
        env=bare_environ(KARIN_HOME=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("karin: karin is not running here")


@pytest.mark.alone
def test_the_demo_delivers_both_messages_on_time_and_leaves_nothing_running() -> None:
    before = processes_of_demos()
    done = subprocess.run(
        [sys.executable, "-m", "karin", "demo"],
        env=bare_environ(),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"hello" was sent second and arrived first' in done.stdout
    assert processes_of_demos() == before


def processes_of_demos() -> set[Path]:
    """Return the processes that were started by any demo, also by one that a person keeps."""
    return {path.parent for path in Path("/proc").glob("[0-9]*/environ") if "karin-demo-" in read_quietly(path)}


def read_quietly(path: Path) -> str:
    """Return a file of /proc, or nothing when its process has just ended."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
