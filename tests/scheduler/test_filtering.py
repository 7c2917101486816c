"""Messages that no filter lets pass: deleted with their batch, never seen by the function, and told of."""

import logging

import pytest

from karin.mapping.outcome import OutcomeKind, Responded
from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.served import Served
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.support import Recorder, dispatcher_over, mapping, recorded, run_round, snapshot
from tests.store.servers import monitored
from tests.store.support import FIFO, QUEUE, counts, create, send

ORDERS = '{"body":{"kind":["order"]}}'


@pytest.fixture
def served() -> Served:
    served = Served()
    served.replace(snapshot(mapping(QUEUE, filters=(ORDERS,), response_types=("ReportBatchItemFailures",))))
    return served


def test_what_passes_is_delivered_and_the_rest_is_deleted_with_it(
    dispatcher: Dispatcher,
    store: Store,
    clock: ManualClock,
    recorder: Recorder,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "karin.scheduler")
    for number, body in enumerate(('{"kind":"order"}', "ping", '{"kind":"other"}', '{"kind":"order","n":2}')):
        send(store, clock.now_ms() + number, body)
    clock.advance(ms=4)
    assert run_round(dispatcher) is None
    assert recorder.bodies == ['{"kind":"order"}', '{"kind":"order","n":2}']
    assert counts(store, clock.now_ms()) == (0, 0, 0)
    (invocation,) = recorded(store)
    assert (invocation.message_count, invocation.filtered_count) == (2, 2)
    assert invocation.message_ids == recorder.calls[0].message_ids
    assert "work -> work: 2 messages, succeeded in 0 ms, 2 filtered out" in caplog.messages


def test_what_was_filtered_out_is_deleted_even_if_the_function_fails(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    for body in ('{"kind":"order"}', "ping"):
        send(store, clock.now_ms(), body)
    recorder.behaviour = lambda _: Responded(function_error="Unhandled")
    run_round(dispatcher)
    assert counts(store, clock.now_ms()) == (0, 1, 0)


def test_a_batch_of_which_nothing_passes_is_deleted_without_a_call_in_two_commands(
    dispatcher: Dispatcher, store: Store, store_url: str, clock: ManualClock, recorder: Recorder
) -> None:
    send(store, clock.now_ms(), "ping")
    run_round(dispatcher)  # the store knows the scripts from here on
    sent = {send(store, clock.now_ms(), "ping") for _ in range(3)}
    with monitored(store_url) as commands:
        assert run_round(dispatcher) is None
        assert [command.split()[0] for command in commands()] == ["EVALSHA"] * 2
    assert recorder.calls == []
    assert counts(store, clock.now_ms()) == (0, 0, 0)
    invocation = recorded(store)[-1]
    assert (invocation.outcome, invocation.filtered_count) == (OutcomeKind.FILTERED, 3)
    assert set(invocation.message_ids) == sent
    assert invocation.event is None


def test_a_fifo_group_goes_on_behind_what_was_filtered_out(
    store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    create(store, clock.now_ms(), FIFO)
    served.replace(snapshot(mapping(FIFO, filters=(ORDERS,), batch_size=2)))
    dispatcher = dispatcher_over(store, served, recorder, clock)
    bodies = ["ping", "pong", '{"kind":"order","n":1}', "ping2", '{"kind":"order","n":2}']
    for body in bodies:
        send(store, clock.now_ms(), body, queue=FIFO, group_id="a", deduplication_id=body)
    for _ in range(3):
        run_round(dispatcher, FIFO)
    assert recorder.bodies == ['{"kind":"order","n":1}', '{"kind":"order","n":2}']
    assert counts(store, clock.now_ms(), FIFO) == (0, 0, 0)


def test_each_mapping_of_a_queue_filters_what_it_takes(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    served.replace(
        snapshot(mapping(QUEUE, "orders", filters=(ORDERS,), batch_size=1), mapping(QUEUE, "all", batch_size=1))
    )
    for number in range(4):
        send(store, clock.now_ms() + number, "ping")
    clock.advance(ms=4)
    for _ in range(4):
        run_round(dispatcher)
    assert [call.function for call in recorder.calls] == ["all", "all"], "as on AWS, the other half is gone"
    assert counts(store, clock.now_ms()) == (0, 0, 0)
