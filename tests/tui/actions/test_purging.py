"""Purging: the name must be typed, and what would be lost is counted."""

import pytest

from karin.operations.context import Context
from karin.sqs.errors import PurgeQueueInProgress
from karin.store.store import Store
from karin.tui.actions.purging import Purge
from karin.tui.views.listing import Subject
from karin.tui.world import World
from tests.clocks import ManualClock
from tests.store.support import QUEUE, claim, counts, create, send
from tests.tui.actions.support import do, now_of, world_of

PURGE = Purge()
SUBJECT = Subject("work", queue=QUEUE)


def test_it_is_for_a_queue_and_its_messages_alone(context: Context) -> None:
    world = world_of(context)
    assert PURGE.applies(SUBJECT, world)
    assert PURGE.applies(Subject(queue=QUEUE, message_id="m"), world)
    assert not PURGE.applies(Subject(queue=QUEUE, mapping_uuid="u"), world)
    assert not PURGE.applies(Subject(queue=QUEUE, invocation_id="i"), world)
    assert not PURGE.applies(Subject(), world)


def test_what_would_be_lost_is_said_and_the_name_must_be_typed(
    context: Context, store: Store, clock: ManualClock
) -> None:
    create(store, clock.now_ms())
    for delay_ms in (0, 0, 9_000):
        send(store, clock.now_ms(), delay_ms=delay_ms)
    claim(store, clock.now_ms(), most=1)
    ask = PURGE.ask(SUBJECT, world_of(context), now_of(context))
    assert ask
    assert ask.must_type == "work"
    assert ask.text == (
        "This deletes 3 messages for good: 1 ready, 1 delayed, 1 in flight. Type the queue's name to go on."
    )
    unread = PURGE.ask(SUBJECT, World(), now_of(context))
    assert unread
    assert unread.text == "This deletes all of its messages. Type the queue's name to go on."


def test_all_messages_are_deleted_once_a_minute(context: Context, store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms())
    send(store, clock.now_ms())
    assert do(context, PURGE, SUBJECT).text == "deleted 1 message of work"
    assert counts(store, clock.now_ms()) == (0, 0, 0)
    with pytest.raises(PurgeQueueInProgress):
        do(context, PURGE, SUBJECT)
