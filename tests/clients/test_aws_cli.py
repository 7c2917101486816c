"""The AWS CLI: what it prints and how it ends, in a process for each command, the first of which is its own program."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from karin.clock import SystemClock
from karin.store.store import Store
from tests.clients.conftest import QUEUE, Door, need
from tests.clients.sdks import HERE, INSTALLED, REGION, lacks
from tests.processes import bare_environ
from tests.store.support import counts, create

FAILED = 255  # how it ends when a service answers with an error
NO_PROXY_AT_ALL = "http://127.0.0.1:9"  # nothing answers there


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, and what it printed where."""

    code: int
    out: str
    err: str

    @property
    def printed(self) -> Any:
        """Return the JSON that it printed; fails when there is none or the command failed."""
        assert (self.code, self.err) == (0, "")
        return json.loads(self.out)


Aws = Callable[..., Ended]
Run = Callable[[list[str], dict[str, str]], Ended]
DONE = Ended(0, "", "")


def run_program(arguments: list[str], environ: dict[str, str]) -> Ended:
    """Run the CLI as it is installed."""
    aws = str(INSTALLED / "awscli" / "bin" / "aws")
    ended = subprocess.run([aws, *arguments], env=environ, capture_output=True, text=True, check=False)
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Return what runs a command in a process that has loaded the CLI already."""
    out, err = files = [tmp_path_factory.mktemp("aws") / name for name in ("out", "err")]
    command = [str(INSTALLED / "awscli" / "bin" / "python"), str(HERE / "forking_aws.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as host:
        jobs, codes = host.stdin, host.stdout
        assert jobs is not None
        assert codes is not None

        def run_forked(arguments: list[str], environ: dict[str, str]) -> Ended:
            for file in files:
                file.write_text("")
            job = {"arguments": arguments, "environ": environ, "out": str(out), "err": str(err)}
            jobs.write(json.dumps(job) + "\n")
            jobs.flush()
            return Ended(int(codes.readline()), out.read_text(), err.read_text())

        yield run_forked


def aws_sqs(run: Run, door: Door, *arguments: str, **variables: str) -> Ended:
    """Run ``aws sqs`` with arguments, signing with a door's keys, without retries and without a way to AWS."""
    keys = {"AWS_ACCESS_KEY_ID": door.key_id, "AWS_SECRET_ACCESS_KEY": door.secret, "AWS_DEFAULT_REGION": REGION}
    files = {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}
    environ = bare_environ(**keys, **files, AWS_MAX_ATTEMPTS="1", HTTPS_PROXY=NO_PROXY_AT_ALL, **variables)
    return run(["sqs", *arguments], environ)


@pytest.fixture(autouse=True, scope="module")
def _needs_aws_cli() -> None:
    need(lacks("awscli"))


def at(run: Run, door: Door) -> Aws:
    """Return ``aws sqs --endpoint-url ...``."""
    return lambda *arguments: aws_sqs(run, door, "--endpoint-url", door.endpoint, *arguments)


def test_a_message_goes_through_a_queue(run: Run, by_token: Door, store: Store) -> None:
    aws, url = at(run, by_token), by_token.queue_url()
    assert at(run_program, by_token)("create-queue", "--queue-name", QUEUE.name).printed == {"QueueUrl": url}
    attributes = '{"색": {"DataType": "String", "StringValue": "파랑"}}'
    sent = aws(
        "send-message", "--queue-url", url, "--message-body", "안녕 <&>\r\n", "--message-attributes", attributes
    ).printed
    [message] = aws("receive-message", "--queue-url", url, "--message-attribute-names", "All").printed["Messages"]
    assert message == {
        "MessageId": sent["MessageId"],
        "ReceiptHandle": message["ReceiptHandle"],
        "MD5OfBody": sent["MD5OfMessageBody"],
        "Body": "안녕 <&>\r\n",
        "MD5OfMessageAttributes": sent["MD5OfMessageAttributes"],
        "MessageAttributes": json.loads(attributes),
    }
    assert aws("delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"]) == DONE
    assert counts(store, SystemClock().now_ms()) == (0, 0, 0)
    assert aws("receive-message", "--queue-url", url) == DONE


def test_a_queue_is_looked_after(run: Run, signed: Door, store: Store) -> None:
    aws, url = at(run, signed), signed.queue_url()
    at_queue = ("--queue-url", url)
    create(store, SystemClock().now_ms())
    assert aws("list-queues").printed == {"QueueUrls": [url]}
    assert aws("set-queue-attributes", *at_queue, "--attributes", "VisibilityTimeout=90,DelaySeconds=60") == DONE
    read = aws("get-queue-attributes", *at_queue, "--attribute-names", "VisibilityTimeout", "DelaySeconds").printed
    assert read == {"Attributes": {"VisibilityTimeout": "90", "DelaySeconds": "60"}}
    assert aws("tag-queue", *at_queue, "--tags", "team=a&b,stage=test") == DONE
    assert aws("list-queue-tags", *at_queue).printed == {"Tags": {"team": "a&b", "stage": "test"}}
    entries = ("--entries", "Id=a,MessageBody=one", "Id=b,MessageBody=two,DelaySeconds=0")
    assert len(aws("send-message-batch", "--queue-url", QUEUE.name, *entries).printed["Successful"]) == 2
    assert counts(store, SystemClock().now_ms()) == (1, 0, 1)
    assert aws("purge-queue", *at_queue) == DONE
    assert counts(store, SystemClock().now_ms()) == (0, 0, 0)


def test_an_error_is_printed_with_its_code_and_ends_the_command_badly(run: Run, signed: Door) -> None:
    missing = at(run, signed)("get-queue-url", "--queue-name", "missing")
    assert missing == Ended(
        FAILED,
        "",
        "\nAn error occurred (AWS.SimpleQueueService.NonExistentQueue) when calling the GetQueueUrl operation:"
        " The specified queue does not exist.\n",
    )
    stranger = Door(signed.endpoint, signed.base_url, signed.key_id, "wrong-secret")
    refused = at(run, stranger)("list-queues")
    assert (refused.code, refused.out) == (FAILED, "")
    assert refused.err.startswith("\nAn error occurred (SignatureDoesNotMatch) when calling the ListQueues operation:")


def test_the_first_version_looks_for_sqs_at_aws_whatever_the_variable_says(run: Run, signed: Door) -> None:
    ended = aws_sqs(run, signed, "list-queues", AWS_ENDPOINT_URL_SQS=signed.endpoint)
    assert ended == Ended(FAILED, "", f'\nFailed to connect to proxy URL: "{NO_PROXY_AT_ALL}"\n')
