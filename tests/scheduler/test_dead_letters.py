"""What a function never manages ends in the dead-letter queue, once, and holds up nothing behind it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from karin.clock import SystemClock
from karin.mapping.outcome import InvokeResult, Responded
from karin.mapping.refusals import Refused
from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.rounds import Rounds
from karin.scheduler.served import Served
from karin.sqs.names import QueueId
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.support import Call, Recorder, dispatcher_over, mapping, run_round, snapshot
from tests.store.dead_letters import REGION, create_pair, fail, send_any
from tests.store.support import FIFO, QUEUE, bodies, claim, counts
from tests.support import wait_until

CLOCK = SystemClock()
FUNCTION_ERROR = Responded(payload=b'{"errorType":"ValueError","errorMessage":"no"}', function_error="Unhandled")
THROTTLED = Refused("TooManyRequestsException", 429, "Rate Exceeded.")
BOTH_TYPES = pytest.mark.parametrize("queue", [QUEUE, FIFO])


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(lambda _: FUNCTION_ERROR)


def dispatcher(store: Store, recorder: Recorder, clock: ManualClock, batch_size: int = 10) -> Dispatcher:
    """Return a dispatcher that serves a queue of each type."""
    return dispatcher_over(store, serving(batch_size), recorder, clock)


def serving(batch_size: int = 10) -> Served:
    """Return what serves a queue of each type."""
    served = Served()
    reporting = ("ReportBatchItemFailures",)
    served.replace(
        snapshot(*(mapping(queue, batch_size=batch_size, response_types=reporting) for queue in (QUEUE, FIFO)))
    )
    return served


@BOTH_TYPES
def test_a_message_that_always_fails_is_dead_lettered_after_its_last_try(
    store: Store, clock: ManualClock, recorder: Recorder, queue: QueueId
) -> None:
    target = create_pair(store, clock.now_ms(), queue, max_receive_count=3)
    message_id = send_any(store, clock.now_ms(), queue, "bad")
    work = dispatcher(store, recorder, clock)
    for _ in range(3):
        assert run_round(work, queue) == clock.now_ms() + 30_000
        clock.advance(seconds=30)
    assert counts(store, clock.now_ms(), target) == (0, 0, 0)

    assert run_round(work, queue) == clock.now_ms(), "at worst the next wake finds nothing"
    assert run_round(work, queue) is None

    assert [call.receive_counts for call in recorder.calls] == [(1,), (2,), (3,)]
    assert counts(store, clock.now_ms(), queue) == (0, 0, 0)
    (arrived,) = claim(store, clock.now_ms(), queue=target).messages
    assert (arrived.message.message_id, arrived.receive_count) == (message_id, 4)
    assert arrived.message.dead_letter_source_arn == queue.arn(REGION)


def test_what_stood_behind_a_dead_letter_in_its_group_is_due_at_once(
    store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    create_pair(store, clock.now_ms(), FIFO)
    for body in ("bad", "worse"):
        send_any(store, clock.now_ms(), FIFO, body)
    fail(store, clock.now_ms(), FIFO)
    send_any(store, clock.now_ms(), FIFO, "good")
    work = dispatcher(store, recorder, clock, batch_size=1)
    recorder.behaviour = lambda _: Responded()
    due_at_ms: int | None = clock.now_ms()
    while due_at_ms == clock.now_ms():
        due_at_ms = run_round(work, FIFO)
    assert due_at_ms is None
    assert recorder.bodies == ["good"]


@BOTH_TYPES
def test_refused_calls_bring_no_message_closer_to_its_death(
    store: Store, clock: ManualClock, recorder: Recorder, queue: QueueId
) -> None:
    target = create_pair(store, clock.now_ms(), queue)
    send_any(store, clock.now_ms(), queue, "good")
    work = dispatcher(store, recorder, clock)
    recorder.behaviour = lambda _: THROTTLED
    for _ in range(10):
        due_at_ms = run_round(work, queue)
        assert due_at_ms is not None
        clock.advance(ms=due_at_ms - clock.now_ms())
    recorder.behaviour = lambda _: Responded()
    assert run_round(work, queue) is None
    assert len(recorder.calls) == 11
    assert counts(store, clock.now_ms(), target) == (0, 0, 0)


@BOTH_TYPES
def test_without_their_queue_dead_letters_hold_up_nobody_else(
    store: Store, clock: ManualClock, recorder: Recorder, queue: QueueId, caplog: pytest.LogCaptureFixture
) -> None:
    target = create_pair(store, clock.now_ms(), queue)
    store.queues.delete(target, clock.now_ms())
    send_any(store, clock.now_ms(), queue, "bad")
    work = dispatcher(store, recorder, clock)
    run_round(work, queue)
    clock.advance(seconds=30)
    send_any(store, clock.now_ms(), queue, "good", group="b")
    recorder.behaviour = lambda _: Responded()
    assert run_round(work, queue) == clock.now_ms() + 30_000
    assert recorder.bodies == ["bad", "good"]
    assert f"{target.name} of {queue.name} does not exist" in caplog.text


@contextmanager
def running_rounds(store: Store, recorder: Recorder, concurrency: int = 4) -> Iterator[Rounds]:
    """Run rounds over real time; stop them in the end."""
    rounds = Rounds(dispatcher_over(store, serving(batch_size=3), recorder, CLOCK), concurrency)
    rounds.start()
    try:
        yield rounds
    finally:
        rounds.stop(10)


@BOTH_TYPES
def test_the_bad_ones_among_many_are_dead_lettered_once_and_all_others_are_handled(
    store: Store, store_url: str, queue: QueueId
) -> None:
    target = create_pair(store, CLOCK.now_ms(), queue, max_receive_count=3, VisibilityTimeout=0)
    names = [f"{'bad' if number % 7 == 0 else 'good'}{number}" for number in range(100)]
    for number, name in enumerate(names):
        send_any(store, CLOCK.now_ms(), queue, name, group=str(number % 10))
    handled: list[str] = []
    lock = threading.Lock()

    def handle(call: Call) -> InvokeResult:
        ids = [one for one, body in zip(call.message_ids, call.bodies, strict=True) if body.startswith("bad")]
        with lock:
            handled.extend(body for body in call.bodies if body.startswith("good"))
        return Responded(payload=msgspec.json.encode({"batchItemFailures": [{"itemIdentifier": one} for one in ids]}))

    recorder = Recorder(handle)
    with running_rounds(store, recorder) as one, running_rounds(Store.open(store_url, max_connections=2), recorder):
        one.wakes.nudge(queue, CLOCK.now_ms())
        wait_until(lambda: counts(store, CLOCK.now_ms(), queue) == (0, 0, 0), "the source is empty", 30)
    dead = claim(store, CLOCK.now_ms(), queue=target, most=100).messages
    assert sorted(handled) == sorted(name for name in names if name.startswith("good"))
    assert sorted(bodies(dead)) == sorted(name for name in names if name.startswith("bad"))
    assert {one.message.dead_letter_source_arn for one in dead} == {queue.arn(REGION)}
    assert {one.receive_count for one in dead} == {4}
