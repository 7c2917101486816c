"""``karin up`` and its parts as real processes: refusals, signals, and the same endpoint under plain gunicorn."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import boto3
import pytest

from tests.processes import bare_environ, free_port, process, running_endpoint, status_of
from tests.support import START_SECONDS, wait_until
from tests.system.whole import Karin, children_of, definition, running_karin

ROOT = Path(__file__).parents[2]


def karin(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "karin", *arguments],
        env=bare_environ(**variables),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("command", ["up", "endpoint", "scheduler"])
def test_a_wrong_setting_ends_a_process_with_one_line_that_names_it(command: str) -> None:
    ended = karin(command, KARIN_BIND="nonsense")
    assert ended.returncode == 2
    assert (
        ended.stderr.strip() == "karin: KARIN_BIND=nonsense is not an address: write host:port, such as 127.0.0.1:4000"
    )


@pytest.mark.parametrize("command", ["up", "endpoint"])
def test_binding_publicly_without_keys_or_token_is_refused(command: str) -> None:
    ended = karin(command, KARIN_BIND="0.0.0.0:4000")
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert "KARIN_ACCESS_KEYS" in ended.stderr
    assert "KARIN_URL_TOKEN" in ended.stderr


def test_hup_loads_the_code_anew_in_the_same_process_and_term_ends_everything(tmp_path: Path) -> None:
    """Every start of Python leaves its process's id in a file, as new code would leave its own marks."""
    starts = tmp_path / "starts"
    mark = f"import os\nwith open({str(starts)!r}, 'a') as file:\n    print(os.getpid(), file=file)\n"
    (tmp_path / "sitecustomize.py").write_text(mark)
    with running_karin(PYTHONPATH=str(tmp_path)) as running:
        endpoint = running.pid_of("endpoint")
        before = children_of(endpoint)
        running.supervisor.send_signal(signal.SIGHUP)
        answered: list[int | None] = []

        def is_replaced() -> bool:
            answered.append(status_of(f"{running.url}/healthz"))
            return set(children_of(endpoint)).isdisjoint(before)

        wait_until(is_replaced, "the workers are new", 30)
        assert set(answered) == {200}
        assert running.pid_of("endpoint") == endpoint
        assert starts.read_text().split().count(str(endpoint)) == 2
        wait_until(running.is_healthy, "the new worker answers")
        ends_in_good_order(running, signal.SIGTERM)


def ends_in_good_order(running: Karin, number: signal.Signals) -> None:
    """Assert that a signal ends all of a karin."""
    pids = [running.pid_of(name) for name in ("store", "endpoint", "scheduler")]
    running.supervisor.send_signal(number)
    assert running.supervisor.wait(30) == 0
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a short KARIN_HOME."""
    made = Path(tempfile.mkdtemp(prefix="karin-", dir="/tmp"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_plain_gunicorn_hosts_the_same_endpoint_from_the_checkout(store_url: str) -> None:
    port = free_port()
    environ = bare_environ(REDIS_URL=store_url, KARIN_BIND=f"127.0.0.1:{port}", PYTHONPATH=str(ROOT))
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py")]
    with process(command, environ):
        wait_until(lambda: status_of(f"http://127.0.0.1:{port}/healthz"), "gunicorn answers", START_SECONDS)
        sqs = boto3.client(
            "sqs",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="anything",
        )
        assert sqs.create_queue(QueueName="plain")["QueueUrl"].endswith("/plain")


def test_health_says_why_when_no_scheduler_is_alive_and_recovers(store_url: str) -> None:
    with running_endpoint(store_url) as url:
        assert health(url) == (503, "no scheduler is alive: messages are accepted and wait")
        with process([sys.executable, "-m", "karin", "scheduler"], bare_environ(REDIS_URL=store_url)):
            wait_until(lambda: health(url)[0] == 200, "the scheduler is seen", 20)


def test_health_says_why_when_the_store_does_not_answer(home: Path) -> None:
    with running_endpoint(f"unix://{home}/nothing.sock") as url:
        status, reason = health(url)
        assert status == 503
        assert reason.startswith("the store does not serve: ")


def health(url: str) -> tuple[int, str]:
    """Return the status and the reason of a health check."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=10)
    connection.request("GET", "/healthz")
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer.get("reason", "")


def test_an_unknown_queue_is_found_by_one_sync_after_it_was_deployed_and_int_ends_everything(tmp_path: Path) -> None:
    with running_karin() as running:
        running.redeploy(definition(tmp_path, [{"name": "hello"}, {"name": "fresh"}]))
        sqs = running.sqs
        sent = sqs.send_message(QueueUrl=f"{running.url}/000000000000/fresh", MessageBody="found")
        wait_until(lambda: sent["MessageId"] in running.delivered(), "the new queue's message is delivered", 20)
        with pytest.raises(sqs.exceptions.QueueDoesNotExist):
            sqs.send_message(QueueUrl="never-deployed", MessageBody="x")
        ends_in_good_order(running, signal.SIGINT)
