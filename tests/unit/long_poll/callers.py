"""Polls in greenlets, and a store that says and answers only what the test does."""

from collections.abc import Callable, Generator
from typing import Any

import gevent
import gevent.queue
from gevent import socket
from gevent.event import AsyncResult

from karin.clock import SystemClock
from karin.sqs.message import Message, ReceivedMessage
from karin.sqs.names import QueueId
from karin.sqs.receipts import Receipt
from karin.store.connection import StoreUnavailable
from karin.store.messages import Claim
from karin.store.signals import Nudge
from karin.wsgi.connection import Connection
from karin.wsgi.long_poll import LongPolls, Messages, Poll

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


Begin = Callable[..., Caller]
