"""Message move tasks in a scheduler: they take turns, keep their pace, and outlive any process."""

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from karin.clock import SystemClock
from karin.local.process import LocalLambda
from karin.operations.context import Context
from karin.operations.moving import start_move
from karin.scheduler.mover import LEASE_MS, OWNED_MS
from karin.scheduler.moves import Moves
from karin.sqs.moves import ActiveMove, MoveStatus
from karin.sqs.names import QueueId
from karin.store.store import Store
from tests.scheduler.moving import DEAD, WORK, bury, latest, make_queues, outcome, take_all, texts
from tests.scheduler.scheduled import running_scheduler
from tests.scheduler.support import REGION
from tests.store.support import ACCOUNT, bodies, counts, create
from tests.support import START_SECONDS, wait_until

CLOCK = SystemClock()


@pytest.fixture
def real(store: Store, context: Context) -> Context:
    """Return a context on the real clock, with three queues."""
    make_queues(store, CLOCK.now_ms())
    return replace(context, clock=CLOCK)


@pytest.mark.quiet
def test_the_pace_is_kept_by_the_clock_on_the_wall(store: Store, real: Context) -> None:
    bury(store, CLOCK.now_ms(), *texts(200))
    task = start_move(real, DEAD.arn(REGION), None, 80)
    moves = Moves(real, "me")

    moves.take_up([ActiveMove(DEAD, task.task_id, task.started_at_ms)])
    wait_until(lambda: latest(real).status is MoveStatus.COMPLETED, "the task is complete")
    moves.stop(1)

    sent_at_ms = sorted(received.message.sent_at_ms for received in take_all(store, CLOCK.now_ms(), WORK))
    assert all(later - earlier >= 999 for earlier, later in zip(sent_at_ms, sent_at_ms[80:], strict=False))
    assert 2_250 <= sent_at_ms[-1] - sent_at_ms[0] <= 4_000


def test_tasks_take_turns(store: Store, real: Context) -> None:
    slow, quick = (QueueId(ACCOUNT, name) for name in ("slow", "quick"))
    for dead, count in ((slow, 1_000), (quick, 50)):
        create(store, CLOCK.now_ms(), dead)
        policy = json.dumps({"deadLetterTargetArn": dead.arn(REGION), "maxReceiveCount": 1})
        create(store, CLOCK.now_ms(), QueueId(ACCOUNT, f"source-of-{dead.name}"), RedrivePolicy=policy)
        bury(store, CLOCK.now_ms(), *texts(count), dead=dead)
    tasks = [start_move(real, slow.arn(REGION), None, 1), start_move(real, quick.arn(REGION), None, None)]
    moves = Moves(real, "me")

    moves.take_up(ActiveMove(dead, task.task_id, 0) for dead, task in zip((slow, quick), tasks, strict=True))

    wait_until(lambda: latest(real, quick).status is MoveStatus.COMPLETED, "the quick one is complete")
    moves.stop(1)
    assert latest(real, slow).status is MoveStatus.RUNNING
    assert 1 <= latest(real, slow).moved <= 50


def assert_complete(context: Context, count: int) -> None:
    assert outcome(context) == (MoveStatus.COMPLETED, count, count, None)
    assert take_all(context.store, CLOCK.now_ms(), DEAD) == []
    assert sorted(bodies(take_all(context.store, CLOCK.now_ms(), WORK))) == texts(count)


def is_complete(context: Context) -> bool:
    return latest(context).status is MoveStatus.COMPLETED


def test_a_scheduler_killed_half_way_is_replaced_and_every_message_arrives_once(
    store: Store, store_url: str, real: Context, service: LocalLambda, tmp_path: Path
) -> None:
    bury(store, CLOCK.now_ms(), *texts(60))
    with running_scheduler(store_url, service, tmp_path / "first.log") as first:
        wait_until(store.deployment.last_sweeps, "the first scheduler serves", START_SECONDS)
        start_move(real, DEAD.arn(REGION), None, 30)
        wait_until(lambda: latest(real).moved >= 20, "a third is moved")
        first.kill()
        first.wait(10)
    moved = latest(real).moved
    assert moved < 60
    with running_scheduler(store_url, service, tmp_path / "second.log", sweep_seconds=1):
        wait_until(
            lambda: latest(real).moved > moved, "the second scheduler goes on", (OWNED_MS + LEASE_MS) / 1000 + 20
        )
        wait_until(lambda: is_complete(real), "the task is complete", LEASE_MS / 1000 + 20)
    assert_complete(real, 60)


def test_a_scheduler_that_is_told_to_stop_is_replaced_at_once(
    store: Store, store_url: str, real: Context, service: LocalLambda, tmp_path: Path
) -> None:
    bury(store, CLOCK.now_ms(), *texts(60))
    log = tmp_path / "first.log"
    with running_scheduler(store_url, service, log) as first:
        wait_until(store.deployment.last_sweeps, "the first scheduler serves", START_SECONDS)
        start_move(real, DEAD.arn(REGION), None, 30)
        wait_until(lambda: latest(real).moved >= 10, "some are moved")
        first.terminate()
        assert first.wait(5) == 0
    stopped_at_ms = CLOCK.now_ms()
    assert "Traceback" not in log.read_text()
    assert latest(real).moved + counts(store, CLOCK.now_ms(), DEAD)[0] == 60, "nothing is in flight"
    with running_scheduler(store_url, service, tmp_path / "second.log"):
        wait_until(lambda: is_complete(real), "the task is complete", 20)
    assert CLOCK.now_ms() - stopped_at_ms < OWNED_MS
    assert_complete(real, 60)


def test_several_schedulers_work_on_a_task_as_one(
    store: Store, store_url: str, real: Context, service: LocalLambda, tmp_path: Path
) -> None:
    bury(store, CLOCK.now_ms(), *texts(3_000))
    with ExitStack() as stack:
        for name in ("one", "two"):
            stack.enter_context(running_scheduler(store_url, service, tmp_path / name, sweep_seconds=1))
        wait_until(lambda: len(store.deployment.last_sweeps()) == 2, "both schedulers serve", 20)
        start_move(real, DEAD.arn(REGION), None, None)
        wait_until(lambda: is_complete(real), "the task is complete", 20)
    assert_complete(real, 3_000)


def test_a_task_that_started_while_no_scheduler_ran_is_found(
    store: Store, store_url: str, real: Context, service: LocalLambda, tmp_path: Path
) -> None:
    bury(store, CLOCK.now_ms(), *texts(3))
    start_move(real, DEAD.arn(REGION), None, None)
    with running_scheduler(store_url, service, tmp_path / "log"):
        wait_until(lambda: is_complete(real), "the task is complete", 20)
    assert_complete(real, 3)
