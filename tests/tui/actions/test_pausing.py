"""Pausing and resuming a mapping with one key."""

import pytest

from karin.mapping.pause import PausedBy, paused_by_karin
from karin.operations import pausing
from karin.operations.context import Context
from karin.tui.actions.action import DeedFailed
from karin.tui.actions.pausing import PauseOrResume
from karin.tui.views.listing import Subject
from tests.scheduler.support import mapping, snapshot
from tests.store.support import QUEUE
from tests.tui.actions.support import do, now_of, world_of

KEY = PauseOrResume()
MAPPING = mapping(QUEUE)
SUBJECT = Subject(MAPPING.function_arn, queue=QUEUE, mapping_uuid=MAPPING.uuid)


@pytest.fixture(autouse=True)
def deployed(context: Context) -> None:
    """Deploy one mapping."""
    context.store.deployment.replace_snapshot(snapshot(MAPPING))


def test_it_is_for_a_mapping_that_is_deployed(context: Context) -> None:
    world = world_of(context)
    assert KEY.applies(SUBJECT, world)
    assert not KEY.applies(Subject(queue=QUEUE), world)
    assert not KEY.applies(Subject(queue=QUEUE, mapping_uuid="another"), world)


def test_a_pause_asks_why_and_holds_until_it_is_resumed(context: Context) -> None:
    ask = KEY.ask(SUBJECT, world_of(context), now_of(context))
    assert ask
    assert (ask.title, [field.name for field in ask.fields]) == ("Pause work -> work", ["reason"])
    done = do(context, KEY, SUBJECT, reason=" we deploy ")
    assert done.text == "work -> work is paused: its messages wait until it is resumed"
    pause = context.store.pauses.all()[MAPPING.uuid]
    assert (pause.reason, pause.by, pause.until_ms) == ("we deploy", PausedBy.USER, None)


def test_resuming_is_not_asked_for_whoever_paused_it(context: Context) -> None:
    for pause in (None, paused_by_karin(None, "AccessDenied", context.clock.now_ms())):
        if pause:
            context.store.pauses.pause(MAPPING.uuid, pause)
        else:
            pausing.pause(context, MAPPING, "")
        assert KEY.ask(SUBJECT, world_of(context), now_of(context)) is None
        assert do(context, KEY, SUBJECT).text == "work -> work is resumed"
        assert context.store.pauses.all() == {}


def test_what_a_person_saw_paused_is_never_paused_by_this(context: Context) -> None:
    pausing.pause(context, MAPPING, "")
    seen = world_of(context)
    pausing.resume(context, MAPPING)
    assert do(context, KEY, SUBJECT, seen).text == "work -> work was not paused any more"
    assert context.store.pauses.all() == {}


def test_a_mapping_that_is_gone_is_said_to_be(context: Context) -> None:
    context.store.deployment.replace_snapshot(snapshot())
    with pytest.raises(DeedFailed, match="not deployed any more"):
        do(context, KEY, SUBJECT)
