"""Importing from another queue server: as it was sent there, once, and going on where it was interrupted."""

from collections.abc import Sequence

import pytest

from karin.operations.context import Context
from karin.operations.importing import MOST_SEND_BYTES, Imported, import_messages
from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.message import Message, MessageAttribute
from karin.sqs.receipts import Receipt
from karin.sqs.source import Fetched, SourceFailed
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import FIFO, OTHER, QUEUE, bodies, claim, counts, create

LONG_AGO_MS = 86_400_000


class Elsewhere:
    """Stands in for another queue server: hands messages out in order until they are deleted."""

    def __init__(self, *messages: Message, at_once: int = 10) -> None:
        self.messages = list(messages)
        self.at_once = at_once
        self.keeps: set[str] = set()  # what it fails to delete
        self.breaks_at_delete = False
        self._shown: set[str] = set()

    def receive(self) -> list[Fetched]:
        """Return messages that are not hidden."""
        shown = [one for one in self.messages if one.message_id not in self._shown][: self.at_once]
        self._shown |= {one.message_id for one in shown}
        return [Fetched(one, f"handle of {one.message_id}") for one in shown]

    def delete(self, receipt_handles: Sequence[str]) -> int:
        """Delete what may be deleted."""
        if self.breaks_at_delete:
            raise SourceFailed("no answer")
        ids = {handle.removeprefix("handle of ") for handle in receipt_handles}
        self.messages = [one for one in self.messages if one.message_id not in ids - self.keeps]
        return len(ids & self.keeps)

    def show_again(self) -> None:
        """Let time pass there."""
        self._shown.clear()


def message(clock: ManualClock, number: int = 1, body: str = "", **fields: object) -> Message:
    """Return a message as it was sent a day ago."""
    id_ = f"00000000-0000-4000-8000-{number:012d}"
    return Message(id_, body or f"m{number}", clock.now_ms() - LONG_AGO_MS, **fields)  # type: ignore[arg-type]


def test_a_message_arrives_as_it_was_sent_and_is_due_at_once(
    context: Context, store: Store, clock: ManualClock
) -> None:
    create(store, clock.now_ms(), DelaySeconds=60)
    sent = message(
        clock,
        sender_id="AIDA",
        attributes={
            "kind": MessageAttribute("String", string_value="mail"),
            "b": MessageAttribute("Binary", binary_value=b"1"),
        },
        trace_header="Root=1",
        group_id="g",
    )

    done = import_messages(context, QUEUE, Elsewhere(sent))

    assert done == Imported(1)
    [received] = claim(store, clock.now_ms()).messages
    assert (received.message, received.receive_count) == (sent, 1)


def test_order_and_groups_of_a_fifo_queue_are_kept(context: Context, store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms(), FIFO)
    sent = [message(clock, number, group_id="ab"[number % 2], deduplication_id=f"d{number}") for number in range(1, 26)]

    assert import_messages(context, FIFO, Elsewhere(*sent)) == Imported(25)

    taken = claim(store, clock.now_ms(), queue=FIFO, most=30).messages
    for group in "ab":
        assert [one.message.body for one in taken if one.message.group_id == group] == [
            one.body for one in sent if one.group_id == group
        ]
    assert {one.message.deduplication_id for one in taken} == {one.deduplication_id for one in sent}


def test_an_interrupted_import_goes_on_without_storing_anything_twice(
    context: Context, store: Store, clock: ManualClock
) -> None:
    create(store, clock.now_ms())
    source = Elsewhere(*(message(clock, number) for number in range(25)))
    source.breaks_at_delete = True
    with pytest.raises(SourceFailed):
        import_messages(context, QUEUE, source)
    assert (counts(store, clock.now_ms()), len(source.messages)) == ((10, 0, 0), 25)
    source.breaks_at_delete = False
    source.show_again()

    assert import_messages(context, QUEUE, source) == Imported(25)

    assert (counts(store, clock.now_ms()), source.messages) == ((25, 0, 0), [])


def test_what_is_not_deleted_there_is_counted(context: Context, store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms())
    source = Elsewhere(*(message(clock, number) for number in range(12)))
    source.keeps = {source.messages[3].message_id}
    told: list[Imported] = []

    assert import_messages(context, QUEUE, source, told.append) == Imported(12, 1)

    assert told == [Imported(10, 1), Imported(12, 1)]


def test_messages_too_long_for_one_command_take_several(context: Context, store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms(), MaximumMessageSize=1024)  # they were accepted there, whatever is allowed here
    long = [message(clock, number, "x" * (MOST_SEND_BYTES // 3)) for number in range(4)]

    assert import_messages(context, QUEUE, Elsewhere(*long)) == Imported(4)

    assert len(bodies(claim(store, clock.now_ms()))) == 4


def test_karin_never_imports_from_itself(context: Context, store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms())

    class Itself(Elsewhere):
        def receive(self) -> list[Fetched]:
            one = self.messages[0]
            return [Fetched(one, Receipt(QUEUE, one.message_id, 1, clock.now_ms()).handle)]

    source = Itself(message(clock))
    with pytest.raises(SourceFailed, match="karin itself"):
        import_messages(context, QUEUE, source)
    assert len(source.messages) == 1


def test_without_a_queue_here_nothing_is_deleted_there(context: Context, clock: ManualClock) -> None:
    source = Elsewhere(message(clock))

    with pytest.raises(QueueDoesNotExist):
        import_messages(context, OTHER, source)

    assert len(source.messages) == 1
