"""Running, moving and deleting a message: what is asked when, and that nothing is done to what has changed."""

import pytest
from msgspec.structs import replace

from karin.operations import inspecting, pausing
from karin.operations.context import Context
from karin.store.inspect import MessageState
from karin.store.messages import Verdict
from karin.store.store import Store
from karin.tui.actions.action import Action, DeedFailed
from karin.tui.actions.rescheduling import DeleteMessage, Reschedule, RunNow
from karin.tui.views.listing import Subject
from karin.tui.world import OneMessage, World
from tests.clocks import ManualClock
from tests.scheduler.support import mapping, snapshot
from tests.store import fifo
from tests.store.support import FIFO, QUEUE, claim, counts, create, send, settlement
from tests.tui.actions.support import ZONE, do, now_of, with_scheduler, world_of

RUN, MOVE, DELETE = RunNow(), Reschedule(), DeleteMessage()
ACTIONS: tuple[Action, ...] = (RUN, MOVE, DELETE)
ANSWERS = {"when": "10m"}
IN_FLIGHT = "is in flight, or waits for its retry in 30s. "
each = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)


@pytest.fixture
def now_ms(store: Store, clock: ManualClock) -> int:
    create(store, clock.now_ms(), VisibilityTimeout=30)
    create(store, clock.now_ms(), FIFO, ContentBasedDeduplication="true")
    return clock.now_ms()


def about(message_id: str) -> Subject:
    return Subject(message_id, queue=QUEUE, message_id=message_id)


def state(context: Context, message_id: str) -> tuple[MessageState, int]:
    seen = inspecting.message(context, QUEUE, message_id)
    return seen.state, seen.due_at_ms


@each
def test_it_is_for_a_message(context: Context, action: Action) -> None:
    world = world_of(context)
    assert action.applies(about("m"), world)
    assert not action.applies(Subject(queue=QUEUE), world)
    assert not action.applies(Subject(queue=QUEUE, invocation_id="i"), world)


def test_a_message_that_nobody_holds_is_run_without_a_question(context: Context, store: Store, now_ms: int) -> None:
    message_id = send(store, now_ms, delay_ms=9_000)
    assert RUN.ask(about(message_id), world_of(context, QUEUE), now_of(context)) is None
    done = do(context, RUN, about(message_id))
    assert done.text == (
        f"message {message_id[:8]} of work is due now;"
        " karin calls no function with messages of work: it waits for whoever receives it"
    )
    assert counts(store, now_ms) == (1, 0, 0)


def test_it_is_said_what_keeps_a_message_that_is_due(context: Context, store: Store, now_ms: int) -> None:
    served = mapping(QUEUE)
    store.deployment.replace_snapshot(snapshot(served))
    subject = about(send(store, now_ms, delay_ms=9_000))
    assert do(context, RUN, subject).text.endswith(
        "is due now; no scheduler is alive: it waits until one is; see `karin up`"
    )
    assert do(context, RUN, subject, with_scheduler(world_of(context, QUEUE))).text.endswith("of work is due now")
    pausing.pause(context, served, "")
    assert do(context, RUN, subject).text.endswith("is due now; work -> work is paused: its messages wait")


def test_a_message_in_flight_is_asked_about(context: Context, store: Store, now_ms: int) -> None:
    message_id = send(store, now_ms)
    claim(store, now_ms)
    world, now, subject = world_of(context, QUEUE), now_of(context), about(message_id)
    begin = f"Message {message_id} of work {IN_FLIGHT}"
    run, move, delete = (action.ask(subject, world, now) for action in ACTIONS)
    assert run
    assert run.text == f"{begin}If a function has it now, it is called with it once more. Go on?"
    assert move
    assert "It may be in flight" in move.text
    assert delete
    assert delete.text == (
        f"{begin}A function that has it now goes on with it. Delete message {message_id} of work for good?"
    )
    do(context, RUN, subject, world)
    assert state(context, message_id) == (MessageState.READY, now_ms)


def test_a_message_is_known_from_its_detail_as_well(context: Context, store: Store, now_ms: int) -> None:
    message_id = send(store, now_ms)
    claim(store, now_ms)
    seen = inspecting.message(context, QUEUE, message_id)
    world = replace(world_of(context), message=OneMessage(QUEUE, message_id, seen))
    ask = RUN.ask(about(message_id), world, now_of(context))
    assert ask
    assert IN_FLIGHT in ask.text


@each
def test_of_a_message_that_was_not_read_the_worst_is_assumed(
    context: Context, store: Store, now_ms: int, action: Action
) -> None:
    subject = about(send(store, now_ms))
    claim(store, now_ms)
    for world in (World(), world_of(context)):
        ask = action.ask(subject, world, now_of(context))
        assert ask
        assert "It may be in flight" in ask.text
    do(context, action, subject, World(), **ANSWERS)


@each
def test_what_was_received_since_it_was_seen_is_left_alone(
    context: Context, store: Store, clock: ManualClock, now_ms: int, action: Action
) -> None:
    message_id = send(store, now_ms)
    seen = world_of(context, QUEUE)
    (received,) = claim(store, now_ms).messages
    with pytest.raises(DeedFailed, match=f"message {message_id[:8]} was received meanwhile: look again"):
        do(context, action, about(message_id), seen, **ANSWERS)
    seen = world_of(context, QUEUE)
    clock.advance(seconds=30)
    claim(store, clock.now_ms())
    with pytest.raises(DeedFailed, match="was received meanwhile: look again"):
        do(context, action, about(message_id), seen, **ANSWERS)
    store.messages.settle(QUEUE, now_ms, [settlement(received, Verdict.DELETE)])
    with pytest.raises(DeedFailed, match=f"message {message_id[:8]} is not in work any more"):
        do(context, action, about(message_id), seen, **ANSWERS)
    store.queues.delete(QUEUE, now_ms)
    with pytest.raises(DeedFailed, match="is not in work any more"):
        do(context, action, about(message_id), seen, **ANSWERS)


def test_a_message_that_failed_since_it_was_seen_in_flight_is_run_again(
    context: Context, store: Store, now_ms: int
) -> None:
    message_id = send(store, now_ms)
    (received,) = claim(store, now_ms).messages
    seen = world_of(context, QUEUE)
    store.messages.settle(QUEUE, now_ms, [settlement(received, Verdict.RETRY, now_ms + 20_000)])
    do(context, RUN, about(message_id), seen)
    assert state(context, message_id) == (MessageState.READY, now_ms)


def test_a_message_is_moved_to_when_a_person_says_in_their_own_time(
    context: Context, store: Store, now_ms: int
) -> None:
    subject = about(send(store, now_ms))
    ask = MOVE.ask(subject, world_of(context, QUEUE), now_of(context))
    assert ask
    assert ask.text == f"It is due {now_of(context).full(now_ms)}."
    (field,) = ask.fields
    assert field.name == "when"
    assert field.hint.startswith("in 10m, 14:30 or 20")
    done = do(context, MOVE, subject, when=" in 10m ")
    assert done.text.startswith(f"message {subject.text[:8]} of work is due in 10m, at ")
    assert state(context, subject.text) == (MessageState.DELAYED, now_ms + 600_000)
    do(context, MOVE, subject, when="23:59")
    _, due_at_ms = state(context, subject.text)
    assert now_of(context)._local(due_at_ms).strftime("%H:%M %Z") == f"23:59 {ZONE}"
    assert 0 <= due_at_ms - now_ms < 86_400_000


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("", "'' is neither a duration nor a time: say in 10m, 14:30, or a date and time"),
        ("soon", "'soon' is neither"),
        ("in a while", "'a while' is not a duration: say 90, 90s, 10m, 2h or 1d"),
        ("2020-01-01", "2020-01-01 has passed already"),
        ("5d", "a message of work can wait for 4d at most"),
    ],
)
def test_an_instant_that_cannot_be_is_refused(
    context: Context, store: Store, now_ms: int, when: str, words: str
) -> None:
    subject = about(send(store, now_ms))
    with pytest.raises(DeedFailed, match=words):
        do(context, MOVE, subject, when=when)
    assert state(context, subject.text) == (MessageState.READY, now_ms)


def test_a_message_is_deleted_after_a_question(context: Context, store: Store, now_ms: int) -> None:
    message_id = send(store, now_ms)
    ask = DELETE.ask(about(message_id), world_of(context, QUEUE), now_of(context))
    assert ask
    assert (ask.text, ask.yes) == (f"Delete message {message_id} of work for good?", "Delete message")
    assert do(context, DELETE, about(message_id)).text == f"deleted message {message_id[:8]} of work"
    assert counts(store, now_ms) == (0, 0, 0)


def test_what_a_fifo_queue_does_not_allow_is_said(context: Context, store: Store, now_ms: int) -> None:
    _, second = fifo.send(store, now_ms, "a1", "a2")
    subject = Subject(second.message_id, queue=FIFO, message_id=second.message_id)
    for action in (RUN, MOVE):
        with pytest.raises(DeedFailed, match="stands behind another message of its group a"):
            do(context, action, subject, **ANSWERS)
    do(context, DELETE, subject)
    assert counts(store, now_ms, FIFO) == (1, 0, 0)
