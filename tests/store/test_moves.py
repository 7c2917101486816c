"""Message move tasks in the store: one active task for each source, and reports that count once."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
import redis

from karin.sqs.errors import InvalidParameterValue, OverLimit, ResourceNotFound
from karin.sqs.limits import ACTIVE_MOVES, LISTED_MOVES
from karin.sqs.moves import ActiveMove, MoveStatus, MoveTask
from karin.sqs.names import QueueId
from karin.sqs.receipts import Receipt
from karin.store import keys
from karin.store.moves import Busy, Report, Standing
from karin.store.store import Store
from karin.store.sweeping import Swept
from tests.clocks import ManualClock
from tests.store.support import ACCOUNT, FIFO, OTHER, QUEUE, all_keys, assert_nothing_expires, create, send

ARN = QUEUE.arn("us-east-1")
OWNED_MS = 15_000
NO_REPORT = Report("", ())

Start = Callable[..., tuple[ActiveMove, MoveTask]]


@pytest.fixture
def start(store: Store, clock: ManualClock) -> Start:
    """Return a way to start a task on a new queue."""

    def started(queue: QueueId = QUEUE, **others: Any) -> tuple[ActiveMove, MoveTask]:
        now_ms = clock.now_ms()
        create(store, now_ms, queue)
        facts = {"destination_arn": None, "max_per_second": None, "to_move": 3} | others
        task = MoveTask(str(uuid.uuid4()), queue.arn("us-east-1"), started_at_ms=now_ms, **facts)
        return store.moves.start(queue, now_ms, task), task

    return started


def report(*numbers: int, queue: QueueId = QUEUE) -> Report:
    """Return a report of some messages."""
    group = "group" if queue.is_fifo else None
    receipts = (Receipt(queue, str(uuid.UUID(int=number)), number, 5, group, group and "1") for number in numbers)
    return Report(uuid.uuid4().hex, tuple(receipts))


def seen_by_sweep(store: Store, now_ms: int) -> tuple[ActiveMove, ...]:
    swept: Swept = store.sweeping.sweep([], "me", now_ms)
    return swept.moves


def test_a_task_that_started_is_listed_and_seen_by_the_next_sweep(
    store: Store, clock: ManualClock, raw: redis.Redis, start: Start
) -> None:
    active, task = start(destination_arn=OTHER.arn("us-east-1"), max_per_second=7)

    assert active == ActiveMove(QUEUE, task.task_id, clock.now_ms())
    assert store.moves.listed(QUEUE, clock.now_ms(), 10) == [task]
    assert seen_by_sweep(store, clock.now_ms()) == (active,)
    assert_nothing_expires(raw)


def test_a_sweep_tells_tasks_beside_due_instants(store: Store, clock: ManualClock, start: Start) -> None:
    now_ms = clock.now_ms()
    tasks = {start(queue)[0] for queue in (QUEUE, OTHER, FIFO)}
    send(store, now_ms, queue=OTHER, delay_ms=7_000)

    swept = store.sweeping.sweep([QUEUE, OTHER], "me", now_ms)

    assert swept.heads == {QUEUE: None, OTHER: now_ms + 7_000}
    assert set(swept.moves) == tasks


def test_a_source_has_one_active_task(store: Store, clock: ManualClock, start: Start) -> None:
    active, task = start()

    with pytest.raises(InvalidParameterValue, match="already a task running"):
        start()

    assert store.moves.listed(QUEUE, clock.now_ms(), 10) == [task]
    assert seen_by_sweep(store, clock.now_ms()) == (active,)


def test_starting_the_same_task_twice_is_starting_it_once(store: Store, clock: ManualClock, start: Start) -> None:
    """A client library asks again when it did not hear the answer."""
    active, task = start()

    assert store.moves.start(QUEUE, clock.now_ms(), task) == active

    assert store.moves.listed(QUEUE, clock.now_ms(), 10) == [task]
    assert seen_by_sweep(store, clock.now_ms()) == (active,)


def test_a_queue_that_does_not_exist_has_no_tasks(store: Store, clock: ManualClock, raw: redis.Redis) -> None:
    now_ms = clock.now_ms()
    task = MoveTask(str(uuid.uuid4()), ARN, None, None, now_ms, 0)

    for refused in (
        lambda: store.moves.start(QUEUE, now_ms, task),
        lambda: store.moves.listed(QUEUE, now_ms, 10),
        lambda: store.moves.cancel(QUEUE, now_ms, task.task_id),
    ):
        with pytest.raises(ResourceNotFound, match="SourceArn"):
            refused()

    assert all_keys(raw) == set()


def test_an_account_has_a_hundred_tasks_at_most(store: Store, clock: ManualClock, start: Start) -> None:
    tasks = [start(QueueId(ACCOUNT, f"dead-{number}"))[0] for number in range(ACTIVE_MOVES)]

    with pytest.raises(OverLimit):
        start()
    assert store.moves.listed(QUEUE, clock.now_ms(), 1) == []

    start(QueueId("111111111111", "dead"))
    assert store.moves.end(tasks[0], clock.now_ms(), "me", MoveTask(tasks[0].task_id, ARN, None, None, 0, 0))
    store.moves.forget(tasks[0])
    start()


def test_the_task_of_a_scheduler_is_no_other_schedulers_until_it_falls_silent(
    store: Store, clock: ManualClock, start: Start
) -> None:
    active, task = start()
    mine = store.moves.advance(active, clock.now_ms(), "me", OWNED_MS)
    assert isinstance(mine, Standing)
    assert mine.last == NO_REPORT
    assert (mine.task.to_move, mine.task.moved, mine.task.is_attended) == (3, 0, True)
    assert [task.is_attended for task in store.moves.listed(QUEUE, clock.now_ms(), 1)] == [True]

    until_ms = clock.now_ms() + OWNED_MS
    clock.advance(ms=OWNED_MS - 1)
    assert store.moves.advance(active, clock.now_ms(), "you", OWNED_MS) == Busy(until_ms)
    assert not store.moves.end(active, clock.now_ms(), "you", task)
    clock.advance(ms=1)
    assert [task.is_attended for task in store.moves.listed(QUEUE, clock.now_ms(), 1)] == [False]
    assert isinstance(store.moves.advance(active, clock.now_ms(), "you", OWNED_MS), Standing)
    assert isinstance(store.moves.advance(active, clock.now_ms(), "me", OWNED_MS), Busy)


@pytest.mark.parametrize("queue", [QUEUE, FIFO])
def test_a_report_counts_once_and_is_told_to_whoever_is_next(
    store: Store, clock: ManualClock, start: Start, queue: QueueId
) -> None:
    active, _ = start(queue)
    first, second = report(1, 2, queue=queue), report(3, queue=queue)

    for _ in range(2):
        standing = store.moves.advance(active, clock.now_ms(), "me", OWNED_MS, first)
        assert isinstance(standing, Standing)
        assert (standing.task.moved, standing.last) == (2, first)
    clock.advance(ms=OWNED_MS)
    standing = store.moves.advance(active, clock.now_ms(), "you", OWNED_MS)
    assert isinstance(standing, Standing)
    assert (standing.task.moved, standing.last) == (2, first)
    standing = store.moves.advance(active, clock.now_ms(), "you", OWNED_MS, second)
    assert isinstance(standing, Standing)
    assert (standing.task.moved, standing.last) == (3, second)
    assert [task.moved for task in store.moves.listed(queue, clock.now_ms(), 1)] == [3]


def test_a_report_to_a_busy_task_does_not_count(store: Store, clock: ManualClock, start: Start) -> None:
    active, _ = start()
    store.moves.advance(active, clock.now_ms(), "me", OWNED_MS)

    assert isinstance(store.moves.advance(active, clock.now_ms(), "you", OWNED_MS, report(1)), Busy)

    assert [task.moved for task in store.moves.listed(QUEUE, clock.now_ms(), 1)] == [0]


def test_a_cancelled_task_stays_active_until_its_scheduler_ends_it(
    store: Store, clock: ManualClock, start: Start
) -> None:
    active, task = start()
    assert store.moves.cancel(QUEUE, clock.now_ms(), task.task_id)[1] == active
    store.moves.advance(active, clock.now_ms(), "me", OWNED_MS, report(1))

    cancelled, _ = store.moves.cancel(QUEUE, clock.now_ms(), task.task_id)

    assert (cancelled.status, cancelled.moved, cancelled.is_attended) == (MoveStatus.CANCELLING, 1, True)
    standing = store.moves.advance(active, clock.now_ms(), "me", OWNED_MS)
    assert isinstance(standing, Standing)
    assert standing.task == cancelled
    with pytest.raises(InvalidParameterValue):
        start()


def test_only_the_active_task_is_cancelled(store: Store, clock: ManualClock, start: Start) -> None:
    create(store, clock.now_ms())
    with pytest.raises(ResourceNotFound, match="Task does not exist"):
        store.moves.cancel(QUEUE, clock.now_ms(), str(uuid.uuid4()))
    active, task = start()
    with pytest.raises(ResourceNotFound, match="Task does not exist"):
        store.moves.cancel(QUEUE, clock.now_ms(), str(uuid.uuid4()))
    store.moves.end(active, clock.now_ms(), "me", task)
    with pytest.raises(ResourceNotFound, match="Task does not exist"):
        store.moves.cancel(QUEUE, clock.now_ms(), task.task_id)


def test_a_task_that_ended_is_listed_behind_those_that_came_after_it(
    store: Store, clock: ManualClock, raw: redis.Redis, start: Start
) -> None:
    _, most_kept = LISTED_MOVES
    ended: list[MoveTask] = []
    for _ in range(most_kept + 2):
        active, task = start()
        assert store.moves.end(active, clock.now_ms(), "me", task)
        assert store.moves.end(active, clock.now_ms(), "me", task), "once more, since the answer was lost"
        assert store.moves.advance(active, clock.now_ms(), "me", OWNED_MS, report(1)) is None
        ended.insert(0, task)
        clock.advance(ms=1)

    assert store.moves.listed(QUEUE, clock.now_ms(), most_kept) == ended[:most_kept]
    _, running = start()
    assert store.moves.listed(QUEUE, clock.now_ms(), most_kept) == [running, *ended[: most_kept - 1]]
    assert store.moves.listed(QUEUE, clock.now_ms(), 1) == [running]
    assert raw.llen(keys.moves(QUEUE)) == most_kept


def test_a_queue_takes_its_tasks_along_when_it_is_deleted_and_keeps_them_when_it_is_purged(
    store: Store, clock: ManualClock, raw: redis.Redis, start: Start
) -> None:
    active, task = start()
    store.moves.end(active, clock.now_ms(), "me", task)
    active, task = start()

    store.messages.purge(QUEUE, clock.now_ms())
    assert len(store.moves.listed(QUEUE, clock.now_ms(), 10)) == 2
    store.queues.delete(QUEUE, clock.now_ms())

    assert store.moves.advance(active, clock.now_ms(), "me", OWNED_MS) is None
    assert all_keys(raw) == {keys.MOVING, keys.tombstone(QUEUE)}
