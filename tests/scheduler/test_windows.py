"""Batching windows: a batch goes when it is full or its first message has waited, and never waits twice."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from karin.clock import SystemClock
from karin.mapping.outcome import InvokeResult, Responded
from karin.scheduler.claiming import MOST_CLAIM_BYTES
from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.rounds import Rounds
from karin.scheduler.served import Served
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.support import Call, Recorder, dispatcher_over, mapping, recorded, run_round, snapshot
from tests.store.support import FIFO, QUEUE, counts, create, nudges, send
from tests.support import wait_until

CLOCK = SystemClock()
WINDOW_MS = 20_000
LARGE = "x" * 1_000_000
FITTING = MOST_CLAIM_BYTES // len(LARGE)  # so many of them are taken at once: with another one a batch is full


def serve(served: Served, batch_size: int = 4) -> None:
    served.replace(snapshot(mapping(QUEUE, window_seconds=WINDOW_MS // 1000, batch_size=batch_size)))


def test_a_batch_waits_until_its_first_message_has_been_due_for_the_window(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    serve(served)
    send(store, clock.now_ms(), "first", delay_ms=5_000)
    assert run_round(dispatcher) == clock.now_ms() + 5_000
    due_at_ms = clock.advance(ms=5_000)
    assert run_round(dispatcher) == due_at_ms + WINDOW_MS
    clock.advance(ms=WINDOW_MS - 1)
    send(store, clock.now_ms(), "second")
    assert run_round(dispatcher) == due_at_ms + WINDOW_MS
    clock.advance(ms=1)
    run_round(dispatcher)
    assert [call.bodies for call in recorder.calls] == [("first", "second")]
    assert counts(store, clock.now_ms()) == (0, 0, 0)


def test_a_full_batch_does_not_wait_and_what_is_over_waits_for_its_own_window(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    serve(served, batch_size=2)
    for number in range(3):
        send(store, clock.now_ms() + number, str(number))
    last_at_ms = clock.advance(ms=2)
    assert run_round(dispatcher) == last_at_ms
    assert run_round(dispatcher) == last_at_ms + WINDOW_MS
    assert recorder.bodies == ["0", "1"]


def test_whoever_fills_a_batch_by_bytes_ends_its_window(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    serve(served, batch_size=1_000)
    began_at_ms = clock.now_ms()
    with nudges(store) as nudged:
        for _ in range(FITTING):
            send(store, clock.now_ms(), LARGE)
            assert run_round(dispatcher) == began_at_ms + WINDOW_MS
            clock.advance(ms=100)
        nudged.heard()
        send(store, clock.now_ms(), LARGE)
        assert nudged.instants() == [clock.now_ms()]
    run_round(dispatcher)
    assert [len(call.bodies) for call in recorder.calls] == [FITTING]
    assert run_round(dispatcher) == clock.now_ms() + WINDOW_MS, "what is over waits for its own window"


@pytest.mark.parametrize("group_id", [None, "a"])
def test_what_is_there_when_a_window_begins_counts_towards_its_bytes(
    dispatcher: Dispatcher,
    store: Store,
    clock: ManualClock,
    recorder: Recorder,
    served: Served,
    group_id: str | None,
) -> None:
    serve(served, batch_size=1_000)
    for _ in range(2 * FITTING + 1):
        send(store, clock.now_ms(), LARGE, group_id=group_id)
    for _ in range(2):
        assert run_round(dispatcher) == clock.now_ms()
    assert run_round(dispatcher) == clock.now_ms() + WINDOW_MS
    assert [len(call.bodies) for call in recorder.calls] == [FITTING, FITTING]


def test_a_window_ends_when_a_delayed_message_that_fills_the_batch_is_due(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    serve(served, batch_size=1_000)
    first_due_at_ms = clock.now_ms() + 5_000
    for number in range(FITTING + 1):
        send(store, clock.now_ms(), LARGE, delay_ms=5_000 + 100 * number)
    clock.advance(ms=5_000)
    assert run_round(dispatcher) == first_due_at_ms + 100 * FITTING
    clock.advance(ms=100 * FITTING)
    run_round(dispatcher)
    assert [len(call.bodies) for call in recorder.calls] == [FITTING]


def test_messages_that_are_not_yet_due_end_no_window(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    serve(served, batch_size=1_000)
    send(store, clock.now_ms(), LARGE)
    assert run_round(dispatcher) == clock.now_ms() + WINDOW_MS
    for _ in range(FITTING + 1):
        send(store, clock.now_ms(), LARGE, delay_ms=10_000)
    assert run_round(dispatcher) == clock.now_ms() + 10_000
    assert recorder.calls == []
    with nudges(store) as nudged:
        for _ in range(FITTING):
            send(store, clock.now_ms(), LARGE)
        assert nudged.instants() == [clock.now_ms()], "what is due fills it all the same"
    run_round(dispatcher)
    assert [len(call.bodies) for call in recorder.calls] == [FITTING]


def test_what_an_event_had_no_room_for_does_not_wait_for_a_second_window(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    serve(served, batch_size=100)
    for _ in range(4):
        send(store, clock.now_ms(), '"' * 1_000_000)  # twice as long as JSON
    assert run_round(dispatcher) == clock.now_ms() + WINDOW_MS
    clock.advance(ms=WINDOW_MS)
    assert run_round(dispatcher) == clock.now_ms()
    assert run_round(dispatcher) is None
    assert [len(call.bodies) for call in recorder.calls] == [3, 1]
    assert {count for call in recorder.calls for count in call.receive_counts} == {1}


def test_a_mapping_without_a_window_does_not_wait_for_one_that_has_one(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    served.replace(snapshot(mapping(QUEUE, "patient", window_seconds=20), mapping(QUEUE, "prompt")))
    for _ in range(4):
        send(store, clock.now_ms())
        assert run_round(dispatcher) is None
        clock.advance(ms=1)
    assert [call.function for call in recorder.calls] == ["prompt"] * 4


def test_a_fifo_queue_has_no_window(store: Store, clock: ManualClock, recorder: Recorder, served: Served) -> None:
    create(store, clock.now_ms(), FIFO)
    served.replace(snapshot(mapping(FIFO, window_seconds=20)))
    send(store, clock.now_ms(), queue=FIFO, group_id="a", deduplication_id="1")
    run_round(dispatcher_over(store, served, recorder, clock), FIFO)
    assert recorder.bodies == ["hello"]


def test_ten_thousand_messages_are_one_batch_if_they_fit(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    serve(served, batch_size=10_000)
    for _ in range(1_000):
        send(store, clock.now_ms(), "x")
    clock.advance(ms=WINDOW_MS)
    assert run_round(dispatcher) is None
    assert [len(call.bodies) for call in recorder.calls] == [1_000]
    (invocation,) = recorded(store)
    assert invocation.message_count == 1_000


def test_with_real_timers_a_window_ends_on_time_and_a_full_batch_ends_it_early(store: Store) -> None:
    with real_timers(store, window_seconds=1, batch_size=3) as called:
        started_ms = CLOCK.now_ms()
        send(store, started_ms)
        send(store, CLOCK.now_ms())
        wait_until(lambda: called, "the window is over")
        assert called[0][0] >= started_ms + 1_000
        assert called[0][1] == 2
        full_from_ms = CLOCK.now_ms()
        for _ in range(3):
            send(store, CLOCK.now_ms())
        wait_until(lambda: len(called) == 2, "the batch is full")
        assert called[1][0] < full_from_ms + 900
        assert called[1][1] == 3
        wait_until(lambda: counts(store, CLOCK.now_ms()) == (0, 0, 0), "all are settled")
        assert recorded(store)[0].lateness_ms < 900, "a window is no delay"


def test_with_real_timers_a_batch_that_is_full_by_bytes_does_not_wait(store: Store) -> None:
    with real_timers(store, window_seconds=WINDOW_MS // 1000, batch_size=1_000) as called:
        for _ in range(2 * FITTING + 1):
            send(store, CLOCK.now_ms(), LARGE)
        filled_at_ms = CLOCK.now_ms()
        wait_until(lambda: len(called) == 2, "both batches that are full were called")
        assert max(at_ms for at_ms, _ in called) < filled_at_ms + WINDOW_MS / 4
        assert [count for _, count in called] == [FITTING, FITTING]
        wait_until(lambda: counts(store, CLOCK.now_ms()) == (1, 0, 0), "the last message waits")


@contextmanager
def real_timers(store: Store, window_seconds: int, batch_size: int) -> Iterator[list[tuple[int, int]]]:
    """Deliver as a scheduler does; yield when in ms the function was called, and with how many messages."""
    create(store, CLOCK.now_ms())
    called: list[tuple[int, int]] = []

    def note(call: Call) -> InvokeResult:
        called.append((CLOCK.now_ms(), len(call.bodies)))
        return Responded()

    served = Served()
    served.replace(snapshot(mapping(QUEUE, window_seconds=window_seconds, batch_size=batch_size)))
    rounds = Rounds(dispatcher_over(store, served, Recorder(note), CLOCK), 4)
    rounds.start()
    try:
        with _following(store, rounds):
            yield called
    finally:
        rounds.stop(5)


class _following:  # noqa: N801 - reads as a statement
    """A thread that passes the store's nudges on to the rounds' wakes, as the scheduler's listener does."""

    def __init__(self, store: Store, rounds: Rounds) -> None:
        self._signals = store.signals.listen(timeout_seconds=0.1)
        self._rounds = rounds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> None:
        next(self._signals)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(5)

    def _follow(self) -> None:
        for signal in self._signals:
            if self._ended.is_set():
                self._signals.close()
                return
            if signal is not None:
                self._rounds.wakes.nudge(signal.queue, signal.due_at_ms)  # type: ignore[union-attr]
