"""Message move tasks: everything arrives once, whoever crashes and whenever the store is lost."""

from dataclasses import replace
from typing import Any

import pytest
import redis

from karin.operations.context import Context
from karin.operations.moving import start_move
from karin.scheduler.mover import MOST_MESSAGES, ORPHAN_MS, OWNED_MS
from karin.sqs.moves import MoveStatus, MoveTask
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.connection import StoreUnavailable
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.moving import (
    DEAD,
    WORK,
    begin,
    bury,
    finish,
    latest,
    make_queues,
    mover_of,
    outcome,
    take_all,
    texts,
)
from tests.scheduler.support import REGION
from tests.store.support import bodies, counts


class Crash(Exception):  # noqa: N818 - it is no error of the program
    """The scheduler's process is no more."""


class Failing:
    """Commands of a store, of which one fails: after it was sent or before, with whatever is to be raised."""

    def __init__(self, commands: Any, count: list[int], failing: int, *, after: bool, error: Exception) -> None:
        self._commands = commands
        self._count = count
        self._failing = failing
        self._after = after
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            self._count[0] += 1
            fails = self._count[0] == self._failing
            if fails and not self._after:
                raise self._error
            result = getattr(self._commands, name)(*args, **more)
            if fails:
                raise self._error
            return result

        return call


def failing_context(context: Context, failing: int, *, after: bool, error: Exception) -> Context:
    """Return a context whose store fails at its n-th command on messages or tasks."""
    count = [0]
    store = context.store
    return replace(
        context,
        store=replace(
            store,
            messages=Failing(store.messages, count, failing, after=after, error=error),  # type: ignore[arg-type]
            moves=Failing(store.moves, count, failing, after=after, error=error),  # type: ignore[arg-type]
        ),
    )


COMMANDS = 11  # of a task of two steps, at least


@pytest.mark.parametrize("fifo", [False, True], ids=["standard", "fifo"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("failing", range(1, COMMANDS + 1))
def test_a_scheduler_may_crash_at_any_command_and_another_goes_on(
    store: Store, context: Context, clock: ManualClock, raw: redis.Redis, failing: int, after: bool, fifo: bool
) -> None:
    queues = bury_for_two(store, clock, fifo=fifo)
    task = start_move(context, queues[-1].arn(REGION), None, None)
    failed = failing_context(context, failing, after=after, error=Crash())

    with pytest.raises(Crash):
        finish(mover_of(failed, task, "me", dead=queues[-1]), clock)
    clock.advance(seconds=1)
    finish(mover_of(context, task, "you", dead=queues[-1]), clock)

    assert_all_moved_once(store, context, clock, queues)
    assert_forgotten(context, clock, raw, task, queues[-1])


@pytest.mark.parametrize("fifo", [False, True], ids=["standard", "fifo"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("failing", range(1, COMMANDS + 1))
def test_the_store_may_be_lost_at_any_command_and_the_scheduler_goes_on(
    store: Store, context: Context, clock: ManualClock, raw: redis.Redis, failing: int, after: bool, fifo: bool
) -> None:
    queues = bury_for_two(store, clock, fifo=fifo)
    task = start_move(context, queues[-1].arn(REGION), None, None)
    failed = failing_context(context, failing, after=after, error=StoreUnavailable("for a moment"))
    mover = mover_of(failed, task, "me", dead=queues[-1])

    with pytest.raises(StoreUnavailable):
        finish(mover, clock)
    clock.advance(seconds=1)
    finish(mover, clock)

    assert_all_moved_once(store, context, clock, queues)
    assert_forgotten(context, clock, raw, task, queues[-1])


def bury_for_two(store: Store, clock: ManualClock, *, fifo: bool) -> tuple[QueueId, ...]:
    """Bury messages of two queues in their dead-letter queue, more than one step moves."""
    *sources, dead = make_queues(store, clock.now_ms(), fifo=fifo)
    for number, queue in enumerate(sources):
        group = {"group_id": f"group-{number}"} if fifo else {}
        bury(store, clock.now_ms(), *texts(MOST_MESSAGES), dead=dead, source=queue, **group)
    return *sources, dead


def assert_all_moved_once(store: Store, context: Context, clock: ManualClock, queues: tuple[QueueId, ...]) -> None:
    *sources, dead = queues
    assert outcome(context, dead) == (MoveStatus.COMPLETED, 2 * MOST_MESSAGES, 2 * MOST_MESSAGES, None)
    assert take_all(store, clock.now_ms(), dead) == []
    for queue in sources:
        arrived = bodies(take_all(store, clock.now_ms(), queue))
        assert (arrived if queue.is_fifo else sorted(arrived)) == texts(MOST_MESSAGES)


def assert_forgotten(context: Context, clock: ManualClock, raw: redis.Redis, task: MoveTask, dead: QueueId) -> None:
    """Check that the task is off the list of those to see to, or goes off it when a sweep finds it there later."""
    clock.advance(ms=ORPHAN_MS)
    finish(mover_of(context, task, "me", dead=dead), clock)
    assert raw.zcard(keys.MOVING) == 0


def test_a_scheduler_that_was_held_up_leaves_its_messages_to_whoever_replaced_it(
    store: Store, context: Context, clock: ManualClock
) -> None:
    make_queues(store, clock.now_ms())
    bury(store, clock.now_ms(), *texts(3))
    task = start_move(context, DEAD.arn(REGION), None, None)
    slow, quick = mover_of(context, task, "slow"), mover_of(context, task, "quick")
    slow.step()  # claimed and sent, not yet noted

    clock.advance(ms=OWNED_MS)
    quick.step()
    assert slow.step() == clock.now_ms() + OWNED_MS, "it is not asked for until then"
    finish(quick, clock)

    assert slow.step() is None
    assert outcome(context) == (MoveStatus.COMPLETED, 3, 3, None)
    assert sorted(bodies(take_all(store, clock.now_ms(), WORK))) == texts(3)
    assert take_all(store, clock.now_ms(), DEAD) == []


def test_a_scheduler_that_stops_leaves_the_task_to_another_as_soon_as_its_pace_allows(
    store: Store, context: Context, clock: ManualClock
) -> None:
    make_queues(store, clock.now_ms())
    bury(store, clock.now_ms(), *texts(3))
    first = begin(context, rate=1)
    first.step()

    first.release()

    assert latest(context).moved == 1
    assert counts(store, clock.now_ms(), DEAD) == (2, 0, 0)
    second = mover_of(context, latest(context), "you")
    assert (second.step() or 0) - clock.now_ms() == 1_001
    clock.advance(ms=1_001)
    finish(second, clock)
    assert outcome(context) == (MoveStatus.COMPLETED, 3, 3, None)
