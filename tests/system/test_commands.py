"""The commands as a person or a script runs them, against a running karin."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.processes import bare_environ
from tests.support import wait_until
from tests.system.person import person_at
from tests.system.whole import Karin, definition, running_karin


@pytest.fixture(scope="module")
def karin() -> Iterator[Karin]:
    """Run one karin for all commands."""
    with running_karin(KARIN_MAX_DELAY_SECONDS="3600", KARIN_MAX_QUEUE_BYTES="5000000") as running:
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


def test_a_healthy_karin_on_its_own_store_has_no_problems(karin: Karin) -> None:
    told = read_json(karin, "doctor")
    assert told["healthy"] is True
    codes = {one["code"] for one in told["findings"]}
    assert codes <= {"no-dead-letter-queue", "volatile-store"}  # the latter where tests run in a container


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
    done = karin.command("send", "hello", "-", "--delay", "15m", stdin="안녕 from a pipe")
    assert done.returncode == 0
    assert "due in 900 s" in done.stdout


def test_a_shell_that_knows_only_where_karin_lives_gets_what_its_settings_say(karin: Karin) -> None:
    bare = replace(karin, environ={"KARIN_HOME": str(karin.home), "AWS_REGION": "eu-west-1"})
    assert read_json(bare, "status")["max_queue_bytes"] == 5_000_000
    done = bare.command("send", "hello", "in an hour", "--delay", "1h")
    assert done.returncode == 0, done.stderr


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
        (("send", "hello", "x", "--delay", "3601"), 1, "DelaySeconds must be >= 0 and <= 3600"),
        (("send", "hello", "x", "--attribute", "novalue"), 2, "NAME=VALUE"),
        (("send", "\udcff", "x"), 2, "not UTF-8"),
        (("send", "helo", "x"), 1, "there is no queue helo: did you mean hello?"),
        (("send", "HELLO", "x"), 1, "did you mean hello?"),
        (
            ("send", "arn:aws:sqs:us-east-1:999999999999:hello", "x"),
            1,
            "in account 999999999999, but one in 000000000000: say arn:aws:sqs:us-east-1:000000000000:hello",
        ),
        (("send", "hello", "x", "--delay", "soon"), 2, "argument --delay: 'soon' is not a duration: say 90, 90s, 10m"),
        (("pause", "printr"), 1, "there is no mapping printr: did you mean printer?"),
        (("send", "hello"), 2, "the following arguments are required: BODY; `karin send --help` tells more"),
        (("nonsense",), 2, "there is no command nonsense: `karin --help` lists them"),
        (("stauts",), 2, "there is no command stauts: did you mean status?"),
    ],
)
def test_a_failing_command_says_what_happened_without_a_traceback(
    karin: Karin, arguments: tuple[str, ...], exit_code: int, words: str
) -> None:
    done = karin.command(*arguments)
    assert done.returncode == exit_code
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_a_command_its_help_is_shown_and_every_line_fits_a_terminal(karin: Karin) -> None:
    done = karin.command()
    assert (done.returncode, done.stdout) == (2, "")
    assert "  invocations  list the last calls of functions, newest first\n" in done.stderr
    assert max(map(len, done.stderr.splitlines())) <= 80


def test_shells_are_told_the_names_of_queues_and_mappings(karin: Karin) -> None:
    assert "hello" in karin.command("completion", "queues").stdout.splitlines()
    assert karin.command("completion", "mappings").stdout == "hello\n"


@pytest.mark.parametrize("name", ["arn:aws:sqs:us-east-1:000000000000:hello", "https://any.host/000000000000/hello"])
def test_a_queue_may_be_named_as_deployments_and_programs_name_it(karin: Karin, name: str) -> None:
    assert read_json(karin, "send", name, "named at length", "--delay", "900")["queue"] == "hello"


def test_a_message_for_a_fifo_queue_has_a_group_and_is_never_taken_for_a_repetition(karin: Karin) -> None:
    sqs = karin.sqs
    sqs.create_queue(QueueName="line.fifo", Attributes={"FifoQueue": "true"})
    digesting = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    sqs.create_queue(QueueName="digesting.fifo", Attributes=digesting)
    refused = karin.command("send", "line.fifo", "x")
    assert (refused.returncode, refused.stderr) == (2, "karin: line.fifo is a FIFO queue: say --group NAME\n")
    for queue, options, kept in (
        ("line.fifo", (), 2),
        ("line.fifo", ("--deduplication", "once"), 3),
        ("digesting.fifo", (), 1),
    ):
        for _ in range(2):
            read_json(karin, "send", queue, "x", "--group", "a", *options)
        assert len(read_json(karin, "messages", queue)["messages"]) == kept


def run_into(karin: Karin, output: str, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a shell that does something with its output; the exit code is the command's."""
    line = f'set -o pipefail; "$@" {output}'
    return subprocess.run(
        ["bash", "-c", line, "bash", sys.executable, "-m", "karin", *arguments],
        env=karin.environ | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_whoever_has_read_enough_hears_no_complaint(karin: Karin) -> None:
    done = run_into(karin, "| true", "queues")
    assert (done.returncode, done.stderr) == (1, "")


def test_an_output_that_cannot_be_written_is_said_in_one_line(karin: Karin) -> None:
    done = run_into(karin, "> /dev/full", "queues")
    assert (done.returncode, done.stderr) == (1, "karin: No space left on device\n")
    assert run_into(karin, ">&-", "queues").stderr == ""


def test_a_terminal_that_lacks_a_letter_shows_the_others(karin: Karin) -> None:
    assert karin.command("send", "hello", "안녕 hello", "--delay", "900").returncode == 0
    done = run_into(karin, "", "messages", "hello", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\uc548\ub155 hello" in done.stdout


def test_names_and_sentences_fit_a_terminal_and_are_whole_for_a_program(karin: Karin) -> None:
    reason = "waiting for the new version, which takes until Monday " * 3
    assert karin.command("pause", "hello", "--because", reason).returncode == 0
    with person_at(karin.environ, "mappings", columns=60) as person:
        shown = person.read_until("ends that")
    assert max(map(len, shown.splitlines())) <= 60
    assert f"paused: {reason.strip()}; `karin resume` ends that\n" in karin.command("mappings").stdout
    assert karin.command("resume", "hello").returncode == 0


def test_sync_takes_up_a_new_deployment_and_tells_what_changed(karin: Karin, tmp_path: Path) -> None:
    """The last one that has the functions: it stops them."""
    assert read_json(karin, "sync")["added"] == []
    karin.redeploy(definition(tmp_path, [{"name": "hello"}, {"name": "later"}]))
    report = read_json(karin, "sync")
    assert report["added"] == ["later -> printer"]
    assert report["created_queues"] == ["000000000000/later"]
    sent = read_json(karin, "send", "later", "to the new queue")
    wait_until(lambda: sent["message_id"] in karin.delivered(), "the new queue is served without a restart")
    before = read_json(karin, "queues")
    assert {"hello", "later"} <= {queue["name"] for queue in before}
    karin.functions.stop()
    failed = karin.command("sync")
    assert failed.returncode == 1
    assert len(failed.stderr.splitlines()) == 1
    assert read_json(karin, "queues") == before


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
    assert "karin dev" not in done.stderr


def test_a_store_that_does_not_answer_is_told_with_what_to_look_at(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "karin", "status"],
        env=bare_environ(KARIN_HOME=str(tmp_path), REDIS_URL="redis://127.0.0.1:1"),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.endswith("Connection refused: check REDIS_URL, and that it runs\n")


@pytest.mark.quiet
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
