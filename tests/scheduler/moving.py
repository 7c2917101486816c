"""What tests of message move tasks share: dead letters to move, a scheduler's part in it, and looks at the outcome."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from karin.operations.context import Context
from karin.operations.moving import list_moves, start_move
from karin.scheduler.mover import Mover
from karin.sqs.message import ReceivedMessage
from karin.sqs.moves import ActiveMove, MoveStatus, MoveTask
from karin.sqs.names import QueueId
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.support import REGION
from tests.store.support import ACCOUNT, claim, create, outgoing

WORK, OTHER, DEAD = (QueueId(ACCOUNT, name) for name in ("work", "other", "dead"))
FIFOS = tuple(QueueId(ACCOUNT, f"{queue.name}.fifo") for queue in (WORK, OTHER, DEAD))
LATER_MS = 3_600_000


def make_queues(store: Store, now_ms: int, *, fifo: bool = False, **attributes: object) -> tuple[QueueId, ...]:
    """Make two queues and the dead-letter queue of both; return all three."""
    *sources, dead = FIFOS if fifo else (WORK, OTHER, DEAD)
    create(store, now_ms, dead)
    policy = json.dumps({"deadLetterTargetArn": dead.arn(REGION), "maxReceiveCount": 1})
    for queue in sources:
        create(store, now_ms, queue, RedrivePolicy=policy, **attributes)
    return *sources, dead


def bury(
    store: Store, now_ms: int, *texts: str, dead: QueueId = DEAD, source: QueueId | None = WORK, **more: Any
) -> None:
    """Put messages into a dead-letter queue as if each had come from another queue, or, without one, by itself."""
    arn = source.arn(REGION) if source else None
    one_by_one = [
        outgoing(now_ms, text, dead_letter_source_arn=arn, deduplication_id=str(uuid.uuid4()), **more) for text in texts
    ]
    for start in range(0, len(one_by_one), 100):
        store.messages.send(dead, now_ms, one_by_one[start : start + 100])


def texts(count: int) -> list[str]:
    """Return bodies that differ and sort."""
    return [f"{number:04d}" for number in range(count)]


def begin(
    context: Context, *, dead: QueueId = DEAD, to: QueueId | None = None, rate: int | None = None, me: str = "me"
) -> Mover:
    """Start a task; return a scheduler's part in it."""
    task = start_move(context, dead.arn(REGION), to.arn(REGION) if to else None, rate)
    return mover_of(context, task, me, dead=dead)


def mover_of(context: Context, task: MoveTask, me: str, *, dead: QueueId = DEAD) -> Mover:
    """Return a scheduler's part in a task."""
    return Mover(context, me, ActiveMove(dead, task.task_id, task.started_at_ms))


def finish(mover: Mover, clock: ManualClock) -> None:
    """Let a scheduler work until it has nothing more to do; time passes as it asks."""
    for _ in range(10_000):
        due_at_ms = mover.step()
        if due_at_ms is None:
            return
        clock.advance(ms=max(0, due_at_ms - clock.now_ms()))
    raise AssertionError("the task has no end")


def latest(context: Context, dead: QueueId = DEAD) -> MoveTask:
    """Return the latest task of a dead-letter queue."""
    (task,) = list_moves(context, dead.arn(REGION))
    return task


def outcome(context: Context, dead: QueueId = DEAD) -> tuple[MoveStatus, int, int, str | None]:
    """Return how the latest task ended: its status, how many it moved and was to move, and why it failed."""
    task = latest(context, dead)
    return task.status, task.moved, task.to_move, task.failure_reason


def take_all(store: Store, now_ms: int, queue: QueueId) -> list[ReceivedMessage]:
    """Receive everything that a queue holds, whenever it is due."""
    taken: list[ReceivedMessage] = []
    while more := claim(store, now_ms + LATER_MS, queue=queue, most=1000, floor_ms=LATER_MS).messages:
        taken += more
    return taken


def work_until(mover: Mover, clock: ManualClock, is_reached: Callable[[], bool]) -> None:
    """Let a scheduler work until something is the case."""
    while not is_reached():
        due_at_ms = mover.step()
        assert due_at_ms is not None
        clock.advance(ms=max(0, due_at_ms - clock.now_ms()))
