"""Lines of waiters: the orders of events that a real store brings about only by chance. Everything runs in gevent."""

from collections.abc import Callable, Generator, Iterator
from typing import Any

import gevent
import gevent.queue
import pytest
from gevent import socket
from gevent.event import AsyncResult

from karin.clock import SystemClock
from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.message import Message, ReceivedMessage
from karin.sqs.names import QueueId
from karin.sqs.receipts import Receipt
from karin.store.connection import StoreUnavailable
from karin.store.messages import Claim
from karin.store.signals import Nudge
from karin.wsgi.connection import Connection
from karin.wsgi.long_poll import LongPolls, Messages, Poll
from karin.wsgi.nudges import NudgeListener

QUEUE = QueueId("000000000000", "work")
LIMIT_SECONDS = 5


def let_all_run() -> None:
    """Let every greenlet run until it waits for something else than its turn."""
    for _ in range(3):
        gevent.idle()


def now_ms() -> int:
    return SystemClock().now_ms()


def nothing(next_due_at_ms: int | None = None) -> Claim:
    return Claim((), (), None, 30_000, 0, next_due_at_ms)


def found(body: str = "hello", next_due_at_ms: int | None = None) -> Claim:
    message_id = "059f36b4-87a3-44ab-83d2-661975830a7d"
    received = ReceivedMessage(Message(message_id, body, 1), Receipt(QUEUE, message_id, 1, 2), 2)
    return Claim((received,), (), None, 30_000, 0, next_due_at_ms)


class Signals:
    """What the store would publish, as the test says it."""

    def __init__(self) -> None:
        self._said: gevent.queue.Queue[Any] = gevent.queue.Queue()
        self.listeners = 0
        self.is_reachable = True

    def say(self, signal: Nudge | StoreUnavailable) -> None:
        self._said.put(signal)

    def listen(self, *, control: bool) -> Generator[Any, None, None]:
        assert not control, "nudges are all that a poll waits for"
        if not self.is_reachable:
            raise StoreUnavailable("away")
        self.listeners += 1
        try:
            yield None
            while True:
                said = self._said.get()
                if isinstance(said, StoreUnavailable):
                    raise said
                yield said
        finally:
            self.listeners -= 1


class Caller:
    """A poll in a greenlet of its own; the test answers each of its claims when it likes."""

    def __init__(self, polls: LongPolls, wait_seconds: int = LIMIT_SECONDS) -> None:
        server_side, self.client_side = socket.socketpair()
        self.claims: gevent.queue.Queue[AsyncResult] = gevent.queue.Queue()
        self.given_back: list[Claim] = []
        self._server_side = server_side  # kept open
        poll = Poll(self._claim, self._give_back, Connection(server_side), wait_seconds)
        self._greenlet = gevent.spawn(polls.receive, QUEUE, poll)

    def _claim(self) -> Claim:
        reply = AsyncResult()
        self.claims.put(reply)
        claim: Claim = reply.get()
        return claim

    def _give_back(self, claim: Claim) -> int | None:
        self.given_back.append(claim)
        return None

    def claiming(self) -> AsyncResult:
        """Return the claim that is on its way, or comes soon."""
        reply: AsyncResult = self.claims.get(timeout=LIMIT_SECONDS)
        return reply

    def is_claiming(self) -> bool:
        """Tell whether a claim is on its way, once all have run."""
        let_all_run()
        return not self.claims.empty()

    def bodies(self) -> list[str]:
        """Return the bodies that the poll ended with."""
        messages: Messages = self._greenlet.get(timeout=LIMIT_SECONDS)
        return [received.message.body for received in messages]

    def is_waiting(self) -> bool:
        """Tell whether the poll is still under way, once all have run."""
        let_all_run()
        return not self._greenlet.ready()

    def failure(self) -> BaseException | None:
        """Return what the poll raised."""
        self._greenlet.join(LIMIT_SECONDS)
        error: BaseException | None = self._greenlet.exception
        return error

    def hang_up(self) -> None:
        """Close the client's side."""
        self.client_side.close()

    def close(self) -> None:
        """Leave nothing open."""
        self._greenlet.kill()
        self.client_side.close()
        self._server_side.close()


@pytest.fixture
def signals() -> Signals:
    """Return signals that the test gives."""
    return Signals()


@pytest.fixture
def polls(signals: Signals) -> LongPolls:
    """Return the long polls of a worker."""
    return LongPolls(signals, SystemClock())  # type: ignore[arg-type]


@pytest.fixture
def call(polls: LongPolls) -> Iterator[Callable[..., Caller]]:
    """Return a way to begin polls, which all end with the test."""
    callers: list[Caller] = []

    def begin(**given: int) -> Caller:
        callers.append(Caller(polls, **given))
        return callers[-1]

    yield begin
    for caller in callers:
        caller.close()


@pytest.fixture
def waiting(call: Callable[..., Caller]) -> Callable[..., Caller]:
    """Return a way to begin polls that have found nothing and wait, while nudges are heard."""

    def begin(**given: int) -> Caller:
        caller = call(**given)
        caller.claiming().set(nothing())
        if caller.is_claiming():  # the first of all looks again when nudges are heard
            caller.claiming().set(nothing())
            let_all_run()
        return caller

    return begin


Begin = Callable[..., Caller]


def test_what_was_sent_before_anyone_listened_is_found(call: Begin) -> None:
    caller = call()
    caller.claiming().set(nothing())

    caller.claiming().set(found())

    assert caller.bodies() == ["hello"]


def test_a_nudge_that_overtakes_the_reply_of_the_first_look_makes_another(
    waiting: Begin, call: Begin, signals: Signals
) -> None:
    waiting().hang_up()  # nudges are heard for a while after the last wait
    caller = call()
    first_look = caller.claiming()
    signals.say(Nudge(QUEUE, now_ms()))
    let_all_run()

    first_look.set(nothing())

    caller.claiming().set(found())
    assert caller.bodies() == ["hello"]


def test_a_nudge_that_overtakes_the_reply_of_a_look_makes_another(waiting: Begin, signals: Signals) -> None:
    caller = waiting()
    signals.say(Nudge(QUEUE, now_ms()))
    look = caller.claiming()
    signals.say(Nudge(QUEUE, now_ms()))
    let_all_run()

    look.set(nothing())

    caller.claiming().set(found())
    assert caller.bodies() == ["hello"]


def test_an_old_reply_does_not_postpone_what_was_learnt_since(waiting: Begin, call: Begin) -> None:
    first = waiting()
    slow, quick = call(), call()
    old_reply, new_reply = slow.claiming(), quick.claiming()
    new_reply.set(nothing(next_due_at_ms=now_ms() + 200))
    let_all_run()

    old_reply.set(nothing())

    first.claiming().set(found())
    assert first.bodies() == ["hello"]


def test_the_first_in_line_looks_when_the_queue_is_due_and_others_do_not(waiting: Begin, signals: Signals) -> None:
    first, second = waiting(), waiting()

    signals.say(Nudge(QUEUE, now_ms()))

    first.claiming().set(found())
    assert first.bodies() == ["hello"]
    assert not second.is_claiming()


def test_the_next_looks_when_more_is_due_already(waiting: Begin, signals: Signals) -> None:
    callers = [waiting() for _ in range(3)]
    signals.say(Nudge(QUEUE, now_ms()))

    for number, caller in enumerate(callers):
        caller.claiming().set(found(str(number), next_due_at_ms=now_ms()))

    assert [caller.bodies() for caller in callers] == [["0"], ["1"], ["2"]]


def test_who_finds_nothing_goes_back_to_its_place(waiting: Begin, signals: Signals) -> None:
    first, second = waiting(), waiting()
    signals.say(Nudge(QUEUE, now_ms()))
    first.claiming().set(nothing(next_due_at_ms=now_ms() + 50))

    first.claiming().set(found())

    assert first.bodies() == ["hello"]
    assert not second.is_claiming()


def test_a_later_nudge_does_not_postpone_an_earlier_wake(waiting: Begin, signals: Signals) -> None:
    caller = waiting()
    began_ms = now_ms()
    for delay_ms in (200, 100_000):
        signals.say(Nudge(QUEUE, began_ms + delay_ms))

    caller.claiming().set(found())

    assert 200 <= now_ms() - began_ms < 1_000


def test_nobody_looks_before_the_queue_is_due(waiting: Begin, signals: Signals) -> None:
    caller = waiting()
    due_at_ms = now_ms() + 150
    signals.say(Nudge(QUEUE, due_at_ms))

    caller.claiming().set(found())

    assert due_at_ms <= now_ms() < due_at_ms + 100


def test_nudges_of_other_queues_wake_nobody(waiting: Begin, signals: Signals) -> None:
    caller = waiting()

    signals.say(Nudge(QueueId("000000000000", "other"), now_ms()))

    assert not caller.is_claiming()


def test_whose_time_is_over_while_it_looks_still_gets_what_it_found(waiting: Begin, signals: Signals) -> None:
    caller = waiting(wait_seconds=1)
    signals.say(Nudge(QUEUE, now_ms()))
    look = caller.claiming()
    gevent.sleep(1)

    look.set(found())

    assert caller.bodies() == ["hello"]


def test_whose_time_is_over_while_it_looks_in_vain_ends_empty(waiting: Begin, signals: Signals) -> None:
    caller, other = waiting(wait_seconds=1), waiting()
    signals.say(Nudge(QUEUE, now_ms()))
    look = caller.claiming()
    gevent.sleep(1)

    look.set(nothing(next_due_at_ms=now_ms()))

    assert caller.bodies() == []
    other.claiming().set(found())
    assert other.bodies() == ["hello"]


def test_a_look_that_the_store_does_not_answer_is_made_again(waiting: Begin, signals: Signals) -> None:
    caller = waiting()
    signals.say(Nudge(QUEUE, now_ms()))
    caller.claiming().set_exception(StoreUnavailable("away"))
    began_ms = now_ms()

    caller.claiming().set(found())

    assert caller.bodies() == ["hello"]
    assert now_ms() - began_ms >= 400


def test_a_first_look_that_the_store_does_not_answer_is_an_error(call: Begin) -> None:
    caller = call()

    caller.claiming().set_exception(StoreUnavailable("away"))

    assert isinstance(caller.failure(), StoreUnavailable)


@pytest.mark.parametrize("error", [QueueDoesNotExist(), RuntimeError("a fault")], ids=["no queue", "fault"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_error_ends_a_wait_and_leaves_the_turn_to_the_next(
    waiting: Begin, signals: Signals, error: Exception
) -> None:
    first, second = waiting(), waiting()
    signals.say(Nudge(QUEUE, now_ms()))

    first.claiming().set_exception(error)

    assert first.failure() is error
    second.claiming().set(found())
    assert second.bodies() == ["hello"]


def test_a_queue_that_is_due_but_yields_nothing_is_not_asked_without_a_pause(waiting: Begin, signals: Signals) -> None:
    caller = waiting(wait_seconds=1)
    signals.say(Nudge(QUEUE, now_ms()))
    looks = 0
    while caller.is_waiting():
        while not caller.claims.empty():
            looks += 1
            caller.claims.get().set(nothing(next_due_at_ms=now_ms()))
            gevent.sleep(0.001)

    assert 1 < looks < 250


def test_a_client_that_hung_up_leaves_the_line_at_once(waiting: Begin, signals: Signals) -> None:
    first, second = waiting(), waiting()

    first.hang_up()

    assert first.bodies() == []
    signals.say(Nudge(QUEUE, now_ms()))
    second.claiming().set(found())
    assert second.bodies() == ["hello"]
    assert first.claims.empty()


@pytest.mark.parametrize("is_first_look", [True, False])
def test_what_was_found_for_a_client_that_hung_up_meanwhile_is_given_back(
    call: Begin, waiting: Begin, signals: Signals, is_first_look: bool
) -> None:
    caller = call() if is_first_look else waiting()
    if not is_first_look:
        signals.say(Nudge(QUEUE, now_ms()))
    look = caller.claiming()
    caller.hang_up()

    look.set(found())

    assert caller.bodies() == []
    [claim] = caller.given_back
    assert claim.messages[0].message.body == "hello"


def test_bytes_that_a_client_sent_ahead_mean_that_it_is_there(waiting: Begin, signals: Signals) -> None:
    caller = waiting()
    caller.client_side.sendall(b"POST / HTTP/1.1\r\n")

    assert caller.is_waiting()
    signals.say(Nudge(QUEUE, now_ms()))
    caller.claiming().set(found())
    assert caller.bodies() == ["hello"]
    assert caller.given_back == []


def test_all_look_once_after_the_store_was_away(waiting: Begin, signals: Signals) -> None:
    first, second = waiting(), waiting()

    signals.say(StoreUnavailable("connection lost"))

    first.claiming().set(nothing())
    assert first.is_waiting()
    assert not second.is_claiming()


def test_at_the_end_of_a_worker_nobody_waits_any_more(waiting: Begin, call: Begin, polls: LongPolls) -> None:
    callers = [waiting() for _ in range(3)]

    polls.end()

    assert [caller.bodies() for caller in callers] == [[]] * 3
    late = call()
    late.claiming().set(nothing())
    assert late.bodies() == []


def test_nothing_is_remembered_of_a_queue_that_nobody_polls(waiting: Begin, polls: LongPolls) -> None:
    caller = waiting(wait_seconds=1)
    assert caller.bodies() == []

    assert polls._lines == {}


def test_listening_ends_a_while_after_the_last_who_wanted_it(signals: Signals) -> None:
    subscriptions: list[int] = []
    heard: list[Nudge] = []
    listener = NudgeListener(
        signals,  # type: ignore[arg-type]
        lambda: subscriptions.append(signals.listeners),
        heard.append,
        linger_seconds=0.1,
    )

    for _ in range(3):
        with listener.wanted(), listener.wanted():
            let_all_run()
            assert signals.listeners == 1
    assert subscriptions == [1]

    gevent.sleep(0.2)
    assert signals.listeners == 0
    with listener.wanted():
        let_all_run()
        assert subscriptions == [1, 1]
    gevent.sleep(0.2)
    assert signals.listeners == 0


def test_listening_is_tried_until_the_store_is_reachable(signals: Signals) -> None:
    subscribed = gevent.event.Event()
    heard: list[Nudge] = []
    listener = NudgeListener(signals, subscribed.set, heard.append, linger_seconds=0)  # type: ignore[arg-type]
    signals.is_reachable = False

    with listener.wanted():
        assert not subscribed.wait(0.3)
        signals.is_reachable = True
        assert subscribed.wait(LIMIT_SECONDS)
