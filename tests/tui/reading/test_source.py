"""The reading thread against a real store: data arrives, changes are signalled, a lost store comes back."""

import queue as queues_of_python
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from textual.message import Message

from karin.clock import SystemClock
from karin.finding import Running
from karin.operations import queues, sending
from karin.operations.context import Context
from karin.operations.sending import Sender
from karin.settings import Settings
from karin.sqs.sending import Send
from karin.store.store import Store
from karin.tui.messages import StoreLost, WorldRead
from karin.tui.reading.interest import Interest
from karin.tui.reading.source import StoreSource
from karin.tui.views.listing import Need, Place
from tests.processes import running_store

AT_QUEUES = Interest(Place("queues"))


class Inbox:
    """What was posted, in order."""

    def __init__(self) -> None:
        self._posted: queues_of_python.Queue[Message] = queues_of_python.Queue()

    def post(self, message: Message) -> None:
        self._posted.put(message)

    def next(self, holds: Callable[[Message], bool], *, takes: bool = True) -> Message:
        while True:
            message = self._posted.get(timeout=10)
            if isinstance(message, WorldRead):
                message.is_taken = takes
            if holds(message):
                return message

    def is_empty(self) -> bool:
        return self._posted.empty()


def running(store: Store, home: Path = Path("/nonexistent")) -> Running:
    """Return a karin on a store, whose clock runs."""
    settings = Settings(home=home)
    return Running(Context.of(store, SystemClock(), settings), settings, "http://127.0.0.1:4000")


@pytest.fixture
def live(store: Store) -> Running:
    """Return a karin on the test's store."""
    return running(store)


@pytest.fixture
def inbox() -> Inbox:
    """Return where the thread posts to."""
    return Inbox()


@pytest.fixture
def source(live: Running, inbox: Inbox) -> Iterator[StoreSource]:
    """Run a source."""
    reading = StoreSource(live)
    reading.start(AT_QUEUES, inbox.post)
    yield reading
    reading.stop()


def _ready(message: Message) -> list[int]:
    if not isinstance(message, WorldRead) or message.world.status is None:
        return []
    return [state.ready for state in message.world.status.queues]


def test_a_send_is_seen_without_waiting_for_the_next_round(source: StoreSource, live: Running, inbox: Inbox) -> None:
    queue = queues.create_queue(live.context, "orders", {}, {})
    inbox.next(lambda message: isinstance(message, WorldRead))
    sending.send_message(live.context, queue, Send("x"), Sender("test"))
    inbox.next(lambda message: _ready(message) == [1])


def test_another_place_is_read_at_once(source: StoreSource, live: Running, inbox: Inbox) -> None:
    queue = queues.create_queue(live.context, "orders", {}, {})
    sending.send_message(live.context, queue, Send("hello"), Sender("test"))
    source.look_at(Interest(Place("messages", queue), frozenset({Need.MESSAGES})))

    def has_messages(message: Message) -> bool:
        return isinstance(message, WorldRead) and message.world.messages is not None

    found = inbox.next(has_messages)
    assert isinstance(found, WorldRead)
    assert found.world.messages
    assert [one.message.body for one in found.world.messages.messages] == ["hello"]


def test_what_is_frozen_is_not_read_until_it_thaws(source: StoreSource, live: Running, inbox: Inbox) -> None:
    queue = queues.create_queue(live.context, "orders", {}, {})
    source.read_again()
    inbox.next(lambda message: _ready(message) == [0])
    source.freeze(True)
    sending.send_message(live.context, queue, Send("x"), Sender("test"))
    with pytest.raises(queues_of_python.Empty):
        inbox._posted.get(timeout=2)
    source.freeze(False)
    inbox.next(lambda message: _ready(message) == [1])


def test_nothing_more_is_read_until_what_was_read_is_taken(source: StoreSource, live: Running, inbox: Inbox) -> None:
    queue = queues.create_queue(live.context, "orders", {}, {})
    shown = inbox.next(lambda message: isinstance(message, WorldRead), takes=False)
    assert isinstance(shown, WorldRead)
    sending.send_message(live.context, queue, Send("x"), Sender("test"))
    source.read_again()
    with pytest.raises(queues_of_python.Empty):
        inbox._posted.get(timeout=1)
    shown.is_taken = True
    inbox.next(lambda message: _ready(message) == [1])


def test_a_lost_store_is_told_with_its_reason_and_read_again_when_it_is_back(inbox: Inbox) -> None:
    with TemporaryDirectory(prefix="karin-", dir="/tmp") as folder:
        home = Path(folder)
        with running_store(home) as url:
            source = StoreSource(running(Store.open(url, max_connections=1), home))
            source.start(AT_QUEUES, inbox.post)
            inbox.next(lambda message: isinstance(message, WorldRead))
        told = inbox.next(lambda message: isinstance(message, StoreLost))
        assert isinstance(told, StoreLost)
        assert told.reason.startswith("the store does not serve")
        with running_store(home):
            inbox.next(lambda message: isinstance(message, WorldRead))
            source.stop()


def test_nothing_is_posted_after_the_end(live: Running, inbox: Inbox) -> None:
    source = StoreSource(live)
    source.start(AT_QUEUES, inbox.post)
    inbox.next(lambda message: isinstance(message, WorldRead))
    source.stop()
    queue = queues.create_queue(live.context, "orders", {}, {})
    sending.send_message(live.context, queue, Send("x"), Sender("test"))
    with pytest.raises(queues_of_python.Empty):
        inbox._posted.get(timeout=1.5)
