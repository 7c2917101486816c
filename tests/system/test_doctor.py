"""The doctor at a bedside: a deployment in moto, a real Valkey that may drop keys, and the command as it is run."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from karin.aws.real_queue import AwsQueue
from karin.cli.doctoring import COLUMNS
from karin.clock import SystemClock
from karin.mapping.pause import paused_by_user
from karin.operations.context import Context
from karin.operations.importing import Imported, import_messages
from karin.settings import Settings
from karin.sqs.names import QueueId
from karin.sqs.queue_attributes import defaults_for
from karin.sqs.source import Waiting
from karin.store.store import Store
from tests.aws_environ import point_aws_at
from tests.commands import run_command
from tests.processes import bare_environ, running_endpoint, running_store
from tests.system.moto import ACCOUNT, REGION, Deployment, ask_moto, empty
from tests.system.person import END_OF_INPUT, person_at

JOBS = QueueId(ACCOUNT, "jobs")


@dataclass
class Bedside:
    """A deployment, a store, and the environment of whoever calls the doctor."""

    deployment: Deployment
    moto_url: str
    environ: dict[str, str]
    store: Store

    def command(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of karin."""
        return run_command(self.environ | variables, *arguments)

    def findings(self, *, healthy: bool, **variables: str) -> dict[str, dict[str, Any]]:
        """Run the doctor and return its findings by code and subject."""
        done = self.command("doctor", "--json", **variables)
        assert done.returncode == (0 if healthy else 1), done.stderr
        told = json.loads(done.stdout)
        assert told["healthy"] is healthy
        return {f"{one['code']} {one['subject']}": one for one in told["findings"]}


@pytest.fixture
def bedside(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bedside]:
    """Give an empty deployment, and a store that keeps nothing on disk and drops any key when it is full."""
    empty(moto_url)
    point_aws_at(monkeypatch, LAMBDA=moto_url, SQS=moto_url, IAM=moto_url)
    with (
        tempfile.TemporaryDirectory(prefix="karin-", dir="/tmp") as home,
        running_store(Path(home), "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru") as store_url,
    ):
        environ = bare_environ(
            REDIS_URL=store_url,
            KARIN_HOME=home,
            AWS_REGION=REGION,
            AWS_ENDPOINT_URL_LAMBDA=moto_url,
            AWS_ENDPOINT_URL_SQS=moto_url,
        )
        yield Bedside(Deployment(), moto_url, environ, Store.open(store_url, max_connections=1))


def test_everything_that_is_wrong_is_found_explained_and_told_how_to_mend(bedside: Bedside) -> None:
    deployment = bedside.deployment
    deployment.function("work", Timeout=60)
    jobs = deployment.mapping(deployment.queue("jobs", VisibilityTimeout="90"), "work")
    large = {"BatchSize": 100, "MaximumBatchingWindowInSeconds": 1}
    deployment.mapping(deployment.queue("polled"), "work", Enabled=True, **large)
    bedside.command("sync")
    deployment.mapping(deployment.queue("late"), "work")
    deployment.awslambda.delete_function(FunctionName="work")
    deployment.sqs.send_message(QueueUrl=deployment.url("jobs"), MessageBody="lost?")
    bedside.store.pauses.pause(jobs, paused_by_user("\x1b[2J clears a screen", SystemClock().now_ms()))

    findings = bedside.findings(healthy=False)

    problems = {name for name, one in findings.items() if one["severity"] == "problem"}
    assert problems == {
        "no-scheduler scheduler",
        "stranded queue jobs",
        "out-of-date mappings",
        "polled-by-aws polled -> work",
        "function-uncallable function work",
        "eviction store",
        "no-persistence store",
    }
    assert "new: late -> work" in findings["out-of-date mappings"]["what"]
    assert findings["stranded queue jobs"]["what"].startswith("1 message in the real SQS queue")
    assert "karin doctor --import jobs" in findings["stranded queue jobs"]["fix"]
    assert {"no-dead-letter-queue queue jobs", "batch-over-6-mb batches"} <= set(findings)
    text = bedside.command("doctor").stdout
    assert max(map(len, text.splitlines())) <= COLUMNS
    assert ("\x1b" in text, "\\x1b[2J" in text) == (False, True)
    assert text.rstrip().endswith(f"{len(problems)} problems, {len(findings) - len(problems)} notes")


def test_with_nothing_but_notes_the_exit_code_is_zero(bedside: Bedside) -> None:
    deployment = bedside.deployment
    deployment.function("work", Timeout=60)
    deployment.mapping(deployment.queue("jobs", VisibilityTimeout="90"), "work")
    with (
        tempfile.TemporaryDirectory(prefix="karin-", dir="/tmp") as home,
        running_store(Path(home), "--appendonly", "yes") as url,
    ):
        Store.open(url, max_connections=1).sweeping.sweep([], "a scheduler", SystemClock().now_ms())
        bedside.command("sync", REDIS_URL=url)

        findings = bedside.findings(healthy=True, REDIS_URL=url)

    assert set(findings) == {"visibility-short queue jobs", "no-dead-letter-queue queue jobs"}


def test_a_store_that_does_not_answer_is_a_finding_like_any_other(bedside: Bedside) -> None:
    deployment = bedside.deployment
    deployment.function("work")
    deployment.mapping(deployment.queue("jobs"), "work")

    findings = bedside.findings(healthy=False, REDIS_URL="redis://127.0.0.1:9")

    assert findings["store-unavailable store"]["severity"] == "problem"
    assert "no-dead-letter-queue queue jobs" in findings


def test_an_aws_that_lets_nobody_in_is_a_finding_and_the_last_sync_is_examined(bedside: Bedside) -> None:
    deployment = bedside.deployment
    deployment.function("work")
    deployment.mapping(deployment.queue("jobs"), "work")
    bedside.command("sync")
    ask_moto(bedside.moto_url, "reset-auth", b"0")

    findings = bedside.findings(healthy=False)

    assert "AWS_ACCESS_KEY_ID" in findings["aws-unreadable AWS"]["why"]
    assert "function-uncallable function work" in findings
    assert "no-dead-letter-queue queue jobs" in findings


def test_karin_asking_itself_for_what_aws_knows_is_found(bedside: Bedside) -> None:
    deployment = bedside.deployment
    deployment.function("work")
    deployment.mapping(deployment.queue("jobs"), "work")
    bedside.command("sync")
    with running_endpoint(bedside.environ["REDIS_URL"], AWS_REGION=REGION) as url:
        findings = bedside.findings(healthy=False, AWS_ENDPOINT_URL_SQS=url)

        assert url in findings["sqs-is-karin environment"]["what"]
        bedside.command("send", "jobs", "mine")
        refused = bedside.command("doctor", "--import", "jobs", "--yes", AWS_ENDPOINT_URL_SQS=url)

    assert refused.returncode == 1
    assert "the SQS that answers is karin itself" in refused.stderr
    state = bedside.store.queues.describe(JOBS, SystemClock().now_ms())
    assert state.ready + state.leased == 1


def test_stranded_messages_are_imported_as_they_were_sent(bedside: Bedside) -> None:
    deployment = bedside.deployment
    deployment.function("work")
    deployment.mapping(deployment.queue("jobs"), "work")
    bedside.command("sync")
    url = deployment.url("jobs")
    color = {"color": {"DataType": "String", "StringValue": "blue"}}
    sent = [
        deployment.sqs.send_message(QueueUrl=url, MessageBody=f"m{number}", MessageAttributes=color)["MessageId"]
        for number in range(12)
    ]
    asked = bedside.command("doctor", "--import", "jobs")
    assert (asked.returncode, "Say --yes" in asked.stderr) == (2, True)

    done = bedside.command("doctor", "--import", "jobs", "--yes", "--json")

    assert json.loads(done.stdout) == {
        "queue": "jobs", "imported": 12, "undeleted": 0, "left": {"ready": 0, "delayed": 0, "leased": 0},
    }  # fmt: skip
    taken = bedside.store.messages.claim(JOBS, SystemClock().now_ms(), most=20, most_bytes=1 << 20).messages
    assert {one.message.message_id for one in taken} == set(sent)
    assert {one.message.attributes["color"].string_value for one in taken} == {"blue"}
    again = bedside.command("doctor", "--import", "jobs", "--yes")
    assert again.stdout == "imported 0 messages into jobs\n"


def test_a_person_is_asked_before_an_import_and_told_who_is_called(bedside: Bedside) -> None:
    deployment = bedside.deployment
    deployment.function("work")
    deployment.mapping(deployment.queue("jobs"), "work")
    bedside.command("sync")
    nothing = bedside.command("doctor", "--import", "jobs")
    assert (nothing.returncode, nothing.stdout) == (0, "imported 0 messages into jobs\n"), nothing.stderr
    for number in range(12):
        deployment.sqs.send_message(QueueUrl=deployment.url("jobs"), MessageBody=f"m{number}")
    question = "Move 12 messages of jobs out of the real SQS into karin, and call work with them at once? [y/N] "
    for answer in (END_OF_INPUT, "\n"):
        with person_at(bedside.environ, "doctor", "--import", "jobs") as person:
            person.read_until(question)
            person.type(answer)
            shown = person.read_until("karin: nothing was imported\r\n")
            assert "\x1b" not in shown, "the question stays to be read"
            assert person.process.wait(20) == 1
    with person_at(bedside.environ, "doctor", "--import", "jobs") as person:
        person.read_until(question)
        person.type("y\n")
        person.read_until("imported 12 messages into jobs\r\n")
        assert person.process.wait(20) == 0


def test_a_fifo_queue_is_imported_with_groups_order_and_what_came_along(bedside: Bedside) -> None:
    deployment = bedside.deployment
    deployment.queue("jobs.fifo", FifoQueue="true")
    sqs, url, queue = deployment.sqs, deployment.url("jobs.fifo"), QueueId(ACCOUNT, "jobs.fifo")
    for number in range(6):
        sqs.send_message(
            QueueUrl=url,
            MessageBody=f"m{number}",
            MessageGroupId="ab"[number % 2],
            MessageDeduplicationId=f"d{number}",
            MessageAttributes={"raw": {"DataType": "Binary", "BinaryValue": b"\x00"}},
            MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}},
        )
    now_ms = SystemClock().now_ms()
    bedside.store.queues.create(queue, now_ms, {}, defaults_for(fifo=True))
    context = Context.of(bedside.store, SystemClock(), Settings(home=Path("/nonexistent"), region=REGION))
    source = AwsQueue(queue.arn(REGION))
    assert source.waiting() == Waiting(6, 0, 0)

    assert import_messages(context, queue, source) == Imported(6)

    assert source.waiting() == Waiting(0, 0, 0)
    claim = bedside.store.messages.claim(queue, SystemClock().now_ms(), most=10, most_bytes=1 << 20)
    taken = [one.message for one in claim.messages]
    assert sorted((one.group_id, one.body, one.deduplication_id) for one in taken) == [
        ("a", "m0", "d0"), ("a", "m2", "d2"), ("a", "m4", "d4"),
        ("b", "m1", "d1"), ("b", "m3", "d3"), ("b", "m5", "d5"),
    ]  # fmt: skip
    assert {(one.attributes["raw"].binary_value, one.trace_header) for one in taken} == {(b"\x00", "Root=1")}
    assert all(abs(one.sent_at_ms - now_ms) < 60_000 for one in taken)


def test_a_queue_that_aws_delivers_from_is_not_imported(bedside: Bedside) -> None:
    deployment = bedside.deployment
    deployment.function("work")
    deployment.mapping(deployment.queue("jobs"), "work", Enabled=True)
    bedside.command("sync")

    refused = bedside.command("doctor", "--import", "jobs", "--yes")

    assert refused.returncode == 1
    assert "AWS delivers the messages of jobs itself" in refused.stderr


def test_a_mapping_that_aws_polls_is_served_when_a_person_says_so(bedside: Bedside) -> None:
    deployment = bedside.deployment
    deployment.function("work")
    deployment.mapping(deployment.queue("jobs"), "work", Enabled=True)
    planned = bedside.command("sync", "--dry-run")
    assert "new: jobs -> work" in planned.stdout
    assert bedside.store.deployment.snapshot() is None
    bedside.command("sync")
    assert "no: AWS polls it" in bedside.command("mappings").stdout
    assert bedside.command("serve", "jobs").returncode == 2

    done = bedside.command("serve", "jobs", "--yes")

    assert done.returncode == 0, done.stderr
    assert "`karin serve jobs --undo` ends that" in done.stdout
    assert "yes, and AWS polls it too" in bedside.command("mappings").stdout
    assert "polled-and-served jobs -> work" in bedside.findings(healthy=False)
    bedside.command("serve", "jobs", "--undo")
    assert "no: AWS polls it" in bedside.command("mappings").stdout
