"""Celery over SQS: a worker in a process of its own runs what another program sends."""

import fcntl
import json
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from karin.clock import SystemClock
from karin.settings import DEFAULT_ACCOUNT_ID
from karin.sqs.names import QueueId
from karin.store.store import Store
from tests.clients.conftest import Door, need
from tests.clients.programs import PATIENCE_S, Program, program
from tests.clients.sdks import HERE, INSTALLED, REGION, lacks
from tests.store.support import counts, create
from tests.support import wait_until

BIN = INSTALLED / "celery" / "bin"

Send = Callable[..., str]


@dataclass(frozen=True)
class Celery:
    """A Celery application: where its broker is, how it speaks to it, and the file in which its tasks leave word."""

    runs_file: Path
    broker_url: str
    queue: QueueId
    environ: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        """Return the environment of its programs."""
        settings = {
            "task_default_queue": self.queue.name,
            "broker_transport_options": {"region": REGION, **self.options},
        }
        given = {"BROKER_URL": self.broker_url, "SETTINGS": repr(settings), "RUNS": str(self.runs_file)}
        return given | self.environ

    @contextmanager
    def sender(self) -> Iterator[Send]:
        """Run the program that sends tasks; yield how it is told to send one, which returns the task's id."""
        with program([str(BIN / "python"), str(HERE / "celery_app.py")], **self.variables()) as running:

            def send(task: str, *arguments: object, **options: object) -> str:
                sent = len(running.told())
                running.say(json.dumps({"task": task, "arguments": arguments, "options": options}))
                return str(running.tells(sent + 1)[-1]["id"])

            yield send

    def worker(self) -> AbstractContextManager[Program]:
        """Run a worker."""
        command = [str(BIN / "celery"), "-A", "celery_app", "--workdir", str(HERE), "worker", "--concurrency", "1"]
        return program(command, **self.variables())

    def runs(self) -> list[dict[str, Any]]:
        """Return what tasks have run so far, in order."""
        whole_lines = self.runs_file.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
        return [json.loads(line) for line in whole_lines]

    def ran(self, count: int) -> dict[str, list[dict[str, Any]]]:
        """Wait until so many tasks have run, and return all runs by the names of their tasks."""
        try:
            wait_until(lambda: len(self.runs()) >= count, "the tasks have run", PATIENCE_S)
        except AssertionError as error:
            error.add_note(f"These have: {self.runs()}")
            raise
        by_name: dict[str, list[dict[str, Any]]] = {}
        for run in self.runs():
            by_name.setdefault(run["name"], []).append(run)
        return by_name


@pytest.fixture(autouse=True, scope="module")
def _needs_celery() -> None:
    need(lacks("celery"))


@pytest.fixture
def runs_file(tmp_path: Path) -> Path:
    """Return an empty file for tasks to leave word in."""
    path = tmp_path / "runs"
    path.touch()
    return path


@pytest.fixture
def queue() -> QueueId:
    """Return a queue of a name that no worker of another test may still poll; it is not created."""
    return QueueId(DEFAULT_ACCOUNT_ID, f"celery-{uuid.uuid4().hex}")


def at_host(door: Door, runs_file: Path, queue: QueueId) -> Celery:
    """Return an application that has host and keys in its broker's URL, where Celery ignores any path."""
    keys = f"{quote(door.key_id, safe='')}:{quote(door.secret, safe='')}"
    return Celery(runs_file, f"sqs://{keys}@{urlsplit(door.endpoint).netloc}", queue)


def at_variable(door: Door, runs_file: Path, queue: QueueId, **options: Any) -> Celery:
    """Return an application that finds the endpoint and the keys in the environment."""
    keys = {"AWS_ACCESS_KEY_ID": door.key_id, "AWS_SECRET_ACCESS_KEY": door.secret}
    return Celery(runs_file, "sqs://", queue, {"AWS_ENDPOINT_URL_SQS": door.endpoint, **keys}, options)


@pytest.fixture(params=["signed at the host", "signed below a path", "by token"])
def celery(request: pytest.FixtureRequest, runs_file: Path, queue: QueueId) -> Celery:
    """Return an application for each way in."""
    door: Door = request.getfixturevalue("by_token" if request.param == "by token" else "signed")
    of = at_host if request.param == "signed at the host" else at_variable
    return of(door, runs_file, queue)


def test_tasks_run_when_they_are_due_and_are_then_deleted(celery: Celery, store: Store) -> None:
    with celery.worker(), celery.sender() as send:
        began_at_ms = SystemClock().now_ms()
        ids = {"now": send("note", "now"), "eta": send("note", "eta", countdown=1)}
        ids["delayed"] = send("note", "delayed", DelaySeconds=1)
        ids["retried"] = send("fail_first", "retried", 0.5)
        runs = celery.ran(5)
        wait_until(lambda: counted(store, celery.queue) == (0, 0, 0), "the messages are deleted")
    assert {name: [run["id"] for run in ran] for name, ran in runs.items()} == {
        name: [id_] * (2 if name == "retried" else 1) for name, id_ in ids.items()
    }
    assert runs["eta"][0]["at_ms"] >= began_at_ms + 1_000
    assert runs["delayed"][0]["at_ms"] >= began_at_ms + 1_000
    first, second = runs["retried"]
    assert (first["retries"], second["retries"]) == (0, 1)
    assert second["at_ms"] >= first["at_ms"] + 500
    assert store.queues.names() == [celery.queue]


def test_predefined_queues_are_used_as_they_are(signed: Door, runs_file: Path, queue: QueueId, store: Store) -> None:
    create(store, SystemClock().now_ms(), queue)
    work = {
        "url": signed.queue_url(queue),
        "access_key_id": signed.key_id,
        "secret_access_key": signed.secret,
        "backoff_policy": {1: 1},
        "backoff_tasks": ["reject_first"],
    }
    celery = at_variable(Door(signed.endpoint, signed.base_url, "nobody", "unknown"), runs_file, queue)
    celery.options["predefined_queues"] = {queue.name: work}
    with celery.worker(), celery.sender() as send:
        send("note", "once")
        send("reject_first", "twice")
        runs = celery.ran(3)
        wait_until(lambda: counted(store, celery.queue) == (0, 0, 0), "the messages are deleted")
    first, second = runs["twice"]
    assert second["at_ms"] >= first["at_ms"] + 1_000
    assert len(runs["once"]) == 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_restarted_worker_runs_what_the_first_left(
    signed: Door, runs_file: Path, queue: QueueId, store: Store, tmp_path: Path, how: signal.Signals
) -> None:
    # What a worker held when it was told to stop is hidden for wait_time_seconds, when killed for visibility_timeout.
    celery = at_variable(signed, runs_file, queue, wait_time_seconds=1, visibility_timeout=2)
    lock = tmp_path / "lock"
    names = {"slow", *(f"n{number}" for number in range(6))}
    with celery.sender() as send:
        send("wait_for", "slow", str(lock))
        for name in sorted(names - {"slow"}):
            send("note", name)
    with lock.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # closing it lets the slow task end
        with celery.worker() as worker:
            celery.ran(1)
            wait_until(lambda: counted(store, queue)[1] > 1, "the worker holds more than it runs")
            os.killpg(worker.process.pid, how) if how == signal.SIGKILL else worker.process.send_signal(how)
            held.close()
            worker.process.wait(PATIENCE_S)
    with celery.worker():
        wait_until(lambda: counted(store, celery.queue) == (0, 0, 0), "all messages are deleted", PATIENCE_S)
    assert {run["name"] for run in celery.runs()} == names


def counted(store: Store, queue: QueueId) -> tuple[int, int, int]:
    """Return how many messages are ready, leased and delayed by now."""
    return counts(store, SystemClock().now_ms(), queue)
