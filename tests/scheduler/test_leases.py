"""Leases of calls in flight: short, renewed in time, never after the settlement or against the function's word."""

import threading
from collections.abc import Callable

import pytest
import redis

from karin.clock import SystemClock
from karin.mapping.outcome import InvokeResult, Responded
from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.flight import Flight
from karin.scheduler.leases import AHEAD_MS, LEASE_MS, Leases
from karin.scheduler.rounds import Rounds
from karin.scheduler.served import CALL_MARGIN_MS, Served
from karin.store import keys
from karin.store.connection import StoreUnavailable
from karin.store.ids import stored_id
from karin.store.messages import Settlement, Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.support import (
    Call,
    Recorder,
    context_of,
    dispatcher_over,
    finish,
    mapping,
    run_round,
    snapshot,
)
from tests.store.servers import monitored
from tests.store.support import FIFO, QUEUE, claim, counts, create, send
from tests.support import wait_until

CLOCK = SystemClock()
LONG_SECONDS = 900


@pytest.fixture
def served() -> Served:
    served = Served()
    served.replace(snapshot(mapping(QUEUE, max_concurrency=5), timeout_seconds=LONG_SECONDS))
    return served


@pytest.fixture
def leases(store: Store, clock: ManualClock) -> Leases:
    """Return leases whose thread sleeps while the test turns the clock: the test renews."""
    leases = Leases(context_of(store, clock))
    leases._thread = threading.current_thread()
    return leases


@pytest.fixture
def dispatcher(store: Store, served: Served, recorder: Recorder, clock: ManualClock, leases: Leases) -> Dispatcher:
    create(store, clock.now_ms(), VisibilityTimeout=30, MessageRetentionPeriod=1209600)
    return dispatcher_over(store, served, recorder, clock, leases)


def leased_until_ms(raw: redis.Redis, flight: Flight) -> int:
    """Return until when the first message of a flight is leased."""
    score = raw.zscore(keys.leased(flight.queue), stored_id(flight.message_ids[0]))
    assert isinstance(score, float)
    return int(score)


def call_until_ms(raw: redis.Redis, flight: Flight) -> int:
    """Return until when the call of a flight counts."""
    score = raw.zscore(keys.calls(flight.queue), flight.call.member)
    assert isinstance(score, float)
    return int(score)


def claimed(dispatcher: Dispatcher) -> Flight:
    """Claim what is due."""
    flight, _ = dispatcher.claim(QUEUE)
    assert flight
    return flight


def test_a_long_functions_messages_come_back_within_a_minute_of_a_crash(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, raw: redis.Redis, served: Served, recorder: Recorder
) -> None:
    send(store, clock.now_ms())
    flight = claimed(dispatcher)  # and this scheduler is gone
    assert leased_until_ms(raw, flight) == call_until_ms(raw, flight) == clock.now_ms() + LEASE_MS
    clock.advance(ms=LEASE_MS)
    run_round(dispatcher_over(store, served, recorder, clock))
    assert [call.receive_counts for call in recorder.calls] == [(2,)]


def test_a_short_functions_lease_covers_its_call_and_is_never_renewed(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, raw: redis.Redis, served: Served, leases: Leases
) -> None:
    served.replace(snapshot(mapping(QUEUE, max_concurrency=5), timeout_seconds=45))
    send(store, clock.now_ms())
    flight = claimed(dispatcher)
    assert leased_until_ms(raw, flight) == clock.now_ms() + 45_000 + CALL_MARGIN_MS
    assert leases._next_at_ms() is None


def test_leases_and_call_are_renewed_until_the_call_has_surely_ended(
    dispatcher: Dispatcher,
    store: Store,
    store_url: str,
    clock: ManualClock,
    raw: redis.Redis,
    leases: Leases,
) -> None:
    send(store, clock.now_ms())
    run_round(dispatcher)  # the store knows the scripts from here on
    for _ in range(3):
        send(store, clock.now_ms())
    flight = claimed(dispatcher)
    over_at_ms = clock.now_ms() + LONG_SECONDS * 1000 + CALL_MARGIN_MS
    renewals = 0
    with monitored(store_url) as commands:
        while (next_at_ms := leases._next_at_ms()) is not None:
            assert next_at_ms == leased_until_ms(raw, flight) - AHEAD_MS
            clock.advance(ms=next_at_ms - clock.now_ms() - 1)
            assert leases.renew_due()
            clock.advance(ms=1)
            assert leases.renew_due()
            renewals += 1
            assert leased_until_ms(raw, flight) == call_until_ms(raw, flight)
            assert leased_until_ms(raw, flight) == min(clock.now_ms() + LEASE_MS, over_at_ms)
        assert sum(command.startswith("EVALSHA") for command in commands()) == renewals == 29
    assert leased_until_ms(raw, flight) == over_at_ms
    assert counts(store, clock.now_ms()) == (0, 3, 0)
    assert claim(store, over_at_ms - 1).messages == ()
    assert len(claim(store, over_at_ms).messages) == 3


def test_a_long_visibility_timeout_needs_no_renewal_but_of_a_bounded_call(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, raw: redis.Redis, served: Served, leases: Leases
) -> None:
    store.queues.set_attributes(QUEUE, clock.now_ms(), {"VisibilityTimeout": "5400"})
    for _ in range(2):
        send(store, clock.now_ms())
    served.replace(snapshot(mapping(QUEUE, batch_size=1), timeout_seconds=LONG_SECONDS))
    claimed(dispatcher)
    assert leases._next_at_ms() is None
    served.replace(snapshot(mapping(QUEUE, batch_size=1, max_concurrency=5), timeout_seconds=LONG_SECONDS))
    bounded = claimed(dispatcher)
    until_ms = leased_until_ms(raw, bounded)
    clock.advance(ms=LEASE_MS - AHEAD_MS)
    leases.renew_due()
    assert leased_until_ms(raw, bounded) == until_ms
    assert call_until_ms(raw, bounded) == clock.now_ms() + LEASE_MS


def test_nothing_is_renewed_once_a_call_is_over(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, leases: Leases
) -> None:
    send(store, clock.now_ms())
    claimed_at_ms = clock.now_ms()
    recorder.behaviour = lambda _: Responded(function_error="Unhandled")
    run_round(dispatcher)
    clock.advance(ms=LEASE_MS - AHEAD_MS)
    leases.renew_due()
    assert counts(store, claimed_at_ms + 29_999) == (0, 1, 0)
    assert counts(store, claimed_at_ms + 30_000) == (1, 0, 0)
    assert leases.in_flight() == []


def test_a_renewal_on_its_way_is_waited_for_before_the_settlement(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(store, clock.now_ms())
    flight = claimed(dispatcher)
    clock.advance(ms=LEASE_MS - AHEAD_MS)
    on_its_way, may_arrive = threading.Event(), threading.Event()
    settle: Callable[..., object] = store.messages.settle

    def settle_slowly(*arguments: object, **options: object) -> object:
        on_its_way.set()
        assert may_arrive.wait(10)
        return settle(*arguments, **options)

    monkeypatch.setattr(store.messages, "settle", settle_slowly)
    renewing = threading.Thread(target=leases.renew_due)
    renewing.start()
    assert on_its_way.wait(10)
    releasing = threading.Thread(target=leases.release, args=(flight,))
    releasing.start()
    releasing.join(0.05)
    assert releasing.is_alive(), "it waits"
    may_arrive.set()
    releasing.join(10)
    renewing.join(10)
    assert not releasing.is_alive()


def test_a_store_that_is_away_is_asked_again_and_only_once_for_all(
    dispatcher: Dispatcher,
    store: Store,
    clock: ManualClock,
    raw: redis.Redis,
    served: Served,
    leases: Leases,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served.replace(snapshot(mapping(QUEUE, batch_size=1), timeout_seconds=LONG_SECONDS))
    for _ in range(3):
        send(store, clock.now_ms())
    flights = [claimed(dispatcher) for _ in range(3)]
    clock.advance(ms=LEASE_MS - AHEAD_MS)
    asked = []

    def be_away(*_: object, **__: object) -> None:
        asked.append(1)
        raise StoreUnavailable("away")

    with monkeypatch.context() as away:
        away.setattr(store.messages, "settle", be_away)
        assert not leases.renew_due()
    assert len(asked) == 1
    clock.advance(ms=1_000)
    assert leases.renew_due()
    assert {leased_until_ms(raw, flight) for flight in flights} == {clock.now_ms() + LEASE_MS}


def test_a_queue_that_was_deleted_is_renewed_no_more(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, leases: Leases
) -> None:
    send(store, clock.now_ms())
    claimed(dispatcher)
    store.queues.delete(QUEUE, clock.now_ms())
    clock.advance(ms=LEASE_MS)
    assert leases.renew_due()
    assert leases._next_at_ms() is None


def test_what_a_function_sets_itself_stands_through_renewal_and_failure(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, raw: redis.Redis, recorder: Recorder, leases: Leases
) -> None:
    send(store, clock.now_ms())
    called_at_ms = clock.now_ms()
    flight = claimed(dispatcher)

    def back_off_for_five_minutes(_: Call) -> InvokeResult:
        clock.advance(seconds=10)
        wish = Settlement(flight.receipts[0], Verdict.EXTEND, clock.now_ms() + 300_000)
        store.messages.settle(QUEUE, clock.now_ms(), [wish])
        clock.advance(seconds=25)
        assert leases.renew_due()
        assert leased_until_ms(raw, flight) == called_at_ms + 310_000
        return Responded(function_error="Unhandled")

    recorder.behaviour = back_off_for_five_minutes
    assert finish(dispatcher, flight) == called_at_ms + 310_000
    assert counts(store, called_at_ms + 309_999) == (0, 1, 0)


def test_a_message_that_the_function_deletes_itself_is_not_in_the_way(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, leases: Leases
) -> None:
    for _ in range(2):
        send(store, clock.now_ms())
    flight = claimed(dispatcher)

    def delete_the_first(_: Call) -> InvokeResult:
        store.messages.settle(QUEUE, clock.now_ms(), [Settlement(flight.receipts[0], Verdict.DELETE)])
        clock.advance(ms=LEASE_MS - AHEAD_MS)
        assert leases.renew_due()
        return Responded(function_error="Unhandled")

    recorder.behaviour = delete_the_first
    finish(dispatcher, flight)
    assert counts(store, clock.now_ms()) == (1, 0, 0), "30 s have passed since the claim"


def test_a_fifo_group_stays_blocked_while_its_long_call_is_renewed(
    store: Store, clock: ManualClock, recorder: Recorder, served: Served, leases: Leases
) -> None:
    create(store, clock.now_ms(), FIFO)
    served.replace(snapshot(mapping(FIFO, batch_size=1), timeout_seconds=LONG_SECONDS))
    dispatcher = dispatcher_over(store, served, recorder, clock, leases)
    for number in range(2):
        send(store, clock.now_ms(), str(number), queue=FIFO, group_id="a", deduplication_id=str(number))
    flight, _ = dispatcher.claim(FIFO)
    assert flight
    for _ in range(10):
        clock.advance(ms=LEASE_MS - AHEAD_MS)
        leases.renew_due()
        assert dispatcher.claim(FIFO)[0] is None
    finish(dispatcher, flight)
    run_round(dispatcher, FIFO)
    assert recorder.bodies == ["0", "1"]


def test_with_real_time_a_slow_function_keeps_its_message_and_its_place(store: Store, raw: redis.Redis) -> None:
    create(store, CLOCK.now_ms(), VisibilityTimeout=0)
    send(store, CLOCK.now_ms())
    served = Served()
    served.replace(snapshot(mapping(QUEUE, max_concurrency=1), timeout_seconds=5))
    may_end = threading.Event()

    def be_slow(_: Call) -> InvokeResult:
        assert may_end.wait(20)
        return Responded()

    recorder = Recorder(be_slow)
    leases = Leases(context_of(store, CLOCK), lease_ms=300, ahead_ms=200)
    rounds = Rounds(dispatcher_over(store, served, recorder, CLOCK, leases), 4)
    rounds.start()
    try:
        started_ms = CLOCK.now_ms()
        rounds.wakes.nudge(QUEUE, started_ms)
        wait_until(lambda: CLOCK.now_ms() > started_ms + 1_200, "four leases have passed")
        assert counts(store, CLOCK.now_ms()) == (0, 1, 0)
        assert raw.zcount(keys.calls(QUEUE), CLOCK.now_ms(), "+inf") == 1
        may_end.set()
        wait_until(lambda: counts(store, CLOCK.now_ms()) == (0, 0, 0), "it is settled")
        assert len(recorder.calls) == 1
        assert raw.zcard(keys.calls(QUEUE)) == 0
    finally:
        may_end.set()
        rounds.stop(10)
