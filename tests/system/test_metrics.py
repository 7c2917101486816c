"""Metrics as Prometheus reads them from a whole karin: they are right, cost Redis nothing, and outlive processes."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families

from karin.metrics.catalog import METRICS
from tests.processes import free_port, status_of
from tests.support import wait_until
from tests.system.whole import Karin, children_of, kill_hard, running_karin

DEPLOY = Path(__file__).parents[2] / "deploy"
NAME = re.compile(r"\bkarin_[a-z_]+\b")
SECRET = "a-secret-that-nobody-sees"

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@dataclass
class Metered:
    """A karin with metrics, and where they are."""

    karin: Karin
    url: str

    def text(self) -> str:
        """Return what Prometheus is told."""
        with urlopen(self.url, timeout=30) as response:
            return bytes(response.read()).decode()

    def value(self, name: str, **labels: str) -> float:
        """Return a sample; 0 when there is none."""
        return read(self.text()).get((name, tuple(sorted(labels.items()))), 0)

    def wait_for(self, value: float, name: str, **labels: str) -> None:
        """Wait until a sample has a value."""
        wait_until(lambda: self.value(name, **labels) == value, f"{name}{labels} is {value}; {self.text()}", 60)


def read(text: str) -> Samples:
    """Return each sample by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture(scope="module")
def metered() -> Iterator[Metered]:
    port = free_port()
    with running_karin(
        KARIN_METRICS_BIND=f"127.0.0.1:{port}",
        KARIN_SWEEP_INTERVAL="1",
        KARIN_REDIS_BUDGET="10M",
        KARIN_ACCESS_KEYS=f"test:testing-secret,other:{SECRET}",
        WEB_CONCURRENCY="2",
    ) as karin:
        url = f"http://127.0.0.1:{port}/metrics"
        wait_until(lambda: status_of(url) == 200, "metrics are served", 60)
        yield Metered(karin, url)


@pytest.fixture(scope="module")
def sqs(metered: Metered) -> Any:
    return metered.karin.client()


def test_what_was_sent_received_and_delivered_is_counted_by_queue_over_all_workers(metered: Metered, sqs: Any) -> None:
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 1}
    plain = sqs.create_queue(QueueName="plain", Attributes={"RedrivePolicy": json.dumps(policy)})["QueueUrl"]
    for body in ("one", "two"):
        metered.karin.client().send_message(QueueUrl=plain, MessageBody=body)  # connections of their own
    entries = [{"Id": f"{number}", "MessageBody": "ok"} for number in range(3)]
    sqs.send_message_batch(QueueUrl="hello", Entries=entries)
    metered.wait_for(3, "karin_messages_delivered_total", queue="hello")  # else the next may come in one call with them
    sqs.send_message(QueueUrl="hello", MessageBody="fail")
    taken = sqs.receive_message(QueueUrl=plain, MaxNumberOfMessages=10, VisibilityTimeout=0)["Messages"]
    assert len(taken) == 2
    assert "Messages" not in sqs.receive_message(QueueUrl=plain, MaxNumberOfMessages=10)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.send_message(QueueUrl="nowhere", MessageBody="lost")

    metered.wait_for(1, "karin_invocations_total", queue="hello", outcome="function_error")
    metered.wait_for(2, "karin_dead_letter_messages", queue="dead")
    metered.wait_for(2, "karin_queue_messages", queue="dead", state="ready")
    assert metered.value("karin_messages_sent_total", queue="plain") == 2
    assert metered.value("karin_messages_sent_total", queue="hello") == 4
    assert metered.value("karin_messages_sent_total", queue="dead") == 0
    assert metered.value("karin_messages_received_total", queue="plain") == 2
    assert metered.value("karin_messages_received_total", queue="hello") == 0
    assert metered.value("karin_messages_dead_lettered_total", queue="plain") == 2
    assert metered.value("karin_requests_total", action="SendMessage", result="ok") == 3
    assert metered.value("karin_requests_total", action="SendMessage", result="client_error") == 1
    assert metered.value("karin_request_errors_total", code="AWS.SimpleQueueService.NonExistentQueue") == 1
    assert metered.value("karin_request_duration_seconds_count", action="SendMessage") == 4
    calls = metered.value("karin_invocation_lateness_seconds_count", queue="hello")
    assert calls == metered.value("karin_invocation_duration_seconds_count", queue="hello") >= 2
    assert metered.value("karin_processes", process="endpoint") == 3
    assert metered.value("karin_mappings", state="served") == metered.value("karin_schedulers_alive") == 1
    assert dead


def test_each_metric_of_the_catalog_the_rules_and_the_dashboard_has_a_value(metered: Metered) -> None:
    served = {name for name, _ in read(metered.text())}
    named = {metric.name for metric in METRICS}
    for path in (DEPLOY / "grafana" / "karin.json", DEPLOY / "prometheus" / "karin-rules.yml"):
        found = set(NAME.findall(path.read_text()))
        assert len(found) > 10
        named |= found
    histograms = {metric.name for metric in METRICS if metric.bounds}
    assert {name for name in named if name not in served} == histograms


def test_nothing_secret_is_told_and_the_endpoint_tells_nothing_of_it(metered: Metered) -> None:
    text = metered.text()
    assert SECRET not in text
    assert "testing-secret" not in text
    assert str(metered.karin.home) not in text
    assert status_of(f"{metered.karin.url}/metrics") in (403, 404)


def test_reading_costs_no_command_and_an_idle_karin_spends_one_a_sweep(metered: Metered) -> None:
    with redis.Redis(unix_socket_path=str(metered.karin.home / "store.sock")) as raw:

        def scripts_run() -> int:
            return int(raw.info("commandstats")["cmdstat_evalsha"]["calls"])

        wait_until(lambda: metered.value("karin_invocations_in_flight") == 0, "nothing is in flight", 60)
        spent = metered.value("karin_store_commands_total", process="scheduler")
        ran = scripts_run()
        # Whatever a reading cost would come on top of the sweeps, of which each is one.
        for _ in range(20):
            assert metered.text()
        wait_until(
            lambda: metered.value("karin_store_commands_total", process="scheduler") >= spent + 3, "three sweeps", 60
        )
        sweeps = metered.value("karin_store_commands_total", process="scheduler") - spent
        assert sweeps - 1 <= scripts_run() - ran <= sweeps + 1
        assert raw.info("commandstats")["cmdstat_info"]["calls"] > sweeps  # the sweeps' own, within their scripts


def test_counts_go_on_when_a_process_is_killed(metered: Metered, sqs: Any) -> None:
    before = read(metered.text())
    endpoint = metered.karin.pid_of("endpoint")
    for worker in children_of(endpoint):
        kill_hard(worker)
    scheduler = metered.karin.pid_of("scheduler")
    kill_hard(scheduler)
    wait_until(lambda: metered.karin.pid_of("scheduler") != scheduler, "another scheduler", 60)
    wait_until(metered.karin.is_healthy, "karin is healthy again", 60)
    sqs.send_message(QueueUrl="plain", MessageBody="after")
    wait_until(lambda: status_of(metered.url) == 200, "metrics are served again", 60)
    key = ("karin_messages_sent_total", (("queue", "plain"),))
    assert metered.value("karin_messages_sent_total", queue="plain") == before[key] + 1
    delivered = ("karin_messages_delivered_total", (("queue", "hello"),))
    assert metered.value("karin_messages_delivered_total", queue="hello") >= before[delivered]


def test_status_says_where_they_are_and_doctor_when_they_are_not(metered: Metered) -> None:
    assert json.loads(metered.karin.command("status", "--json").stdout)["metrics"] == metered.url
    runtime = metered.karin.home / "runtime.json"
    written = json.loads(runtime.read_bytes())
    written["variables"]["KARIN_METRICS_BIND"] = f"127.0.0.1:{free_port()}"
    runtime.write_text(json.dumps(written))
    told = json.loads(metered.karin.command("doctor", "--json").stdout)
    assert "no-metrics" in {one["code"] for one in told["findings"]}


def test_karin_does_not_start_where_metrics_cannot_be_served(metered: Metered) -> None:
    port = free_port()
    karin = metered.karin
    karin.environ |= {"KARIN_HOME": f"/tmp/karin-{port}", "KARIN_BIND": f"127.0.0.1:{port}"}
    done = karin.command("up")
    assert (done.returncode, "KARIN_METRICS_BIND=" in done.stderr, "already in use" in done.stderr) == (2, True, True)
