"""MaximumConcurrency: a bound on a mapping's calls in flight, whoever makes them."""

import threading
from concurrent.futures import ThreadPoolExecutor

from karin.clock import SystemClock
from karin.mapping.outcome import InvokeResult, Responded
from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.flight import Flight
from karin.scheduler.leases import LEASE_MS
from karin.scheduler.rounds import Rounds
from karin.scheduler.served import Served
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.support import Call, Recorder, dispatcher_over, finish, mapping, run_round, snapshot
from tests.store.support import FIFO, QUEUE, counts, create, nudges, send
from tests.support import wait_until

CLOCK = SystemClock()


def serve(served: Served, most: int | None, *functions: str, timeout_seconds: int = 3) -> None:
    """Serve the queue one message at a time, for one function or several."""
    mappings = (mapping(QUEUE, name, batch_size=1, max_concurrency=most) for name in functions or ("work",))
    served.replace(snapshot(*mappings, timeout_seconds=timeout_seconds))


def take_all(dispatcher: Dispatcher) -> list[Flight]:
    """Claim until nothing more may be claimed."""
    flights = []
    while (flight := dispatcher.claim(QUEUE)[0]) is not None:
        flights.append(flight)
    return flights


def test_a_mapping_has_no_more_calls_in_flight_than_it_may(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, served: Served
) -> None:
    serve(served, 2)
    for _ in range(5):
        send(store, clock.now_ms())
    first, second = take_all(dispatcher)
    assert dispatcher.claim(QUEUE) == (None, first.call.until_ms)
    assert counts(store, clock.now_ms()) == (3, 2, 0), "what cannot be called is not leased"
    finish(dispatcher, first)
    assert len(take_all(dispatcher)) == 1
    finish(dispatcher, second)


def test_without_a_bound_there_is_none(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, served: Served
) -> None:
    serve(served, None)
    for _ in range(20):
        send(store, clock.now_ms())
    assert len(take_all(dispatcher)) == 20


def test_schedulers_share_the_bound_and_hear_when_there_is_room(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, served: Served, recorder: Recorder
) -> None:
    serve(served, 3)
    other = dispatcher_over(store, served, recorder, clock)
    for _ in range(6):
        send(store, clock.now_ms())
    mine, _ = dispatcher.claim(QUEUE)
    theirs = take_all(other)
    assert mine
    assert len(theirs) == 2
    with nudges(store) as heard:
        finish(dispatcher, mine)
        assert heard.instants() == [clock.now_ms()]
    assert len(take_all(other)) == 1


def test_the_place_of_a_crashed_schedulers_call_is_free_within_a_minute(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, served: Served, recorder: Recorder
) -> None:
    serve(served, 1, timeout_seconds=900)
    for _ in range(2):
        send(store, clock.now_ms())
    assert len(take_all(dispatcher)) == 1  # and this scheduler is gone
    other = dispatcher_over(store, served, recorder, clock)
    assert other.claim(QUEUE) == (None, clock.now_ms() + LEASE_MS)
    clock.advance(ms=LEASE_MS)
    run_round(other)
    assert len(recorder.calls) == 1


def test_when_one_mapping_is_busy_the_next_has_its_turn(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, served: Served
) -> None:
    serve(served, 2, "a", "b")
    for _ in range(8):
        send(store, clock.now_ms())
    flights = take_all(dispatcher)
    assert sorted(flight.mapping.function_name for flight in flights) == ["a", "a", "b", "b"]
    assert counts(store, clock.now_ms()) == (4, 4, 0)
    finish(dispatcher, next(flight for flight in flights if flight.mapping.function_name == "b"))
    (again,) = take_all(dispatcher)
    assert again.mapping.function_name == "b"


def test_a_fifo_queue_has_the_same_bound(store: Store, clock: ManualClock, served: Served, recorder: Recorder) -> None:
    create(store, clock.now_ms(), FIFO)
    served.replace(snapshot(mapping(FIFO, batch_size=1, max_concurrency=2)))
    dispatcher = dispatcher_over(store, served, recorder, clock)
    for group in "abc":
        send(store, clock.now_ms(), queue=FIFO, group_id=group, deduplication_id=group)
    first, _ = dispatcher.claim(FIFO)
    dispatcher.claim(FIFO)
    assert first
    assert dispatcher.claim(FIFO) == (None, first.call.until_ms)


def test_two_schedulers_with_real_threads_never_exceed_it_and_leave_nothing_undone(
    store: Store, store_url: str
) -> None:
    create(store, CLOCK.now_ms())
    lock, in_flight, most_in_flight = threading.Lock(), [0], [0]
    pause = threading.Event()

    def count(_: Call) -> InvokeResult:
        with lock:
            in_flight[0] += 1
            most_in_flight[0] = max(most_in_flight[0], in_flight[0])
        pause.wait(0.005)
        with lock:
            in_flight[0] -= 1
        return Responded()

    served = Served()
    serve(served, 3)
    recorders = [Recorder(count), Recorder(count)]
    stores = [Store.open(store_url, max_connections=2) for _ in recorders]
    schedulers = [
        Rounds(dispatcher_over(own, served, recorder, CLOCK), 8)
        for own, recorder in zip(stores, recorders, strict=True)
    ]
    stopped = threading.Event()

    def follow(rounds: Rounds, own: Store) -> None:
        for signal in own.signals.listen(timeout_seconds=0.1):
            if stopped.is_set():
                return
            if signal is not None:
                rounds.wakes.nudge(signal.queue, signal.due_at_ms)  # type: ignore[union-attr]

    with ThreadPoolExecutor(2) as listeners:
        for rounds, own in zip(schedulers, stores, strict=True):
            rounds.start()
            listeners.submit(follow, rounds, own)
        try:
            for _ in range(120):
                send(store, CLOCK.now_ms())
            for rounds in schedulers:
                rounds.wakes.nudge(QUEUE, CLOCK.now_ms())
            wait_until(lambda: counts(store, CLOCK.now_ms()) == (0, 0, 0), "all are delivered", 20)
        finally:
            stopped.set()
            for rounds in schedulers:
                rounds.stop(10)
    assert most_in_flight[0] == 3
    assert sum(len(recorder.calls) for recorder in recorders) == 120
    assert all(recorder.calls for recorder in recorders), "both had a part"
