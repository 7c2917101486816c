"""What is recorded of each call, and that recording costs no command of its own."""

from concurrent.futures import ThreadPoolExecutor

from karin.mapping.outcome import InvokeResult, OutcomeKind, Responded, Unknown
from karin.mapping.refusals import Refused
from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.served import Served
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.support import Call, Recorder, finish, mapping, recorded, run_round, snapshot
from tests.store.servers import monitored
from tests.store.support import OTHER, QUEUE, create, send


def test_a_call_is_recorded_with_its_event_its_log_and_how_late_it_was(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    served.replace(snapshot(mapping(QUEUE, "work:live", "the-mapping")))
    ids = [send(store, clock.now_ms() + number, f"hello {number}") for number in range(2)]
    due_at_ms = clock.now_ms()
    clock.advance(ms=70)

    def take_a_while(_: Call) -> InvokeResult:
        clock.advance(ms=1_200)
        return Responded(log_tail="START\nEND\n", request_id="request-1")

    recorder.behaviour = take_a_while
    flight, _ = dispatcher.claim(QUEUE, due_at_ms)
    assert flight
    event = flight.payload.data
    finish(dispatcher, flight)
    (invocation,) = recorded(store)
    assert invocation.outcome is OutcomeKind.SUCCEEDED
    assert (invocation.id, invocation.request_id) == (flight.call.call_id, "request-1")
    assert (invocation.queue, invocation.mapping_uuid) == (QUEUE, "the-mapping")
    assert invocation.function_name == "work:live"
    assert (invocation.started_at_ms, invocation.lateness_ms, invocation.duration_ms) == (due_at_ms + 70, 70, 1_200)
    assert (list(invocation.message_ids), invocation.attempts, invocation.message_count) == (ids, (1, 1), 2)
    assert (invocation.log_tail, invocation.event) == ("START\nEND\n", event)


def test_what_went_wrong_is_recorded_and_the_event_only_if_the_function_may_have_had_it(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    results: list[tuple[InvokeResult, OutcomeKind, str, bool]] = [
        (
            Responded(payload=b'{"errorType":"KeyError","errorMessage":"x"}', function_error="Unhandled"),
            OutcomeKind.FUNCTION_ERROR, "KeyError", True,
        ),
        (Unknown("ReadTimeoutError", "no answer"), OutcomeKind.UNKNOWN, "ReadTimeoutError", True),
        (Refused("ServiceException", 500), OutcomeKind.REFUSED, "ServiceException", True),
        (Refused("TooManyRequestsException", 429), OutcomeKind.THROTTLED, "TooManyRequestsException", False),
    ]  # fmt: skip
    for result, kind, error_type, has_event in results:
        send(store, clock.now_ms())
        recorder.behaviour = lambda _, result=result: result  # type: ignore[misc]
        run_round(dispatcher)
        invocation = recorded(store)[-1]
        assert (invocation.outcome, invocation.error_type) == (kind, error_type)
        assert (invocation.event is not None) is has_event
        clock.advance(seconds=60)


def test_attempts_tell_how_often_each_message_was_received(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send(store, clock.now_ms())
    recorder.behaviour = lambda _: Responded(function_error="Unhandled")
    for _ in range(3):
        run_round(dispatcher)
        clock.advance(seconds=30)
    assert [invocation.attempts for invocation in recorded(store)] == [(1,), (2,), (3,)]


def test_a_delivered_batch_costs_two_commands(
    dispatcher: Dispatcher, store: Store, store_url: str, clock: ManualClock
) -> None:
    send(store, clock.now_ms())
    run_round(dispatcher)  # the store knows the scripts from here on
    for _ in range(10):
        send(store, clock.now_ms())
    with monitored(store_url) as commands:
        run_round(dispatcher)
        assert [command.split()[0] for command in commands()] == ["EVALSHA"] * 2


def test_lateness_is_never_counted_from_before_a_message_was_sent(
    dispatcher: Dispatcher, store: Store, clock: ManualClock
) -> None:
    old_news_ms = clock.now_ms() - 5_000
    send(store, clock.now_ms())
    clock.advance(ms=3)
    flight, _ = dispatcher.claim(QUEUE, old_news_ms)
    assert flight
    finish(dispatcher, flight)
    assert recorded(store)[0].lateness_ms == 3


def test_a_queue_of_large_messages_waits_for_room_and_others_do_not(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, served: Served
) -> None:
    create(store, clock.now_ms(), OTHER)
    served.replace(snapshot(mapping(QUEUE, batch_size=5), mapping(OTHER, batch_size=1)))
    for _ in range(20):
        send(store, clock.now_ms(), "x" * 1_000_000)
        send(store, clock.now_ms(), queue=OTHER)
    flights = [flight for _ in range(2) if (flight := dispatcher.claim(QUEUE)[0])]
    with ThreadPoolExecutor(1) as another:
        waiting = another.submit(dispatcher.claim, QUEUE)
        for _ in range(20):
            assert dispatcher.claim(OTHER)[0]
        assert not waiting.done()
        flights[0].payload.drop()
        assert waiting.result(10)[0]


def test_a_large_event_is_not_kept_in_memory_once_it_is_sent(
    dispatcher: Dispatcher, store: Store, clock: ManualClock
) -> None:
    for _ in range(5):
        send(store, clock.now_ms(), "x" * 1_000_000)
    flight, _ = dispatcher.claim(QUEUE)
    assert flight
    assert flight.payload.size > 5_000_000
    assert len(flight.compressed_event) < 20_000
    flight.payload.drop()
    assert all("x" * 100 not in repr(field) for field in (flight.receipts, flight.filtered, flight.call))
