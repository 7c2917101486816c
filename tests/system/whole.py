"""A whole karin for tests: ``karin up`` on its embedded store, a local Lambda service, boto3 as the sender."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from karin import runtime
from karin.local.process import LocalLambda
from tests.commands import run_command
from tests.patient import patient_sqs
from tests.processes import bare_environ, free_port, process, status_of
from tests.support import wait_until

HANDLER = '''
"""Prints each body; fails or is slow when the body says so."""
import threading

def handle(event, _context):
    for record in event["Records"]:
        print(record["body"], flush=True)
    for record in event["Records"]:
        if record["body"].startswith("slow"):
            threading.Event().wait(2)
        if record["body"].startswith("fail"):
            raise ValueError("the body said so")
'''


@dataclass
class Karin:
    """A running karin and its surroundings."""

    home: Path
    url: str
    functions: LocalLambda
    environ: dict[str, str]
    supervisor: "subprocess.Popen[bytes]"
    log: Path

    def client(self) -> Any:
        """Return boto3 against the endpoint; its own retries stay on, as users have them."""
        return patient_sqs(self.url, 10)

    @cached_property
    def sqs(self) -> Any:
        """Return one such client, for whoever needs none of their own: to make one takes longer than many requests."""
        return self.client()

    def pid_of(self, name: str) -> int:
        """Return the pid of a child; waits until it runs."""

        def found() -> int | None:
            info = runtime.read(self.home)
            return info.children.get(name) if info else None

        return wait_until(found, f"a pid of {name}")

    def is_healthy(self) -> bool:
        """Tell whether the endpoint says that all is well."""
        return status_of(f"{self.url}/healthz") == 200

    def redeploy(self, path: Path) -> None:
        """Replace the deployment by another, at the same address."""
        port = self.functions.url.rpartition(":")[2]
        self.functions.stop()
        self.functions = LocalLambda(path, bind=f"127.0.0.1:{port}", stderr=subprocess.DEVNULL)
        self.functions.start()

    def printed(self) -> str:
        """Return what the functions have printed until now, also those that still run."""
        return (self.home / "functions.log").read_text()

    def delivered(self) -> list[str]:
        """Return the ids of all messages that were handed to a function without an error, in order."""
        return [
            message_id
            for record in self.functions.invocations()
            if record.error is None
            for message_id in record.message_ids
        ]

    def command(self, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command of karin as a person would, in the same environment."""
        return run_command(self.environ, *arguments, stdin=stdin)


def definition(folder: Path, queues: Sequence[dict[str, Any]] = ({"name": "hello"},), **mapping: Any) -> Path:
    """Write a deployment of one function that reads all of the queues."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "handler.py").write_text(HANDLER)
    path = folder / "definition.json"
    path.write_text(
        json.dumps({
            "functions": [{"name": "printer", "runtime": "python3.11", "code": ".", "handler": "handler.handle"}],
            "queues": list(queues),
            "mappings": [mapping | {"queue": queue["name"], "function": "printer"} for queue in queues],
        })
    )  # fmt: skip
    return path


@contextmanager
def running_karin(definition_of: Path | None = None, **variables: str) -> Iterator[Karin]:
    """Run all of karin on a home of its own; it is synced and healthy when this yields."""
    home = Path(tempfile.mkdtemp(prefix="karin-", dir="/tmp"))
    log = home / "up.log"
    port = free_port()
    try:
        path = definition_of or definition(home / "functions")
        with (home / "functions.log").open("wb") as output, LocalLambda(path, stderr=output) as functions:
            environ = bare_environ(KARIN_HOME=str(home), KARIN_BIND=f"127.0.0.1:{port}") | {
                "AWS_ENDPOINT_URL_LAMBDA": functions.url,
                "AWS_ENDPOINT_URL_SQS": functions.url,
            } | variables  # fmt: skip
            with process([sys.executable, "-m", "karin", "up"], environ, log) as supervisor:
                karin = Karin(home, f"http://127.0.0.1:{port}", functions, environ, supervisor, log)
                wait_until(karin.is_healthy, f"karin is healthy; its log:\n{log.read_text()}", 30)
                try:
                    yield karin
                finally:
                    karin.functions.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def children_of(pid: int) -> list[int]:
    """Return the pids of a process's children."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def kill_hard(pid: int) -> None:
    """End a process as the kernel would when memory is short."""
    os.kill(pid, 9)
