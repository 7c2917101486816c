"""A ``karin dev`` as people run it, on copies of the examples, and karin's other commands beside it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.commands import run_command
from tests.patient import patient_sqs
from tests.processes import bare_environ
from tests.support import wait_until

EXAMPLES = Path(__file__).parents[2] / "examples"
READY = "Ctrl-C ends it."
COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")
IN_CI = os.environ.get("CI") == "true"  # noqa: TID251 - nothing may be lacking there
DevT = TypeVar("DevT", bound="Dev")
needs_node = pytest.mark.skipif(shutil.which("node") is None and not IN_CI, reason="there is no node on PATH")


@dataclass
class Dev:
    """A ``karin dev`` that runs on a copy of an example."""

    project: Path
    state: Path
    output: Path
    port: int
    arguments: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    stopped: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it says that everything runs."""
        environ = bare_environ(
            KARIN_BIND=f"127.0.0.1:{self.port}", XDG_STATE_HOME=str(self.state), HOME=str(self.state)
        )
        environ |= self.variables
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "karin", "dev", str(self.project), *self.arguments],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running = self.process
        wait_until(lambda: READY in self.printed() or running.poll() is not None, "karin dev is ready", 40)
        assert running.poll() is None, self.printed()

    def stop(self) -> int:
        """Press Ctrl-C; return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(40)

    def clean_up(self) -> None:
        """End it, whatever became of it."""
        if self.process is not None and self.process.poll() is None:
            self.stop()

    def printed(self) -> str:
        """Return what it has shown until now."""
        return self.output.read_text()

    def wait_for(self, pattern: str, timeout_s: float = 20) -> "re.Match[str]":
        """Wait until it shows a line."""
        return wait_until(lambda: re.search(pattern, self.printed(), re.MULTILINE), f"{pattern} is shown", timeout_s)

    @cached_property
    def sqs(self) -> Any:
        """Return boto3 against the endpoint, with other keys than karin's own."""
        return patient_sqs(self.url, 5, ("anyone", "any-secret"))

    def send(self, queue: str, body: object, **more: object) -> str:
        """Send a message; return its id."""
        text = body if isinstance(body, str) else json.dumps(body)
        url = self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        return str(self.sqs.send_message(QueueUrl=url, MessageBody=text, **more)["MessageId"])

    def attributes(self, queue: str) -> dict[str, str]:
        """Return a queue's attributes."""
        url = self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found: dict[str, str] = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return found

    def held(self, queue: str) -> int:
        """Return how many messages a queue holds, in whatever state."""
        attributes = self.attributes(queue)
        return sum(int(attributes[name]) for name in COUNTS)


@contextmanager
def begun(made: DevT) -> Iterator[DevT]:
    """Start a karin dev; yield it, and end it."""
    try:
        made.start()
        yield made
    finally:
        made.clean_up()
        print(made.printed())  # for whoever looks why a test failed


def command(environ: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of karin."""
    return run_command(environ, *arguments)
