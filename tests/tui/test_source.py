"""The threads against a real store: data arrives, changes are signalled, a lost store comes back."""

import queue as queues_of_python
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from textual.message import Message

from karin.clock import SystemClock
from karin.operations import queues, sending
from karin.operations.context import Context
from karin.operations.sending import Sender
from karin.settings import Settings
from karin.sqs.sending import Send
from karin.store.store import Store
from karin.tui.actions import StoreActions
from karin.tui.activity import Activity, Phase
from karin.tui.messages import ActivityChanged, StatusRead, StoreLost
from karin.tui.source import StoreSource
from tests.processes import running_store


class Inbox:
    """What was posted, in order."""

    def __init__(self) -> None:
        self._posted: queues_of_python.Queue[Message] = queues_of_python.Queue()

    def post(self, message: Message) -> None:
        self._posted.put(message)

    def next(self, holds: Callable[[Message], bool]) -> Message:
        while True:
            message = self._posted.get(timeout=10)
            if holds(message):
                return message

    def outcome(self) -> Activity:
        message = self.next(lambda one: isinstance(one, ActivityChanged) and not one.activity.is_running)
        assert isinstance(message, ActivityChanged)
        return message.activity


@pytest.fixture
def live(store: Store) -> Context:
    """Return a context whose clock runs."""
    return Context.of(store, SystemClock(), Settings(home=Path("/nonexistent")))


@pytest.fixture
def inbox() -> Inbox:
    """Return where the threads post to."""
    return Inbox()


@pytest.fixture
def source(live: Context, inbox: Inbox) -> Iterator[StoreSource]:
    """Run a source."""
    running = StoreSource(live, 60)
    running.start(inbox.post)
    yield running
    running.stop()


def _ready(message: Message) -> list[int]:
    return [state.ready for state in message.status.queues] if isinstance(message, StatusRead) else []


def test_a_send_is_seen_without_waiting_for_the_next_round(source: StoreSource, live: Context, inbox: Inbox) -> None:
    queue = queues.create_queue(live, "orders", {}, {})
    inbox.next(lambda message: isinstance(message, StatusRead))
    sending.send_message(live, queue, Send("x"), Sender("test"))
    inbox.next(lambda message: _ready(message) == [1])


def test_a_lost_store_is_told_with_its_reason_and_read_again_when_it_is_back(inbox: Inbox) -> None:
    with TemporaryDirectory(prefix="karin-", dir="/tmp") as folder:
        home = Path(folder)
        with running_store(home) as url:
            lost = Context.of(Store.open(url, max_connections=1), SystemClock(), Settings(home=home))
            source = StoreSource(lost, 60)
            source.start(inbox.post)
            inbox.next(lambda message: isinstance(message, StatusRead))
        told = inbox.next(lambda message: isinstance(message, StoreLost))
        assert isinstance(told, StoreLost)
        assert told.reason.startswith("the store does not serve")
        with running_store(home):
            inbox.next(lambda message: isinstance(message, StatusRead))
            source.stop()


def test_deeds_tell_their_outcome_and_have_the_store_read_again(live: Context, inbox: Inbox) -> None:
    asked: list[bool] = []
    actions = StoreActions(live, lambda: asked.append(True))
    queue = queues.create_queue(live, "orders", {}, {})
    actions.send(queue, Send("x", 30), inbox.post)
    sent = inbox.outcome()
    assert sent.phase is Phase.DONE
    assert sent.text.endswith("to orders, due in 30 s")
    actions.purge(queue, inbox.post)
    assert inbox.outcome().text == "deleted 1 message of orders"
    actions.purge(queue, inbox.post)
    assert "Only one PurgeQueue operation" in inbox.outcome().text
    assert asked == [True, True]


def test_a_sync_without_aws_fails_in_one_line(
    live: Context, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    StoreActions(live, lambda: None).sync(inbox.post)
    failed = inbox.outcome()
    assert failed.phase is Phase.FAILED
    assert failed.text.startswith("ListFunctions in us-east-1")
    assert "\n" not in failed.text
