"""Mappings that AWS refuses to call, or that a person paused: nothing is lost or counted, and all schedulers know."""

import pytest

from karin.mapping.outcome import InvokeResult, OutcomeKind, Responded
from karin.mapping.pause import FIRST_PAUSE_MS, LONGEST_PAUSE_MS, PausedBy, paused_by_user
from karin.mapping.refusals import Refused
from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.served import Served
from karin.sqs.errors import QueueDoesNotExist
from karin.store.connection import StoreUnavailable
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.support import (
    Call,
    Recorder,
    dispatcher_over,
    finish,
    mapping,
    recorded,
    run_round,
    snapshot,
)
from tests.store.servers import monitored
from tests.store.support import OTHER, QUEUE, counts, create, send

DENIED = Refused("AccessDeniedException", 403, "User: arn:aws:iam::1:user/karin is not authorized")
UUID = mapping(QUEUE).uuid


def test_a_call_that_aws_denies_pauses_its_mapping_with_a_reason_and_counts_nothing(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send(store, clock.now_ms())
    recorder.behaviour = lambda _: DENIED
    assert run_round(dispatcher) == clock.now_ms(), "the message is ready again"
    assert counts(store, clock.now_ms()) == (1, 0, 0)
    pause = store.pauses.all()[UUID]
    assert (pause.since_ms, pause.until_ms, pause.by) == (
        clock.now_ms(), clock.now_ms() + FIRST_PAUSE_MS, PausedBy.KARIN,
    )  # fmt: skip
    assert "allow lambda:InvokeFunction on arn:aws:lambda:us-east-1:000000000000:function:work" in pause.reason
    (invocation,) = recorded(store)
    assert (invocation.outcome, invocation.error_type) == (OutcomeKind.REFUSED, "AccessDeniedException")


def test_a_paused_mapping_costs_no_command_until_a_call_is_tried_again(
    dispatcher: Dispatcher, store: Store, store_url: str, clock: ManualClock, recorder: Recorder
) -> None:
    for _ in range(20):
        send(store, clock.now_ms())
    recorder.behaviour = lambda _: DENIED
    run_round(dispatcher)
    until_ms = clock.now_ms() + FIRST_PAUSE_MS
    clock.advance(ms=FIRST_PAUSE_MS - 1)
    with monitored(store_url) as commands:
        assert run_round(dispatcher) == until_ms
        assert commands() == []
    clock.advance(ms=1)
    run_round(dispatcher)
    assert len(recorder.calls) == 2


def test_trials_come_ever_more_seldom_and_one_that_is_accepted_resumes(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send(store, clock.now_ms())
    recorder.behaviour = lambda _: DENIED
    pauses = []
    for _ in range(7):
        run_round(dispatcher)
        until_ms = store.pauses.all()[UUID].until_ms
        assert until_ms
        pauses.append((until_ms - clock.now_ms()) // 1000)
        clock.advance(ms=until_ms - clock.now_ms())
    assert pauses == [30, 60, 120, 240, 480, 600, 600]
    recorder.behaviour = lambda _: Responded()
    assert run_round(dispatcher) is None
    assert store.pauses.all() == {}
    assert {call.receive_counts for call in recorder.calls} == {(1,)}
    assert counts(store, clock.now_ms()) == (0, 0, 0)


def test_a_trial_that_the_function_itself_fails_resumes_as_well(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send(store, clock.now_ms())
    recorder.behaviour = lambda _: DENIED
    run_round(dispatcher)
    clock.advance(ms=FIRST_PAUSE_MS)
    recorder.behaviour = lambda _: Responded(function_error="Unhandled")
    run_round(dispatcher)
    assert store.pauses.all() == {}


def test_many_calls_denied_together_pause_once(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    served.replace(snapshot(mapping(QUEUE, batch_size=1)))
    for _ in range(5):
        send(store, clock.now_ms())
    flights = [flight for _ in range(5) if (flight := dispatcher.claim(QUEUE)[0])]
    recorder.behaviour = lambda _: DENIED
    for flight in flights:
        clock.advance(ms=10)
        finish(dispatcher, flight)
    pause = store.pauses.all()[UUID]
    assert pause.until_ms
    assert pause.until_ms - pause.since_ms == FIRST_PAUSE_MS
    assert counts(store, clock.now_ms()) == (5, 0, 0)


def test_a_success_of_a_call_from_before_the_pause_does_not_end_it(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    served.replace(snapshot(mapping(QUEUE, batch_size=1)))
    for _ in range(2):
        send(store, clock.now_ms())
    early, _ = dispatcher.claim(QUEUE)
    assert early

    def be_overtaken(_: Call) -> InvokeResult:
        recorder.behaviour = lambda _: DENIED
        clock.advance(ms=5)
        run_round(dispatcher)
        return Responded()

    recorder.behaviour = be_overtaken
    finish(dispatcher, early)
    assert list(store.pauses.all()) == [UUID]


def test_only_one_trial_is_made_whichever_scheduler_makes_it(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    served.replace(snapshot(mapping(QUEUE, batch_size=1)))
    other = dispatcher_over(store, served, Recorder(lambda _: DENIED), clock)
    for _ in range(3):
        send(store, clock.now_ms())
    recorder.behaviour = lambda _: DENIED
    run_round(dispatcher)
    other.paused.load()
    clock.advance(ms=FIRST_PAUSE_MS)
    trial, _ = dispatcher.claim(QUEUE)
    assert trial
    nothing, again_at_ms = other.claim(QUEUE)
    assert nothing is None
    assert again_at_ms == trial.call.until_ms
    recorder.behaviour = lambda _: Responded()
    finish(dispatcher, trial)
    other.paused.load()
    assert other.claim(QUEUE)[0], "it is resumed for all"


def test_what_another_scheduler_paused_is_paused_here_and_the_next_pause_is_longer(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    other = dispatcher_over(store, served, recorder, clock)
    send(store, clock.now_ms())
    recorder.behaviour = lambda _: DENIED
    run_round(dispatcher)
    other.paused.load()
    assert run_round(other) == clock.now_ms() + FIRST_PAUSE_MS
    clock.advance(ms=FIRST_PAUSE_MS)
    run_round(other)
    assert store.pauses.all()[UUID].until_ms == clock.now_ms() + 2 * FIRST_PAUSE_MS


def test_after_a_start_or_a_sync_a_call_is_tried_at_once(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    send(store, clock.now_ms())
    recorder.behaviour = lambda _: DENIED
    run_round(dispatcher)
    mended = dispatcher_over(store, served, recorder, clock)
    mended.paused.load(tries_at_once=True)
    recorder.behaviour = lambda _: Responded()
    assert run_round(mended) is None
    assert store.pauses.all() == {}


def test_a_user_pauses_for_as_long_as_they_like(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send(store, clock.now_ms())
    store.pauses.pause(UUID, paused_by_user("deploying", clock.now_ms()))
    dispatcher.paused.load()
    for _ in range(3):
        assert run_round(dispatcher) is None
        clock.advance(ms=LONGEST_PAUSE_MS)
    store.pauses.resume(UUID, PausedBy.USER)
    dispatcher.paused.load()
    run_round(dispatcher)
    assert recorder.calls[0].receive_counts == (1,)


def test_a_call_in_flight_when_a_user_pauses_ends_as_always_and_ends_no_pause(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    for behaviour in (Responded(), DENIED):
        send(store, clock.now_ms())
        flight, _ = dispatcher.claim(QUEUE)
        assert flight
        store.pauses.pause(UUID, paused_by_user("", clock.now_ms()))
        dispatcher.paused.load()
        recorder.behaviour = lambda _, result=behaviour: result  # type: ignore[misc]
        finish(dispatcher, flight)
        assert store.pauses.all()[UUID].by is PausedBy.USER
        store.pauses.resume(UUID, PausedBy.USER)
        dispatcher.paused.load()
    assert counts(store, clock.now_ms()) == (1, 0, 0)


def test_another_mapping_of_the_queue_goes_on_with_all_messages(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    served.replace(snapshot(mapping(QUEUE, "denied", batch_size=1), mapping(QUEUE, "fine", batch_size=1)))
    recorder.behaviour = lambda call: DENIED if call.function == "denied" else Responded()
    for _ in range(6):
        send(store, clock.now_ms())
    for _ in range(7):
        run_round(dispatcher)
    assert [call.function for call in recorder.calls].count("denied") == 1
    assert counts(store, clock.now_ms()) == (0, 0, 0)


def test_the_pause_of_one_mapping_does_not_concern_other_queues(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    create(store, clock.now_ms(), OTHER)
    served.replace(snapshot(mapping(QUEUE, "denied"), mapping(OTHER, "fine")))
    recorder.behaviour = lambda call: DENIED if call.function == "denied" else Responded()
    for queue in (QUEUE, OTHER):
        send(store, clock.now_ms(), queue=queue)
        run_round(dispatcher, queue)
    assert counts(store, clock.now_ms(), OTHER) == (0, 0, 0)


def test_an_event_that_aws_finds_too_large_is_halved_until_it_is_taken(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    def refuse_more_than_two(call: Call) -> InvokeResult:
        return Refused("RequestTooLargeException", 413) if len(call.bodies) > 2 else Responded()

    for number in range(10):
        send(store, clock.now_ms() + number, f"{number:>0100}")
    clock.advance(ms=10)
    recorder.behaviour = refuse_more_than_two
    while run_round(dispatcher) is not None:
        clock.advance(ms=1)
    assert [len(call.bodies) for call in recorder.calls][:2] == [10, 4]
    assert sorted(body for call in recorder.calls[2:] for body in call.bodies) == [f"{n:>0100}" for n in range(10)]
    assert {count for call in recorder.calls for count in call.receive_counts} == {1}
    assert counts(store, clock.now_ms()) == (0, 0, 0)


def test_one_message_that_aws_finds_too_large_counts_its_tries(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send(store, clock.now_ms())
    recorder.behaviour = lambda _: Refused("RequestTooLargeException", 413)
    assert run_round(dispatcher) == clock.now_ms() + 30_000
    clock.advance(seconds=30)
    run_round(dispatcher)
    assert [call.receive_counts for call in recorder.calls] == [(1,), (2,)]


def test_a_pause_that_the_store_cannot_be_told_holds_here(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_away(*_: object) -> bool:
        raise StoreUnavailable("away")

    send(store, clock.now_ms())
    recorder.behaviour = lambda _: DENIED
    monkeypatch.setattr(store.pauses, "pause", be_away)
    monkeypatch.setattr(store.pauses, "resume", be_away)
    run_round(dispatcher)
    assert run_round(dispatcher) == clock.now_ms() + FIRST_PAUSE_MS
    clock.advance(ms=FIRST_PAUSE_MS)
    recorder.behaviour = lambda _: Responded()
    assert run_round(dispatcher) is None
    assert counts(store, clock.now_ms()) == (0, 0, 0)


def test_a_throttled_mapping_makes_no_call_while_it_waits_and_then_no_more_than_aws_allows(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder, served: Served
) -> None:
    served.replace(snapshot(mapping(QUEUE, batch_size=1)))
    for _ in range(8):
        send(store, clock.now_ms())
    allowed = [flight for _ in range(2) if (flight := dispatcher.claim(QUEUE)[0])]
    recorder.behaviour = lambda _: Refused("TooManyRequestsException", 429)
    refused_until_ms = run_round(dispatcher)
    assert refused_until_ms == clock.now_ms(), "others are due"
    assert (run_round(dispatcher) or 0) > clock.now_ms(), "but wait"
    assert len(recorder.calls) == 1
    clock.advance(seconds=2)
    assert run_round(dispatcher) is None, "two run: the end of one is the next round"
    recorder.behaviour = lambda _: Responded()
    assert finish(dispatcher, allowed[0]) is not None
    run_round(dispatcher)
    assert len(recorder.calls) == 3
    assert {count for call in recorder.calls for count in call.receive_counts} == {1}


def test_a_queue_deleted_while_its_mapping_is_paused_is_found_gone_at_the_trial(
    dispatcher: Dispatcher, store: Store, clock: ManualClock, recorder: Recorder
) -> None:
    send(store, clock.now_ms())
    recorder.behaviour = lambda _: DENIED
    run_round(dispatcher)
    store.queues.delete(QUEUE, clock.now_ms())
    clock.advance(ms=FIRST_PAUSE_MS)
    with pytest.raises(QueueDoesNotExist):
        dispatcher.claim(QUEUE)
    create(store, clock.advance(seconds=61))
    send(store, clock.now_ms())
    recorder.behaviour = lambda _: Responded()
    assert run_round(dispatcher) is None
    assert counts(store, clock.now_ms()) == (0, 0, 0)
