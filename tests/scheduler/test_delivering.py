"""All of karin at work: endpoint, two schedulers and real functions, which decide what happens to their messages."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import accumulate

import pytest

from karin.clock import SystemClock
from karin.local.process import LocalLambda
from karin.local.records import InvocationRecord
from karin.mapping.invocation import Invocation
from karin.mapping.outcome import OutcomeKind
from karin.sqs.names import QueueId
from karin.store.store import Store
from tests.processes import running_endpoint, running_store
from tests.scheduler.scheduled import running_scheduler
from tests.scheduler.support import recorded
from tests.store.support import ACCOUNT, counts, send
from tests.support import short_folder, wait_until

CLOCK = SystemClock()
GENEROUS_MS = 3_000  # how late a busy test machine may be

HANDLER = '''
"""Does what each body says: takes its time, sets the message's visibility, fails."""
import json, os, threading, urllib.request

def handle(event, _context):
    for record in event["Records"]:
        wish = json.loads(record["body"])
        if "visibility" in wish:
            change_visibility(record, wish["visibility"])
        threading.Event().wait(wish.get("seconds", 0))
        if wish.get("fails_until", 0) >= int(record["attributes"]["ApproximateReceiveCount"]):
            raise RuntimeError("as it was told")

def change_visibility(record, seconds):
    url = os.environ["KARIN"]
    request = {"QueueUrl": url + "/000000000000/" + record["eventSourceARN"].split(":")[-1],
               "ReceiptHandle": record["receiptHandle"], "VisibilityTimeout": seconds}
    headers = {"X-Amz-Target": "AmazonSQS.ChangeMessageVisibility", "Content-Type": "application/x-amz-json-1.0"}
    urllib.request.urlopen(urllib.request.Request(url + "/", json.dumps(request).encode(), headers)).close()
'''


def definition(endpoint_url: str) -> dict[str, object]:
    names = ("slow", "own", "filtered", "window", "bounded", "shared")
    queues = {"slow": {"VisibilityTimeout": "1"}, "own": {"VisibilityTimeout": "300"}}
    function = {"runtime": "python3.11", "code": ".", "handler": "handler.handle", "timeout_seconds": 20}
    mappings: dict[str, dict[str, object]] = {
        "filtered": {"filters": ['{"body":{"kind":["order"]}}']},
        "window": {"window_seconds": 1, "batch_size": 3},
        "bounded": {"function": "bounded:live", "max_concurrency": 2, "batch_size": 1},
        "shared": {"batch_size": 1},
    }
    return {
        "functions": [
            {"name": name, "environment": {"KARIN": endpoint_url}, **function} for name in (*names, "second")
        ],
        "queues": [{"name": name, "attributes": queues.get(name, {})} for name in names],
        "mappings": [
            *({"queue": name, "function": name, **mappings.get(name, {})} for name in names),
            {"queue": "shared", "function": "second", "batch_size": 1},
        ],
    }


@dataclass
class Stage:
    """Where these tests play: each on a queue of its own."""

    store: Store
    service: LocalLambda

    def send(self, name: str, **wish: object) -> str:
        """Send what a function is to do; return the message's id."""
        return send(self.store, CLOCK.now_ms(), json.dumps(wish), queue=QueueId(ACCOUNT, name))

    def wait_until_empty(self, name: str) -> None:
        """Wait until all of a queue's messages are done."""
        queue = QueueId(ACCOUNT, name)
        wait_until(lambda: counts(self.store, CLOCK.now_ms(), queue) == (0, 0, 0), f"{name} is empty", 30)

    def calls(self, name: str) -> list[InvocationRecord]:
        """Return the calls of a function, in the order in which they began."""
        found = (record for record in self.service.invocations() if record.function == name)
        return sorted(found, key=lambda record: record.received_at_ms)

    def recorded(self, name: str) -> list[Invocation]:
        """Return what karin recorded of a queue's calls."""
        return recorded(self.store, QueueId(ACCOUNT, name))


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with ExitStack() as stack:
        home = stack.enter_context(short_folder())
        url = stack.enter_context(running_store(home))
        endpoint_url = stack.enter_context(running_endpoint(url, home / "endpoint.log"))
        (home / "handler.py").write_text(HANDLER, encoding="utf-8")
        (home / "definition.json").write_text(json.dumps(definition(endpoint_url)), encoding="utf-8")
        service = stack.enter_context(LocalLambda(home / "definition.json"))
        store = Store.open(url, max_connections=2)
        for number in range(2):
            stack.enter_context(running_scheduler(url, service, home / f"scheduler-{number}.log"))
        wait_until(lambda: store.deployment.snapshot() and len(store.deployment.last_sweeps()) == 2, "both serve", 30)
        yield Stage(store, service)
        for number in range(2):
            assert "Traceback" not in (home / f"scheduler-{number}.log").read_text(encoding="utf-8")


def test_a_function_slower_than_the_visibility_timeout_gets_its_message_once(stage: Stage) -> None:
    stage.send("slow", seconds=2.5)
    stage.wait_until_empty("slow")
    (call,) = stage.calls("slow")
    assert call.finished_at_ms - call.received_at_ms >= 2_500
    assert [one.attempts for one in stage.recorded("slow")] == [(1,)]


def test_the_visibility_that_a_function_sets_wins_over_the_queues(stage: Stage) -> None:
    stage.send("own", visibility=1, fails_until=1)
    stage.wait_until_empty("own")
    first, second = stage.calls("own")
    assert 1_000 <= second.received_at_ms - first.received_at_ms < 1_000 + GENEROUS_MS
    failed, succeeded = stage.recorded("own")
    assert (failed.outcome, failed.error_type, failed.error_message) == (
        OutcomeKind.FUNCTION_ERROR, "RuntimeError", "as it was told",
    )  # fmt: skip
    assert "RuntimeError" in failed.log_tail
    assert (succeeded.outcome, succeeded.attempts) == (OutcomeKind.SUCCEEDED, (2,))
    assert succeeded.request_id == second.request_id


def test_a_message_that_no_filter_lets_pass_is_gone_without_a_call(stage: Stage) -> None:
    stage.send("filtered", kind="other")
    stage.wait_until_empty("filtered")
    order = stage.send("filtered", kind="order")
    stage.wait_until_empty("filtered")
    assert [call.message_ids for call in stage.calls("filtered")] == [(order,)]
    assert [one.outcome for one in stage.recorded("filtered")] == [OutcomeKind.FILTERED, OutcomeKind.SUCCEEDED]


def test_a_window_gathers_a_batch_until_it_is_over_or_the_batch_is_full(stage: Stage) -> None:
    first_at_ms = CLOCK.now_ms()
    gathered = {stage.send("window"), stage.send("window")}
    stage.wait_until_empty("window")
    full_from_ms = CLOCK.now_ms()
    for _ in range(3):
        stage.send("window")
    stage.wait_until_empty("window")
    over, full = stage.calls("window")
    assert set(over.message_ids) == gathered
    assert first_at_ms + 1_000 <= over.received_at_ms < first_at_ms + 1_000 + GENEROUS_MS
    assert len(full.message_ids) == 3
    assert full.received_at_ms < full_from_ms + 900


def test_two_schedulers_together_never_exceed_the_maximum_concurrency(stage: Stage) -> None:
    for _ in range(10):
        stage.send("bounded", seconds=0.2)
    stage.wait_until_empty("bounded")
    calls = stage.calls("bounded")
    assert len(calls) == 10
    events = sorted(
        event for call in calls for event in ((call.received_at_ms, 1), (call.finished_at_ms, -1))
    )  # an end sorts before a beginning at the same instant
    assert max(accumulate(change for _, change in events)) == 2
    assert {one.function_name for one in stage.recorded("bounded")} == {"bounded:live"}


def test_the_mappings_of_one_queue_share_its_messages(stage: Stage) -> None:
    sent = {stage.send("shared") for _ in range(8)}
    stage.wait_until_empty("shared")
    calls = stage.calls("shared") + stage.calls("second")
    assert sorted(message_id for call in calls for message_id in call.message_ids) == sorted(sent)
    assert stage.calls("shared")
    assert stage.calls("second")
