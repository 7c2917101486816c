"""One connection to Redis on which all greenlets of a worker ask at once, each waiting for its own answer.

Redis answers in the order in which it is asked, so that nobody need wait for a connection. What greenlets ask in one
turn of the event loop goes out in one piece: a system call that wakes the store costs more than the command itself.
redis-py still connects, since it knows addresses, passwords and TLS; hiredis alone writes and reads.
"""

from collections import deque
from typing import Any

import gevent
import hiredis
import msgspec
import redis
from gevent.hub import Waiter
from gevent.lock import BoundedSemaphore
from redis.connection import AbstractConnection

from karin.store.connection import POOL_WAIT_SECONDS, RETRY_PAUSE_SECONDS

PIECE_BYTES = 64 * 1024
# How often it is looked whether the store is silent, while anyone waits. Patience is counted in looks, not read off a
# clock: after a moment in which the whole machine stood still, answers that are there must not seem to come too late.
LOOK_SECONDS = 0.1
MOST_LOOKS = round(POOL_WAIT_SECONDS / LOOK_SECONDS)


class SharedConnection:
    """Asks Redis over one connection, which is opened when it is first needed and after each loss of it."""

    def __init__(self, connection: AbstractConnection, patience_seconds: float) -> None:
        self._connection = connection
        self._patience_seconds = patience_seconds
        self._opening = BoundedSemaphore()
        self._line: _Line | None = None

    def ask(self, packed: bytes) -> Any:
        """Return Redis's answer to one packed command; raises its error, or another redis.RedisError if there is none.

        As with redis-py's own connections one retry covers a connection that the server closed.
        """
        line = self._open_line()
        try:
            return line.ask(packed)
        except redis.ReadOnlyError:  # a primary no longer: whoever is, a new connection may find
            line.give_up()
            raise
        except redis.ConnectionError:
            gevent.sleep(RETRY_PAUSE_SECONDS)
            return self._open_line().ask(packed)

    def let_go(self) -> None:
        """Close the connection once nobody waits for an answer; who asks after that opens another."""
        if self._line is not None:
            self._line.end_once_answered()

    def _open_line(self) -> "_Line":
        line = self._line
        if line is not None and line.lost is None:
            return line
        with self._opening:  # whoever waits here finds it opened, or tries in turn
            if self._line is None or self._line.lost is not None:
                self._line = _Line(self._connection, self._patience_seconds)
            return self._line


class _Question(msgspec.Struct, eq=False):
    """A command on its way: who waits for its answer, and after how many looks it was asked."""

    waiter: Any
    asked_at_look: int
    is_given_up: bool = False


class _Line:
    """An open connection. Once it is lost it stays so, and all who wait are told."""

    def __init__(self, connection: Any, patience_seconds: float) -> None:
        connection.connect()
        self.lost: redis.RedisError | None = None
        self._connection = connection
        self._patience_looks = round(patience_seconds / LOOK_SECONDS)
        # redis-py's own way to read takes its time over each answer, and its parser knows every error by its class.
        self._socket = connection._sock  # noqa: SLF001
        self._error_of = connection._parser.parse_error  # noqa: SLF001
        self._socket.settimeout(None)  # silence is no fault while nobody waits
        self._loop = gevent.get_hub().loop
        self._looking = self._loop.timer(LOOK_SECONDS, LOOK_SECONDS)
        self._unsent: list[bytes] = []
        self._is_sending = False
        self._waiting: deque[_Question] = deque()
        self._looks = 0
        self._heard_at_look = 0
        self._is_ending = False
        gevent.spawn(self._read)

    def ask(self, packed: bytes) -> Any:
        """Send a packed command and wait for its answer."""
        question = _Question(Waiter(), self._looks)
        if not self._waiting:
            self._heard_at_look = self._looks
            if not self._looking.active:
                self._looking.start(self._look)
        self._waiting.append(question)
        self._unsent.append(packed)
        if not self._is_sending:
            self._send()
        answer = question.waiter.get()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end_once_answered(self) -> None:
        """Close the connection as soon as nobody waits for an answer."""
        self._is_ending = True
        if not self._waiting:
            self.give_up()

    def give_up(self) -> None:
        """Close the connection; those who wait are told, and ask over a new one."""
        self._lose(redis.ConnectionError("Connection given up."))

    def _send(self) -> None:
        """Send what is unsent, and what others add meanwhile."""
        self._is_sending = True
        try:
            gevent.sleep(0)  # those who are about to ask may come along
            while self._unsent:
                packed, self._unsent = b"".join(self._unsent), []
                self._socket.sendall(packed)
            self._is_sending = False
        except OSError as error:
            self._lose(redis.ConnectionError(f"Error while writing to socket. {error}."))
        finally:
            if self._is_sending:  # killed: half a command may have gone out
                self._lose(redis.ConnectionError("Connection given up."))

    def _read(self) -> None:
        """Hand each answer to whoever has waited longest, until the connection ends."""
        reader = hiredis.Reader(protocolError=redis.InvalidResponse, replyError=self._error_of)
        try:
            while piece := self._socket.recv(PIECE_BYTES):
                self._heard_at_look = self._looks
                reader.feed(piece)
                while (answer := reader.gets()) is not False:  # no answer in RESP2 is
                    question = self._waiting.popleft()
                    if not question.is_given_up:
                        self._tell(question, answer)
                if self._is_ending and not self._waiting:
                    self.give_up()
                    return
            self._lose(redis.ConnectionError("Connection closed by server."))
        except (OSError, redis.InvalidResponse, IndexError) as error:  # the last: an answer to no question
            self._lose(redis.ConnectionError(f"Error while reading from socket. {error}."))

    def _look(self) -> None:
        """Lose the connection if the store is silent for too long; give up whose turn does not come."""
        self._looks += 1
        if not self._waiting:
            self._looking.stop()
        elif self._looks > self._heard_at_look + self._patience_looks:
            self._lose(redis.TimeoutError("Timeout reading from socket"))
        for question in self._waiting:
            if self._looks <= question.asked_at_look + MOST_LOOKS:
                return
            if not question.is_given_up:
                question.is_given_up = True
                self._tell(question, redis.RedisError("No connection available."))

    def _lose(self, error: redis.RedisError) -> None:
        if self.lost is not None:
            return
        self.lost = error
        self._looking.close()
        self._connection.disconnect()
        waiting, self._waiting = self._waiting, deque()
        for question in waiting:
            if not question.is_given_up:
                self._tell(question, type(error)(*error.args))  # one of its own: whoever raises it adds its traceback

    def _tell(self, question: _Question, answer: object) -> None:
        self._loop.run_callback(question.waiter.switch, answer)
