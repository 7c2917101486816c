"""``karin handover`` between a real store and a real queue in moto, killed at the worst moments in both directions."""

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
import redis
from botocore.exceptions import ClientError

from karin.aws.catalog import AwsCatalog
from karin.aws.real_queue import AwsQueue
from karin.cli.main import main
from karin.clock import SystemClock
from karin.mapping.pause import PausedBy
from karin.operations import syncing
from karin.operations.context import Context
from karin.operations.handing_over import LEASE_MS
from karin.operations.one_handover import HELD_MS
from karin.operations.remaining import AHEAD_MS
from karin.settings import Settings
from karin.sqs.destination import Deposit, Deposited
from karin.sqs.message import Message, MessageAttribute
from karin.sqs.names import QueueId
from karin.sqs.queue_attributes import defaults_for
from karin.sqs.receipts import Receipt
from karin.store import keys
from karin.store.inspect import MessageState
from karin.store.messages import Outgoing, Settlement, Verdict
from karin.store.store import Store
from tests.aws_environ import point_aws_at
from tests.many.stores import raw_client
from tests.processes import bare_environ, running_endpoint, running_store
from tests.support import short_folder, wait_until
from tests.system.killing import Killer, killer_before
from tests.system.moto import ACCOUNT, REGION, Deployment, empty
from tests.system.person import person_at

JOBS, JOBS_FIFO = QueueId(ACCOUNT, "jobs"), QueueId(ACCOUNT, "jobs.fifo")


class Ended(NamedTuple):
    """What a command came to."""

    exit_code: int
    stdout: str
    stderr: str


@dataclass
class Between:
    """A deployment in moto and a store, with the environment of whoever moves messages between them."""

    deployment: Deployment
    moto_url: str
    environ: dict[str, str]
    store: Store
    raw: redis.Redis
    capsys: pytest.CaptureFixture[str]

    def now_ms(self) -> int:
        """Return what time it is."""
        return SystemClock().now_ms()

    def deploy(self, queue: QueueId, **mapping: Any) -> str:
        """Have a queue on both sides, mapped to a function and synced; return the mapping's UUID."""
        self.deployment.function("work", Timeout=5)
        arn = self.deployment.queue(queue.name, **({"FifoQueue": "true"} if queue.is_fifo else {}))
        uuid_ = self.deployment.mapping(arn, "work", **mapping)
        settings = Settings(home=Path("/nonexistent"), region=REGION)
        syncing.sync(Context.of(self.store, SystemClock(), settings), AwsCatalog())
        return uuid_

    def command(self, *arguments: str) -> Ended:
        """Run a command of karin in this process, whose own environment leads to moto."""
        self.capsys.readouterr()
        exit_code = main(arguments, self.environ)
        return Ended(exit_code, *self.capsys.readouterr())

    def killed(self, killer: Killer, url: str, *arguments: str) -> None:
        """Run a command of karin that is killed on its way."""
        with subprocess.Popen(
            [sys.executable, "-m", "karin", *arguments],
            env=self.environ | {"AWS_ENDPOINT_URL_SQS": url},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            killer.pid = process.pid
            assert process.wait(120) == -9

    @contextmanager
    def staying(self, queue: QueueId, *direction: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a handover that waits for what is in flight; it is killed in the end."""
        command = [sys.executable, "-m", "karin", "handover", queue.name, *direction, "--wait", "--yes"]
        with subprocess.Popen(command, env=self.environ, stdin=subprocess.DEVNULL) as process:
            try:
                wait_until(lambda: self.raw.exists(keys.handover(queue)), "it has begun", timeout_s=60)
                yield process
            finally:
                process.kill()

    def forget_handover(self, queue: QueueId) -> None:
        """Have it be as late as it takes until a handover is forgotten that was killed."""
        assert 0 < int(self.raw.pttl(keys.handover(queue))) <= HELD_MS
        self.raw.delete(keys.handover(queue))

    def send(self, queue: QueueId, *names: str, delay_ms: int = 0) -> None:
        """Send messages to karin; of a FIFO queue the first letter is the group, the name the deduplication id."""
        now_ms = self.now_ms()
        for name in names:
            fifo: dict[str, Any] = {"group_id": name[0], "deduplication_id": name} if queue.is_fifo else {}
            message = Message(str(uuid.uuid4()), name, now_ms, **fifo)
            self.store.messages.send(queue, now_ms, [Outgoing(message, len(name), delay_ms)])

    def send_there(self, queue: QueueId, *names: str) -> None:
        """Send messages to the real queue."""
        for name in names:
            fifo = {"MessageGroupId": name[0], "MessageDeduplicationId": name} if queue.is_fifo else {}
            self.deployment.sqs.send_message(QueueUrl=self.deployment.url(queue.name), MessageBody=name, **fifo)

    def there(self, queue: QueueId) -> list[str]:
        """Receive and delete all that the real queue has now; return the bodies in order."""
        sqs, url, found = self.deployment.sqs, self.deployment.url(queue.name), []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [one["Body"] for one in messages]
            for one in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return found

    def counts_there(self, queue: QueueId) -> tuple[int, int]:
        """Return how many messages are ready and delayed in the real queue."""
        waiting = AwsQueue(queue.arn(REGION)).waiting()
        return waiting.ready, waiting.delayed

    def show_again(self, queue: QueueId, killer: Killer) -> None:
        """Have the real queue show what it hid from others, as it does after two minutes."""
        sqs, url = self.deployment.sqs, self.deployment.url(queue.name)
        for handle in killer.handles:
            with suppress(ClientError):  # of those that were deleted
                sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)

    def here(self, queue: QueueId) -> list[str]:
        """Receive all that karin has now; return the bodies in order."""
        claim = self.store.messages.claim(queue, self.now_ms(), most=1_000, most_bytes=1 << 30)
        return [one.message.body for one in claim.messages]

    def end_leases(self, queue: QueueId) -> int:
        """Have what is in flight due again, as it is when its lease has ended; return how many messages that were."""
        page = self.store.views.messages(queue, self.now_ms(), most=100, state=MessageState.LEASED)
        receipts = [
            Receipt(
                queue, one.message.message_id, seen.receive_count, 0, one.message.group_id, one.message.sequence_number
            )
            for seen in page.messages
            for one in [self.store.views.message(queue, self.now_ms(), seen.message.message_id)]
        ]
        settlements = [Settlement(receipt, Verdict.RETRY, self.now_ms()) for receipt in receipts]
        self.store.messages.settle(queue, self.now_ms(), settlements)
        return len(page.messages)


@pytest.fixture(scope="module")
def handover_store_url() -> Iterator[str]:
    with short_folder() as home, running_store(Path(home)) as url:
        yield url


@pytest.fixture
def between(
    moto_url: str,
    handover_store_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Between:
    empty(moto_url)
    point_aws_at(monkeypatch, LAMBDA=moto_url, SQS=moto_url, IAM=moto_url)
    store = Store.open(handover_store_url, max_connections=1)
    store.copying.remove_all()
    environ = bare_environ(
        REDIS_URL=handover_store_url,
        KARIN_HOME="/nonexistent",
        AWS_REGION=REGION,
        AWS_ENDPOINT_URL_LAMBDA=moto_url,
        AWS_ENDPOINT_URL_SQS=moto_url,
    )
    raw = raw_client(handover_store_url)
    return Between(Deployment(), moto_url, environ, store, raw, capsys)


def test_a_queue_is_taken_to_sqs_with_its_delays_and_aws_is_told_how_to_go_on(between: Between) -> None:
    between.deploy(JOBS)
    between.send(JOBS, *(f"m{number}" for number in range(23)))
    between.send(JOBS, "soon", delay_ms=300_000)
    between.send(JOBS, "far", delay_ms=AHEAD_MS + 600_000)

    planned = json.loads(between.command("handover", "jobs", "--to-sqs", "--dry-run", "--json").stdout)
    assert (planned["would_hand_over"], planned["there"]["ready"]) == (24, 0)
    asked = between.command("handover", "jobs", "--to-sqs")
    assert (asked.exit_code, "Say --yes" in asked.stderr) == (2, True)
    done = between.command("handover", "jobs", "--to-sqs", "--yes", "--json")

    told = json.loads(done.stdout)
    assert (done.exit_code, told["handed_over"], told["refused"]) == (1, 24, {})
    assert told["remaining"] == {"ready": 0, "delayed": 1, "in_flight": 0}
    assert between.counts_there(JOBS) == (23, 1)
    assert sorted(between.there(JOBS)) == sorted(f"m{number}" for number in range(23))


def test_who_stays_until_all_is_there_is_told_how_to_switch_over(between: Between) -> None:
    mapping = between.deploy(JOBS)
    between.send(JOBS, "due")
    between.store.messages.claim(JOBS, between.now_ms(), most=1, most_bytes=1 << 20, visibility_ms=3_000)

    with person_at(between.environ, "handover", "jobs", "--to-sqs", "--wait") as person:
        person.read_until(f"over to arn:aws:sqs:{REGION}:{ACCOUNT}:jobs")
        person.type("y\n")
        shown = person.read_until("Terraform")
        assert person.process.wait(60) == 0

    assert "handed over 1 message of jobs" in shown
    assert f"aws lambda update-event-source-mapping --region {REGION} --uuid {mapping} --enabled" in shown
    assert between.there(JOBS) == ["due"]


def test_killed_on_the_way_to_sqs_nothing_is_lost_and_one_send_is_there_twice(between: Between) -> None:
    between.deploy(JOBS)
    between.send(JOBS, *(f"m{number}" for number in range(10)))
    between.send(JOBS, *(f"m{number}" for number in range(10, 15)), delay_ms=LEASE_MS // 2)
    between.send(JOBS, *(f"m{number}" for number in range(15, 25)), delay_ms=LEASE_MS * 2)
    with killer_before(between.moto_url, "SendMessageBatch", 2, before=False) as (killer, url):
        between.killed(killer, url, "handover", "jobs", "--to-sqs", "--yes")
    between.forget_handover(JOBS)

    told = json.loads(between.command("handover", "jobs", "--to-sqs", "--yes", "--json").stdout)

    assert (told["handed_over"], told["remaining"]) == (15, {"ready": 0, "delayed": 0, "in_flight": 0})
    assert between.counts_there(JOBS) == (10, 25)


def test_killed_on_the_way_to_sqs_a_fifo_queue_keeps_order_and_has_nothing_twice(between: Between) -> None:
    mapping = between.deploy(JOBS_FIFO)
    names = [f"{'abc'[number % 3]}{number:02d}" for number in range(24)]
    between.send(JOBS_FIFO, *names)
    with killer_before(between.moto_url, "SendMessageBatch", 3, before=False) as (killer, url):
        between.killed(killer, url, "handover", "jobs.fifo", "--to-sqs", "--yes")
    between.end_leases(JOBS_FIFO)
    between.forget_handover(JOBS_FIFO)

    done = between.command("handover", "jobs.fifo", "--to-sqs", "--yes")

    assert done.exit_code == 0, done.stdout + done.stderr
    assert "work stays paused here: `karin resume jobs.fifo` ends that" in done.stdout
    assert between.store.pauses.all()[mapping].by is PausedBy.USER
    there = between.there(JOBS_FIFO)
    assert sorted(there) == sorted(names)
    for group in "abc":
        assert [one for one in there if one[0] == group] == [one for one in names if one[0] == group]


@pytest.mark.parametrize(("queue", "before"), [(JOBS, True), (JOBS_FIFO, False)], ids=["standard", "fifo"])
def test_killed_on_the_way_from_sqs_nothing_is_lost_and_nothing_is_here_twice(
    between: Between, queue: QueueId, *, before: bool
) -> None:
    between.deploy(queue)
    names = [f"{'abc'[number % 3]}{number:02d}" for number in range(24)]
    between.send_there(queue, *names)
    with killer_before(between.moto_url, "DeleteMessageBatch", 2, before=before) as (killer, url):
        between.killed(killer, url, "handover", queue.name, "--from-sqs", "--yes")
    between.show_again(queue, killer)
    between.forget_handover(queue)

    done = between.command("handover", queue.name, "--from-sqs", "--yes", "--json")

    told = json.loads(done.stdout)
    assert (done.exit_code, told["left"]) == (0, {"ready": 0, "delayed": 0, "leased": 0})
    here = between.here(queue)
    assert sorted(here) == sorted(names)
    if queue.is_fifo:
        for group in "abc":
            assert [one for one in here if one[0] == group] == [one for one in names if one[0] == group]


def test_a_queue_is_handed_over_by_one_process_at_a_time_and_by_the_next_when_that_was_killed(between: Between) -> None:
    between.deploy(JOBS)
    between.send(JOBS, "in flight")
    between.store.messages.claim(JOBS, between.now_ms(), most=1, most_bytes=1 << 20, visibility_ms=600_000)
    others = (["handover", "jobs", "--to-sqs"], ["handover", "jobs", "--from-sqs"], ["doctor", "--import", "jobs"])

    with between.staying(JOBS, "--to-sqs") as first:
        for command in others:
            refused = between.command(*command, "--yes")
            assert (refused.exit_code, len(refused.stderr.splitlines())) == (1, 1)
            assert "another handover of jobs is under way" in refused.stderr
        assert between.command("handover", "jobs", "--from-sqs", "--dry-run").exit_code == 0
        assert first.poll() is None
    assert between.command("handover", "jobs", "--from-sqs", "--yes").exit_code == 1
    between.forget_handover(JOBS)
    between.end_leases(JOBS)

    assert between.command("handover", "jobs", "--to-sqs", "--yes").exit_code == 0
    assert between.there(JOBS) == ["in flight"]
    assert not between.raw.exists(keys.handover(JOBS))


def test_what_is_not_to_be_had_yet_in_sqs_is_told_and_waited_for(between: Between) -> None:
    between.deploy(JOBS)
    url = between.deployment.url("jobs")
    between.deployment.sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=3)
    planned = between.command("handover", "jobs", "--from-sqs", "--dry-run")
    assert "in SQS are 0 ready, 1 delayed, 0 in flight" in planned.stdout
    done = between.command("handover", "jobs", "--from-sqs", "--yes", "--wait")

    assert (done.exit_code, done.stdout) == (0, "imported 1 message into jobs\n")
    assert between.here(JOBS) == ["late"]


def test_a_queue_that_aws_polls_is_not_fetched_and_it_is_told_how_to_end_that(between: Between) -> None:
    uuid_ = between.deploy(JOBS, Enabled=True)

    done = between.command("handover", "jobs", "--from-sqs", "--yes")

    assert done.exit_code == 1
    assert f"aws lambda update-event-source-mapping --region {REGION} --uuid {uuid_} --no-enabled" in done.stderr


def test_a_queue_that_sqs_does_not_have_is_refused_in_one_line(between: Between) -> None:
    between.deploy(JOBS)
    between.store.queues.create(QueueId(ACCOUNT, "mine"), between.now_ms(), {}, defaults_for(fifo=False))

    done = between.command("handover", "mine", "--to-sqs", "--yes")

    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith("karin: SQS: ")


def test_karin_is_never_handed_over_to_karin_and_whatever_sqs_is_given_is_all_of_a_message(
    between: Between, handover_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """moto forgets trace headers of batches, so that another karin is the SQS for once."""
    between.deploy(JOBS)
    between.send(JOBS, "mine")
    with running_endpoint(handover_store_url, AWS_REGION=REGION, KARIN_ACCOUNT_ID=ACCOUNT) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", url)
        refused = between.command("handover", "jobs", "--to-sqs", "--yes")
        assert (refused.exit_code, "the SQS that answers is karin itself" in refused.stderr) == (1, True)
        sqs = boto3.client("sqs", region_name=REGION)
        sqs.purge_queue(QueueUrl="jobs")
        attributes = {
            "kind": MessageAttribute("String.mail", string_value="x"),
            "raw": MessageAttribute("Binary", binary_value=b"\x00"),
        }
        sent = Message(str(uuid.uuid4()), "body", 0, attributes=attributes, trace_header="Root=1", group_id="g")

        [became] = AwsQueue(JOBS.arn(REGION)).send([Deposit(sent)])
        [refusal] = AwsQueue(JOBS.arn(REGION)).send([Deposit(Message(sent.message_id, "\x00", 0))])

        [told] = sqs.receive_message(
            QueueUrl="jobs", MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"]
        )["Messages"]
    assert (became, refusal.is_refused) == (Deposited(told["MessageId"]), True)
    assert (told["Body"], told["Attributes"]["AWSTraceHeader"], told["Attributes"]["MessageGroupId"]) == (
        "body",
        "Root=1",
        "g",
    )
    assert told["MessageAttributes"] == {
        "kind": {"DataType": "String.mail", "StringValue": "x"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00"},
    }
