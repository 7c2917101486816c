"""A real scheduler against a Lambda service that fails in every way: the table of outcomes, end to end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from karin.clock import SystemClock
from karin.mapping.outcome import OutcomeKind
from karin.mapping.pause import PausedBy
from karin.sqs.names import QueueId
from karin.store.store import Store
from tests.scheduler.broken_lambda import (
    TIMEOUT_SECONDS,
    BrokenLambda,
    drop,
    fail,
    first,
    garble,
    refuse,
    refuse_large,
    report_nonsense,
    succeed,
    truncate,
)
from tests.scheduler.scheduled import running_scheduler
from tests.scheduler.support import recorded
from tests.store.support import ACCOUNT, counts, send
from tests.support import START_SECONDS, wait_until

CLOCK = SystemClock()

COMES_AGAIN = {  # queue -> its first outcome, how long at least until the second call in ms, whether the first counts
    "failing": (OutcomeKind.FUNCTION_ERROR, 300, True),
    "nonsense": (OutcomeKind.FUNCTION_ERROR, 300, True),
    "broken": (OutcomeKind.REFUSED, 300, True),
    "throttled": (OutcomeKind.THROTTLED, 200, False),
    "not-ready": (OutcomeKind.REFUSED, 200, False),
}
LOST = ("dropped", "garbled", "truncated")


@pytest.fixture
def service() -> Iterator[BrokenLambda]:
    behaviours = {
        "failing": first(fail, succeed),
        "nonsense": first(report_nonsense, succeed),
        "broken": first(refuse(500, "ServiceException"), succeed),
        "throttled": first(refuse(429, "TooManyRequestsException"), succeed),
        "not-ready": first(refuse(409, "SnapStartNotReadyException"), succeed),
        "dropped": drop,
        "garbled": garble,
        "truncated": truncate,
        "denied": refuse(403, "AccessDeniedException"),
        "missing": refuse(404, "ResourceNotFoundException"),
        "large": refuse_large(3_000),
    }
    with BrokenLambda(behaviours, FunctionResponseTypes=["ReportBatchItemFailures"]) as running:
        yield running


def queue(name: str) -> QueueId:
    return QueueId(ACCOUNT, name)


def test_every_way_to_fail_does_with_the_messages_what_it_should(
    service: BrokenLambda, store_url: str, store: Store, tmp_path: Path
) -> None:
    with running_scheduler(store_url, service, tmp_path / "scheduler.log"):
        wait_until(
            lambda: store.deployment.snapshot() and store.deployment.last_sweeps(),
            "the scheduler serves",
            START_SECONDS,
        )
        for name in service.behaviours:
            send(store, CLOCK.now_ms(), queue=queue(name))
        for number in range(9):
            send(store, CLOCK.now_ms(), f"{number:>0200}", queue=queue("large"))
        for name, (kind, wait_ms, counts_as_try) in COMES_AGAIN.items():
            wait_until(lambda name=name: counts(store, CLOCK.now_ms(), queue(name)) == (0, 0, 0), f"{name} is done", 20)  # type: ignore[misc]
            before, after = recorded(store, queue(name))
            assert (before.outcome, after.outcome) == (kind, OutcomeKind.SUCCEEDED)
            assert after.started_at_ms - before.started_at_ms >= wait_ms
            assert service.receive_counts(name) == [[1], [2 if counts_as_try else 1]]
        wait_until(lambda: counts(store, CLOCK.now_ms(), queue("large")) == (0, 0, 0), "the large is done", 20)
        for name in LOST:
            assert len(service.calls[name]) == 1, "the function may still run"
            (unknown,) = recorded(store, queue(name))
            assert unknown.outcome is OutcomeKind.UNKNOWN
            due_at_ms = store.queues.describe(queue(name), CLOCK.now_ms()).next_due_at_ms
            assert due_at_ms
            assert due_at_ms >= unknown.started_at_ms + TIMEOUT_SECONDS * 1000 + 14_000
        pauses = store.pauses.all()
        assert set(pauses) == {"denied", "missing"}
        assert "allow lambda:InvokeFunction" in pauses["denied"].reason
        assert "deploy it" in pauses["missing"].reason
        for name in ("denied", "missing"):
            assert counts(store, CLOCK.now_ms(), queue(name)) == (1, 0, 0)
            service.behaviours[name] = succeed
            store.pauses.resume(name, PausedBy.USER)
            wait_until(lambda name=name: counts(store, CLOCK.now_ms(), queue(name)) == (0, 0, 0), f"{name} is done", 20)  # type: ignore[misc]
            *trials, last = recorded(store, queue(name))  # karin tries again by itself, after a pause
            assert {trial.outcome for trial in trials} == {OutcomeKind.REFUSED}
            assert last.outcome is OutcomeKind.SUCCEEDED
            assert service.receive_counts(name) == [[1]] * (len(trials) + 1)
    assert "Traceback" not in (tmp_path / "scheduler.log").read_text()
