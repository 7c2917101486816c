"""What the scheduler tells Prometheus of queues, and the door by which it does."""

import http.client
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from karin.metrics.catalog import MOST_QUEUES, OTHER_QUEUES
from karin.scheduler.exposing import server
from karin.scheduler.exposing.exposed import Exposed
from karin.scheduler.exposing.gauges import QueueLabels, of_survey
from karin.scheduler.exposing.processes import parts
from karin.scheduler.exposing.server import serve
from karin.scheduler.served import Served
from karin.scheduler.thrift import Thrift
from karin.settings import Settings
from karin.sqs.names import QueueId
from karin.store.sweeping import MOST_SURVEYED, Survey, SurveyedQueue
from tests.clocks import ManualClock
from tests.processes import free_port
from tests.scheduler.support import mapping, snapshot

NOW_MS = 1_700_000_000_000
ACCOUNT = "000000000000"
DEAD = QueueId(ACCOUNT, "dead")


def surveyed(name: str, *, ready: int = 0, overdue_ms: int = 0, target: QueueId | None = None) -> SurveyedQueue:
    """Return a queue with ready messages, the first of which has been due for so long; one more is in flight."""
    due_at_ms = NOW_MS - overdue_ms if ready else NOW_MS + 5_000
    return SurveyedQueue(QueueId(ACCOUNT, name), ready, 1, 0, due_at_ms, 100, target)


def told(*queues: SurveyedQueue, **changes: int | None) -> dict[tuple[str, ...], float]:
    """Return the value of each metric under its labels."""
    survey = Survey(NOW_MS, len(queues), (), queues, (NOW_MS, NOW_MS - 200_000), 50, changes.get("most_memory", 100))
    samples = of_survey(survey, QueueLabels(), NOW_MS + 3_000, 180_000, (changes.get("queue"), changes.get("all")))
    return {(sample.metric.name, *sample.labels): sample.value for sample in samples}


def test_queues_are_told_by_state_and_age() -> None:
    found = told(surveyed("orders", ready=2, overdue_ms=7_000, target=DEAD), surveyed("dead", ready=3))
    assert found["karin_queue_messages", "orders", "ready"] == 2
    assert found["karin_queue_messages", "orders", "in_flight"] == 1
    assert found["karin_queue_messages", "orders", "delayed"] == 0
    assert found["karin_queue_oldest_ready_age_seconds", "orders"] == 10
    assert found["karin_dead_letter_messages", "dead"] == 4
    assert ("karin_dead_letter_messages", "orders") not in found


def test_a_queue_with_nothing_ready_has_no_age() -> None:
    assert told(surveyed("orders"))["karin_queue_oldest_ready_age_seconds", "orders"] == 0


def test_schedulers_that_swept_too_long_ago_are_dead_and_the_survey_has_an_age() -> None:
    found = told()
    assert (found["karin_schedulers_alive",], found["karin_survey_age_seconds",]) == (1, 3)


def test_queues_beyond_the_bound_are_summed_and_their_oldest_is_the_oldest_of_them() -> None:
    found = told(*(surveyed(f"queue-{number:03}", ready=1, overdue_ms=number) for number in range(MOST_QUEUES + 3)))
    assert found["karin_queue_messages", OTHER_QUEUES, "ready"] == 3
    assert found["karin_queue_oldest_ready_age_seconds", OTHER_QUEUES] == (MOST_QUEUES + 2 + 3_000) / 1000
    assert sum(name == "karin_queue_held_bytes" for name, *_ in found) == MOST_QUEUES + 1


def test_limits_are_absent_where_there_are_none() -> None:
    found = told(most_memory=None)
    assert ("karin_store_memory_limit_bytes",) not in found
    assert ("karin_held_limit_bytes", "all") not in found
    assert told(queue=7, all=0)["karin_held_limit_bytes", "queue"] == 7


def test_without_a_karin_the_process_that_asks_is_all_there_is(tmp_path: Path) -> None:
    (own,) = parts(tmp_path, os.getpid())
    assert (own.name, own.memory_bytes > 1_000_000) == ("scheduler", True)
    assert own.started_at_seconds > NOW_MS / 1000


class OneOrNone(Collector):
    """Tells of one gauge, or fails."""

    fails = False

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield it."""
        if self.fails:
            raise ValueError("its own fault")
        yield GaugeMetricFamily("one", "One.", value=1)


@pytest.fixture
def collector() -> OneOrNone:
    return OneOrNone()


@pytest.fixture
def port(collector: OneOrNone) -> int:
    port = free_port()
    serve("127.0.0.1", port, collector)
    return port


def ask(port: int, method: str, path: str) -> tuple[int, bytes]:
    """Return status and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path)
    with connection.getresponse() as response:
        return response.status, response.read()


def test_the_door_has_one_thing_to_tell(port: int) -> None:
    assert ask(port, "GET", "/metrics") == (200, b"# HELP one One.\n# TYPE one gauge\none 1.0\n")
    assert ask(port, "GET", "/")[0] == ask(port, "POST", "/metrics")[0] == ask(port, "GET", "/metrics/x")[0] == 404


def test_a_fault_is_a_line_and_no_traceback_and_the_next_reading_is_served(
    port: int, collector: OneOrNone, caplog: pytest.LogCaptureFixture
) -> None:
    collector.fails = True
    with caplog.at_level(logging.ERROR):
        assert ask(port, "GET", "/metrics") == (500, b"see karin's log\n")
    assert "karin's own fault" in caplog.text
    collector.fails = False
    assert ask(port, "GET", "/metrics")[0] == 200


def test_who_connects_and_says_nothing_holds_up_nobody_for_long(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server._Handler, "timeout", 0.2)
    with socket.create_connection(("127.0.0.1", port)):
        assert ask(port, "GET", "/metrics")[0] == 200


def test_an_address_that_is_taken_is_told(port: int, collector: OneOrNone) -> None:
    with pytest.raises(OSError, match="in use"):
        serve("127.0.0.1", port, collector)


def test_labels_stay_with_the_queues_that_came_first() -> None:
    labels = QueueLabels()
    assert [labels.of(f"{number}") for number in range(MOST_QUEUES)] == [f"{number}" for number in range(MOST_QUEUES)]
    assert (labels.of("late"), labels.of("0")) == (OTHER_QUEUES, "0")


def test_mapped_queues_are_surveyed_first_and_new_ones_at_once(tmp_path: Path) -> None:
    served = Served()
    mapped = QueueId(ACCOUNT, "zebra")
    served.replace(snapshot(mapping(mapped)))
    exposed = Exposed(Settings(home=tmp_path, metrics_bind=("127.0.0.1", 1)), ManualClock(NOW_MS), served, Thrift(None))
    names = tuple(QueueId(ACCOUNT, f"a-{number:03}") for number in range(MOST_SURVEYED))
    survey = Survey(NOW_MS, MOST_SURVEYED + 1, names, (), (), None, None)
    assert exposed.learn(survey)
    assert exposed.asks == (mapped, *names[:-1])
    assert not exposed.learn(survey)
