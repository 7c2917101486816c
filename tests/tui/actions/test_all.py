"""What holds of every action: its names, its key, and that nothing is lost by a key alone."""

import re

import pytest

from karin.operations.context import Context
from karin.store.store import Store
from karin.tui.actions import ACTIONS
from karin.tui.actions.action import Action
from karin.tui.views.listing import Subject
from karin.tui.world import World
from tests.clocks import ManualClock
from tests.store.support import QUEUE, create, send
from tests.tui.actions.support import now_of, world_of

each = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
ASKED = {"send", "purge", "redrive", "pause", "replay", "reschedule", "delete"}


def test_names_and_keys_are_those_that_people_know() -> None:
    assert {action.key: action.name for action in ACTIONS} == {
        "n": "send",
        "p": "purge",
        "r": "redrive",
        "s": "sync",
        "z": "pause",
        "a": "replay",
        "x": "run",
        "t": "reschedule",
        "d": "delete",
    }


@each
def test_a_label_fits_the_footer_and_an_explanation_its_line(action: Action) -> None:
    assert re.fullmatch(r"[a-z]+(/[a-z]+| [a-z]+)?", action.label)
    assert re.fullmatch(r"[a-z][A-Za-z ',]{,50}", action.explanation)
    assert action.begin(Subject(queue=QUEUE, message_id="12345678-9")) == action.begin(
        Subject(queue=QUEUE, message_id="12345678-9", mapping_uuid="u", invocation_id="i")
    )
    assert action.changes


@each
def test_nothing_applies_to_nothing_but_what_concerns_everything(action: Action) -> None:
    assert action.applies(Subject(), World()) is (action.name == "sync")


@each
def test_a_question_names_its_deed_and_fields_that_can_be_told_apart(
    action: Action, context: Context, store: Store, clock: ManualClock
) -> None:
    create(store, clock.now_ms())
    message_id = send(store, clock.now_ms())
    subject = Subject("x", QUEUE, message_id, "uuid", "invocation")
    for world in (World(), world_of(context, QUEUE)):
        ask = action.ask(subject, world, now_of(context))
        if ask is None:
            assert action.name not in ASKED or action.name == "pause"  # there is no such mapping
            continue
        assert ask.yes[0].isupper()
        assert ask.title
        assert ask.text or ask.fields
        names = [field.name for field in ask.fields]
        assert len(names) == len({*names})
        assert all(name.isidentifier() for name in names)
        assert all(len(field.label) <= 24 for field in ask.fields)
