"""Sending by hand: what is asked of which queue, and what is stored."""

import pytest

from karin.operations.context import Context
from karin.sqs.errors import SqsError
from karin.sqs.message import Message
from karin.sqs.names import QueueId
from karin.store.store import Store
from karin.tui.actions.action import DeedFailed
from karin.tui.actions.sending import Send
from karin.tui.views.listing import Subject
from tests.clocks import ManualClock
from tests.store.support import FIFO, QUEUE, claim, counts, create
from tests.tui.actions.support import do, now_of, world_of

SEND = Send()
SUBJECT = Subject("work", queue=QUEUE)
FIFO_SUBJECT = Subject("work.fifo", queue=FIFO)


@pytest.fixture
def now_ms(store: Store, clock: ManualClock) -> int:
    create(store, clock.now_ms(), DelaySeconds=7)
    create(store, clock.now_ms(), FIFO)
    return clock.now_ms()


def stored(store: Store, now_ms: int, queue: QueueId = QUEUE) -> list[Message]:
    """Receive all that is due within an hour."""
    return [received.message for received in claim(store, now_ms + 3_600_000, queue=queue).messages]


def test_it_is_for_anything_that_has_a_queue(context: Context, now_ms: int) -> None:
    world = world_of(context)
    for subject in (SUBJECT, Subject(queue=QUEUE, message_id="m"), Subject(queue=QUEUE, mapping_uuid="u")):
        assert SEND.applies(subject, world)
    assert not SEND.applies(Subject("a function"), world)


def test_a_standard_queue_asks_for_body_and_delay(context: Context, now_ms: int) -> None:
    ask = SEND.ask(SUBJECT, world_of(context), now_of(context))
    assert ask
    assert (ask.title, ask.yes, ask.must_type) == ("Send to work", "Send", "")
    assert [(field.name, field.is_long, field.hint) for field in ask.fields] == [
        ("body", True, ""),
        ("delay", False, "7, as the queue has it"),
    ]


def test_a_fifo_queue_asks_for_group_and_deduplication_and_has_its_own_delay(context: Context, store: Store) -> None:
    for by_content, hint in (("false", "a new one"), ("true", "the digest of its body")):
        create(store, context.clock.now_ms(), FIFO)
        store.queues.set_attributes(FIFO, context.clock.now_ms(), {"ContentBasedDeduplication": by_content})
        ask = SEND.ask(FIFO_SUBJECT, world_of(context), now_of(context))
        assert ask
        assert [(field.name, field.hint) for field in ask.fields] == [
            ("body", ""),
            ("group", ""),
            ("deduplication", hint),
        ]


def test_a_message_is_sent_with_the_queues_delay_or_its_own(context: Context, store: Store, now_ms: int) -> None:
    own = do(context, SEND, SUBJECT, body="a\nb", delay=" 1m ")
    assert counts(store, now_ms + 7_000) == (0, 0, 1)
    queues = do(context, SEND, SUBJECT, body="c", delay="")
    assert counts(store, now_ms + 7_000) == (1, 0, 1)
    second, first = stored(store, now_ms)
    assert (first.body, second.body, first.sender_id) == ("a\nb", "c", "karin-tui")
    assert own.text == f"sent {first.message_id} to work, due in 60 s"
    assert queues.text == f"sent {second.message_id} to work"


def test_a_message_of_a_fifo_queue_needs_a_group(context: Context, store: Store, now_ms: int) -> None:
    with pytest.raises(DeedFailed, match="is a FIFO queue: each of its messages needs a group"):
        do(context, SEND, FIFO_SUBJECT, body="x", group=" ", deduplication="")
    assert stored(store, now_ms, FIFO) == []


def test_what_is_sent_by_hand_to_a_fifo_queue_is_no_duplicate_unless_it_says_so(
    context: Context, store: Store, now_ms: int
) -> None:
    for deduplication in ("", "", "same", "same"):
        do(context, SEND, FIFO_SUBJECT, body="x", group="a", deduplication=deduplication)
    sent = stored(store, now_ms, FIFO)
    assert [(one.group_id, one.deduplication_id) for one in sent][2:] == [("a", "same")]
    assert len({one.deduplication_id for one in sent}) == 3


def test_a_queue_that_tells_duplicates_by_content_does_so(context: Context, store: Store, now_ms: int) -> None:
    store.queues.set_attributes(FIFO, now_ms, {"ContentBasedDeduplication": "true"})
    for body in ("x", "x", "y"):
        do(context, SEND, FIFO_SUBJECT, body=body, group="a", deduplication="")
    assert [one.body for one in stored(store, now_ms, FIFO)] == ["x", "y"]


@pytest.mark.parametrize("delay", ["soon", "1.5", "-", "-1"])
def test_a_delay_that_is_no_duration_is_refused(context: Context, store: Store, now_ms: int, delay: str) -> None:
    with pytest.raises(DeedFailed, match=f"'{delay}' is not a duration: say 90, 90s"):
        do(context, SEND, SUBJECT, body="x", delay=delay)
    assert stored(store, now_ms) == []


@pytest.mark.parametrize(
    ("body", "delay", "words"), [("", "", "MessageBody"), ("x", "901", "<= 900"), ("x", "30d", "<= 900")]
)
def test_what_sqs_refuses_is_refused(context: Context, now_ms: int, body: str, delay: str, words: str) -> None:
    with pytest.raises(SqsError) as refused:
        do(context, SEND, SUBJECT, body=body, delay=delay)
    assert words in str(refused.value)
