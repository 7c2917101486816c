"""Redriving: offered for dead-letter queues alone, where to and how fast, and what is said when nobody does it."""

import pytest

from karin.operations.context import Context
from karin.operations.moving import list_moves
from karin.sqs.errors import SqsError
from karin.store.store import Store
from karin.tui.actions.action import DeedFailed
from karin.tui.actions.redriving import Redrive
from karin.tui.views.listing import Subject
from tests.clocks import ManualClock
from tests.store.dead_letters import DEAD, create_pair
from tests.store.support import OTHER, QUEUE, create, send
from tests.tui.actions.support import do, now_of, with_scheduler, world_of

REDRIVE = Redrive()
SUBJECT = Subject(DEAD.name, queue=DEAD)


@pytest.fixture
def now_ms(store: Store, clock: ManualClock) -> int:
    create_pair(store, clock.now_ms())
    create(store, clock.now_ms(), OTHER)
    for _ in range(2):
        send(store, clock.now_ms(), queue=DEAD)
    return clock.now_ms()


def test_it_is_for_a_queue_that_others_send_their_dead_letters_to(context: Context, now_ms: int) -> None:
    world = world_of(context)
    assert REDRIVE.applies(SUBJECT, world)
    assert REDRIVE.applies(Subject(queue=DEAD, message_id="m"), world)
    assert not REDRIVE.applies(Subject(queue=DEAD, invocation_id="i"), world)
    assert not REDRIVE.applies(Subject(queue=QUEUE), world)
    assert not REDRIVE.applies(Subject(), world)


def test_the_question_tells_how_many(context: Context, now_ms: int) -> None:
    ask = REDRIVE.ask(SUBJECT, world_of(context), now_of(context))
    assert ask
    assert ask.text == "Move 2 messages of work-dead to the queues they came from?"
    assert [field.name for field in ask.fields] == ["to", "rate"]


def test_a_task_is_started(context: Context, now_ms: int) -> None:
    done = do(context, REDRIVE, SUBJECT, with_scheduler(world_of(context)), to="", rate="")
    assert done.text == "moving 2 messages of work-dead to the queues they came from"
    (task,) = list_moves(context, context.arn(DEAD))
    assert (task.is_active, task.destination_arn, task.max_per_second) == (True, None, None)


def test_it_says_when_nobody_will_do_the_moving(context: Context, now_ms: int) -> None:
    done = do(context, REDRIVE, SUBJECT, to=" other ", rate=" 5 ")
    assert done.text == (
        "moving 2 messages of work-dead to other, 5 a second;"
        " no scheduler is alive: the task begins when one is; see `karin up`"
    )
    (task,) = list_moves(context, context.arn(DEAD))
    assert (task.destination_arn, task.max_per_second) == (context.arn(OTHER), 5)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"to": "nowhere"}, "there is no queue 'nowhere'"),
        ({"to": "no queue at all"}, "there is no queue 'no queue at all'"),
        ({"rate": "fast"}, "'fast' is not a number of messages"),
    ],
)
def test_what_was_typed_wrongly_is_said(context: Context, now_ms: int, answers: dict[str, str], words: str) -> None:
    with pytest.raises(DeedFailed, match=words):
        do(context, REDRIVE, SUBJECT, **answers)
    assert list_moves(context, context.arn(DEAD)) == []


@pytest.mark.parametrize("answers", [{"to": "work-dead"}, {"rate": "501"}])
def test_what_sqs_refuses_is_refused(context: Context, now_ms: int, answers: dict[str, str]) -> None:
    with pytest.raises(SqsError):
        do(context, REDRIVE, SUBJECT, **answers)
