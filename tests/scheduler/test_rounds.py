"""Rounds with real threads, timers and a real store: bounded, fair, stopped in good order, and patient with outages."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import redis

from karin.clock import SystemClock
from karin.mapping.outcome import InvokeResult, OutcomeKind, Responded
from karin.mapping.refusals import Refused
from karin.scheduler.rounds import RETRY_OVER_LIMIT_MS, Rounds
from karin.scheduler.served import CALL_MARGIN_MS, Served
from karin.sqs.limits import IN_FLIGHT
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.connection import StoreUnavailable
from karin.store.messages import Call as StoreCall
from karin.store.store import Store
from tests.scheduler.support import Call, Recorder, dispatcher_over, mapping, recorded, snapshot
from tests.store.servers import DurableStore
from tests.store.support import ACCOUNT, OTHER, QUEUE, claim, counts, create, send
from tests.support import short_folder, wait_until

CLOCK = SystemClock()
LIMIT_SECONDS = 10


class Gate:
    """Holds calls until the test lets them go; knows how many are held, and how many there were at most."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._lock = threading.Lock()
        self.held = 0
        self.most_held = 0

    def __call__(self, _: Call) -> InvokeResult:
        with self._lock:
            self.held += 1
            self.most_held = max(self.most_held, self.held)
        assert self._open.wait(30)
        with self._lock:
            self.held -= 1
        return Responded()

    def open(self) -> None:
        """Let go those that are held and all that come."""
        self._open.set()


@contextmanager
def running_rounds(store: Store, served: Served, recorder: Recorder, concurrency: int = 4) -> Iterator[Rounds]:
    """Run rounds over real time; stop them in the end."""
    rounds = Rounds(dispatcher_over(store, served, recorder, CLOCK), concurrency)
    rounds.start()
    try:
        yield rounds
    finally:
        rounds.stop(LIMIT_SECONDS)


def serving(*queues: QueueId, batch_size: int = 1) -> Served:
    """Return what serves these queues."""
    served = Served()
    served.replace(snapshot(*(mapping(queue, queue.name, batch_size=batch_size) for queue in queues)))
    return served


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


def test_a_nudge_delivers_everything_that_is_due_and_leaves_the_queue_disarmed(store: Store) -> None:
    create(store, CLOCK.now_ms())
    sent = [send(store, CLOCK.now_ms(), str(number)) for number in range(25)]
    recorder = Recorder()
    with running_rounds(store, serving(QUEUE, batch_size=10), recorder, concurrency=1) as rounds:
        rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
        wait_until(lambda: len(recorder.bodies) == len(sent), "all are delivered")
        wait_until(lambda: counts(store, CLOCK.now_ms()) == (0, 0, 0), "all are settled")
        wait_until(lambda: rounds.wakes.armed() == {}, "nothing is left to wake for")
    assert max(len(call.bodies) for call in recorder.calls) <= 10


def test_a_delayed_message_is_delivered_at_its_due_time_and_not_before(store: Store) -> None:
    create(store, CLOCK.now_ms())
    delivered_at_ms: list[int] = []

    def note(_: Call) -> InvokeResult:
        delivered_at_ms.append(CLOCK.now_ms())
        return Responded()

    with running_rounds(store, serving(QUEUE), Recorder(note)) as rounds:
        now_ms = CLOCK.now_ms()
        send(store, now_ms, delay_ms=400)
        rounds.request(QUEUE)  # a wake that finds nothing learns when to wake
        wait_until(lambda: delivered_at_ms, "it is delivered")
    assert delivered_at_ms[0] >= now_ms + 400


def test_calls_in_flight_are_bounded_and_nothing_is_claimed_without_a_thread(store: Store, gate: Gate) -> None:
    create(store, CLOCK.now_ms())
    for _ in range(12):
        send(store, CLOCK.now_ms())
    recorder = Recorder(gate)
    with running_rounds(store, serving(QUEUE), recorder, concurrency=3) as rounds:
        rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
        wait_until(lambda: gate.held == 3, "all threads are in use")
        assert counts(store, CLOCK.now_ms()) == (9, 3, 0)
        gate.open()
        wait_until(lambda: counts(store, CLOCK.now_ms()) == (0, 0, 0), "all are settled")
    assert gate.most_held == 3
    assert len(recorder.calls) == 12


def test_a_flooded_queue_does_not_starve_another(store: Store) -> None:
    for queue in (QUEUE, OTHER):
        create(store, CLOCK.now_ms(), queue)
    for _ in range(200):
        send(store, CLOCK.now_ms(), "flood")
    under_way, served_other = threading.Event(), threading.Event()

    def answer(call: Call) -> InvokeResult:
        under_way.set()
        if call.bodies == ("other",):
            served_other.set()
        return Responded()

    recorder = Recorder(answer)
    with running_rounds(store, serving(QUEUE, OTHER), recorder, concurrency=1) as rounds:
        rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
        assert under_way.wait(LIMIT_SECONDS)
        send(store, CLOCK.now_ms(), "other", queue=OTHER)
        rounds.wakes.nudge(OTHER, CLOCK.now_ms())
        before = len(recorder.calls)
        assert served_other.wait(LIMIT_SECONDS)
        place = recorder.bodies.index("other")
        assert place < 200
        assert place - before < 20, "it waited behind the flood"


def test_a_flooded_queue_with_long_calls_does_not_keep_another_waiting(store: Store, gate: Gate) -> None:
    for queue in (QUEUE, OTHER):
        create(store, CLOCK.now_ms(), queue)
    for _ in range(20):
        send(store, CLOCK.now_ms(), "flood")
    recorder = Recorder(lambda call: Responded() if call.bodies == ("other",) else gate(call))
    with running_rounds(store, serving(QUEUE, OTHER), recorder, concurrency=8) as rounds:
        rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
        wait_until(lambda: gate.held == 6, "the flood has three quarters of the threads")
        for number in range(1, 6):
            send(store, CLOCK.now_ms(), "other", queue=OTHER)
            rounds.wakes.nudge(OTHER, CLOCK.now_ms())
            wait_until(lambda number=number: recorder.bodies.count("other") == number, "the other is delivered")  # type: ignore[misc]
        assert gate.held == 6
        gate.open()
        wait_until(lambda: counts(store, CLOCK.now_ms()) == (0, 0, 0), "the flood is delivered")


def test_many_queues_at_once_are_all_delivered_once(store: Store) -> None:
    queues = [QueueId(ACCOUNT, f"q{number}") for number in range(30)]
    for queue in queues:
        create(store, CLOCK.now_ms(), queue)
    recorder = Recorder()
    with running_rounds(store, serving(*queues, batch_size=2), recorder, concurrency=8) as rounds:
        for number in range(5):
            for queue in queues:
                now_ms = CLOCK.now_ms()
                send(store, now_ms, f"{queue.name}/{number}", queue=queue, delay_ms=number * 10)
                rounds.wakes.nudge(queue, now_ms + number * 10)
        wait_until(lambda: len(recorder.bodies) >= 150, "all are delivered")
        for queue in queues:
            wait_until(lambda queue=queue: counts(store, CLOCK.now_ms(), queue) == (0, 0, 0), "all are settled")  # type: ignore[misc]
    assert sorted(recorder.bodies) == sorted(f"{queue.name}/{number}" for queue in queues for number in range(5))


def test_a_refused_call_is_tried_again_by_itself(store: Store) -> None:
    create(store, CLOCK.now_ms())
    send(store, CLOCK.now_ms())
    answers: Iterator[InvokeResult] = iter([Refused("TooManyRequestsException", 429), Responded()])
    recorder = Recorder(lambda _: next(answers))
    with running_rounds(store, serving(QUEUE), recorder) as rounds:
        rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
        wait_until(lambda: counts(store, CLOCK.now_ms()) == (0, 0, 0), "it is delivered")
    assert [call.receive_counts for call in recorder.calls] == [(1,), (1,)]


def test_a_failed_message_comes_again_by_itself(store: Store) -> None:
    create(store, CLOCK.now_ms(), VisibilityTimeout=1)
    send(store, CLOCK.now_ms())
    answers = iter([Responded(function_error="Unhandled"), Responded()])
    recorder = Recorder(lambda _: next(answers))
    with running_rounds(store, serving(QUEUE), recorder) as rounds:
        rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
        wait_until(lambda: counts(store, CLOCK.now_ms()) == (0, 0, 0), "it is delivered")
    assert [call.receive_counts for call in recorder.calls] == [(1,), (2,)]


def test_stopping_waits_for_calls_in_flight_and_settles_them(store: Store, gate: Gate) -> None:
    create(store, CLOCK.now_ms())
    for _ in range(5):
        send(store, CLOCK.now_ms())
    rounds = Rounds(dispatcher_over(store, serving(QUEUE), Recorder(gate), CLOCK), 2)
    rounds.start()
    rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
    wait_until(lambda: gate.held == 2, "two calls are in flight")
    with ThreadPoolExecutor(1) as other:
        stopping = other.submit(rounds.stop, LIMIT_SECONDS)
        wait_until(rounds._stopping.is_set, "it stops")
        assert not stopping.done()
        gate.open()
        assert stopping.result() == 0
    assert counts(store, CLOCK.now_ms()) == (3, 0, 0), "what was in flight is settled, the rest was not claimed"


def test_stopping_reports_the_calls_that_did_not_end_in_time(store: Store, gate: Gate) -> None:
    create(store, CLOCK.now_ms())
    send(store, CLOCK.now_ms())
    rounds = Rounds(dispatcher_over(store, serving(QUEUE), Recorder(gate), CLOCK), 2)
    rounds.start()
    rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
    wait_until(lambda: gate.held == 1, "a call is in flight")
    assert rounds.stop(0.05) == 1
    gate.open()
    wait_until(lambda: counts(store, CLOCK.now_ms()) == (0, 0, 0), "it is settled all the same")


def test_what_is_unfinished_when_it_stops_waits_until_its_function_has_surely_ended(store: Store, gate: Gate) -> None:
    create(store, CLOCK.now_ms(), VisibilityTimeout=0)
    create(store, CLOCK.now_ms(), OTHER, VisibilityTimeout=60)
    served = Served()
    mappings = (mapping(queue, queue.name, max_concurrency=2) for queue in (QUEUE, OTHER))
    served.replace(snapshot(*mappings, timeout_seconds=20))
    for queue in (QUEUE, OTHER):
        send(store, CLOCK.now_ms(), queue=queue)
    rounds = Rounds(dispatcher_over(store, served, Recorder(gate), CLOCK), 2)
    rounds.start()
    before_ms = CLOCK.now_ms()
    for queue in (QUEUE, OTHER):
        rounds.wakes.nudge(queue, before_ms)
    wait_until(lambda: gate.held == 2, "both calls are in flight")
    after_ms = CLOCK.now_ms()
    assert rounds.stop(0.05) == 2
    for queue, wait_ms in ((QUEUE, 20_000 + CALL_MARGIN_MS), (OTHER, 60_000)):
        due_at_ms = store.queues.describe(queue, CLOCK.now_ms()).next_due_at_ms
        assert due_at_ms
        assert before_ms + wait_ms <= due_at_ms <= after_ms + wait_ms
        (invocation,) = recorded(store, queue)
        assert (invocation.outcome, invocation.error_type) == (OutcomeKind.UNKNOWN, "SchedulerStopped")
        assert claim(store, CLOCK.now_ms(), queue=queue, call=StoreCall(queue.name, "x", 0, 1)).is_busy is False


def test_a_queue_that_is_gone_is_asked_once_and_then_left(store: Store) -> None:
    with running_rounds(store, serving(QUEUE), Recorder()) as rounds:
        rounds.wakes.nudge(QUEUE, CLOCK.now_ms() + 50)
        wait_until(lambda: rounds.wakes.armed() == {}, "the queue is not armed")


def test_a_queue_deleted_while_its_messages_are_in_flight_ends_the_round_quietly(
    store: Store, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    create(store, CLOCK.now_ms())
    send(store, CLOCK.now_ms())
    with running_rounds(store, serving(QUEUE), Recorder(gate)) as rounds:
        rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
        wait_until(lambda: gate.held == 1, "a call is in flight")
        store.queues.delete(QUEUE, CLOCK.now_ms())
        gate.open()
        wait_until(lambda: rounds.wakes.armed() == {}, "the queue is not armed")
    assert caplog.records == []


def test_a_queue_with_too_many_messages_in_flight_is_tried_again_later(
    store: Store, raw: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    create(store, CLOCK.now_ms())
    raw.zadd(keys.leased(QUEUE), {f"other-{number}": CLOCK.now_ms() + 600_000 for number in range(IN_FLIGHT)})
    send(store, CLOCK.now_ms())
    recorder = Recorder()
    with running_rounds(store, serving(QUEUE), recorder) as rounds:
        rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
        wait_until(lambda: caplog.records, "it is refused")
        assert caplog.messages == [
            f"cannot claim from work: Too many messages in flight: a queue may have {IN_FLIGHT}."
        ]
        raw.delete(keys.leased(QUEUE))
        wait_until(lambda: recorder.bodies == ["hello"], "it is delivered", RETRY_OVER_LIMIT_MS / 1000 + 5)


def test_a_fault_of_karins_own_is_logged_and_does_not_end_deliveries(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    create(store, CLOCK.now_ms())
    send(store, CLOCK.now_ms(), "first")
    faults = iter([True])

    def fail_once(_: Call) -> InvokeResult:
        if next(faults, False):
            raise RuntimeError("a fault")
        return Responded()

    recorder = Recorder(fail_once)
    with running_rounds(store, serving(QUEUE), recorder) as rounds:
        rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
        wait_until(lambda: "karin's own fault" in caplog.text, "the fault is logged")
        send(store, CLOCK.now_ms(), "second")
        rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
        wait_until(lambda: "second" in recorder.bodies, "the next message is delivered")
    assert counts(store, CLOCK.now_ms()) == (0, 1, 0), "the first comes again when its lease ends"


@pytest.fixture
def durable() -> Iterator[DurableStore]:
    with short_folder() as home, DurableStore(home) as running:
        yield running


def durable_with_a_message(durable: DurableStore) -> Store:
    """Return what commands such a store, that has a message in one queue."""
    store = Store.open(durable.url, max_connections=2)
    create(store, CLOCK.now_ms())
    send(store, CLOCK.now_ms())
    return store


def test_an_outcome_is_written_when_the_store_is_back(durable: DurableStore, gate: Gate) -> None:
    store = durable_with_a_message(durable)
    recorder = Recorder(gate)
    with running_rounds(store, serving(QUEUE), recorder) as rounds:
        rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
        wait_until(lambda: gate.held == 1, "a call is in flight")
        durable.kill()
        gate.open()
        with pytest.raises(StoreUnavailable):
            store.queues.names()
        durable.start()
        wait_until(lambda: counts(store, CLOCK.now_ms()) == (0, 0, 0), "the outcome is written")
    assert len(recorder.calls) == 1


def test_claims_are_tried_again_until_the_store_is_back(
    durable: DurableStore, caplog: pytest.LogCaptureFixture
) -> None:
    store = durable_with_a_message(durable)
    durable.kill()
    recorder = Recorder()
    caplog.set_level("DEBUG", "karin.scheduler")
    with running_rounds(store, serving(QUEUE), recorder) as rounds:
        rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
        wait_until(lambda: "cannot claim" in caplog.text, "a claim has failed")
        durable.start()
        wait_until(lambda: recorder.bodies == ["hello"], "it is delivered")
        wait_until(lambda: counts(store, CLOCK.now_ms()) == (0, 0, 0), "it is settled")


def test_a_store_that_stands_still_for_a_moment_costs_nothing_but_time(durable: DurableStore, gate: Gate) -> None:
    store = durable_with_a_message(durable)
    recorder = Recorder(gate)
    with running_rounds(store, serving(QUEUE), recorder) as rounds:
        rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
        wait_until(lambda: gate.held == 1, "a call is in flight")
        durable.stand_still()
        gate.open()
        threading.Event().wait(0.3)
        durable.go_on()
        wait_until(lambda: counts(store, CLOCK.now_ms()) == (0, 0, 0), "the outcome is written")
    assert len(recorder.calls) == 1
