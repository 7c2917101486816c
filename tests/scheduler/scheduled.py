"""The scheduler as a real process against a local Lambda service, and the function that the service runs."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import Popen
from typing import Protocol

import pytest

from karin.aws.catalog import AwsCatalog
from karin.clock import SystemClock
from karin.local.process import LocalLambda
from karin.local.records import InvocationRecord
from karin.operations import syncing
from karin.operations.context import Context
from karin.settings import Settings
from karin.sqs.names import QueueId
from karin.store.store import Store
from tests.aws_environ import point_aws_at
from tests.processes import bare_environ, process
from tests.store.support import ACCOUNT

MANY = [f"idle-{number}" for number in range(10)]
QUICK, SLOW = QueueId(ACCOUNT, "quick"), QueueId(ACCOUNT, "slow")
QUICK_TIMEOUT_SECONDS = 1

HANDLER = '''
"""Prints each record's receive count; a body that names a folder leaves a mark there and waits for another."""
import threading
from pathlib import Path

def handle(event, _context):
    for record in event["Records"]:
        print(record["attributes"]["ApproximateReceiveCount"], flush=True)
        folder = Path(record["body"])
        if folder.is_absolute():
            (folder / "started").touch()
            while not (folder / "go").exists():
                threading.Event().wait(0.02)
'''


def write_deployment(folder: Path) -> Path:
    """Write the deployment that every test here is served by; return its definition."""
    (folder / "handler.py").write_text(HANDLER, encoding="utf-8")
    function = {"runtime": "python3.11", "code": ".", "handler": "handler.handle"}
    definition = {
        "functions": [
            {"name": "quick", "timeout_seconds": QUICK_TIMEOUT_SECONDS, **function},
            {"name": "slow", "timeout_seconds": 30, **function},
        ],
        "queues": [
            {"name": "quick", "attributes": {"VisibilityTimeout": "1"}},
            {"name": "slow"},
            *({"name": name} for name in MANY),
        ],
        "mappings": [
            {"queue": "quick", "function": "quick"},
            {"queue": "slow", "function": "slow"},
            *({"queue": name, "function": "slow"} for name in MANY),
        ],
    }
    path = folder / "definition.json"
    path.write_text(json.dumps(definition), encoding="utf-8")
    return path


def sync_with(store: Store, service: "Service") -> None:
    """Take over what is deployed, as a first scheduler's start does: one that starts later finds it in the store."""
    settings = Settings(home=Path("/nonexistent"), region="us-east-1")
    with pytest.MonkeyPatch.context() as monkeypatch:
        point_aws_at(monkeypatch, LAMBDA=service.url, SQS=service.url)
        syncing.sync(Context.of(store, SystemClock(), settings), _catalog_of(service.url))


@cache
def _catalog_of(_service_url: str) -> AwsCatalog:
    """Return what reads a service, with the clients that it has once it has: to make them takes longer than to read."""
    return AwsCatalog()


class Service(Protocol):
    """A Lambda service that listens somewhere."""

    @property
    def url(self) -> str:
        """Return where."""
        ...


@dataclass
class Deliveries:
    """What the functions were called with since this was made."""

    service: LocalLambda
    since: int = 0

    def __post_init__(self) -> None:
        """Pass over what came before."""
        self.since = max((record.sequence for record in self.service.invocations()), default=0)

    def all(self) -> tuple[InvocationRecord, ...]:
        """Return the finished invocations in the order of their ends."""
        return self.service.invocations(self.since)

    def of(self, message_id: str) -> list[InvocationRecord]:
        """Return the invocations that carried a message."""
        return [record for record in self.all() if message_id in record.message_ids]


@contextmanager
def running_scheduler(
    store_url: str, service: Service, log: Path, *, sweep_seconds: int = 3600, **variables: str
) -> Iterator[Popen[bytes]]:
    """Run a scheduler; without sweeps unless a test asks for them, so that nothing is repaired in passing."""
    environ = bare_environ(
        REDIS_URL=store_url,
        AWS_ENDPOINT_URL=service.url,
        KARIN_SWEEP_INTERVAL=str(sweep_seconds),
        **variables,
    )
    with process([sys.executable, "-m", "karin.scheduler"], environ, log) as running:
        try:
            yield running
        finally:
            running.send_signal(signal.SIGCONT)
