"""A client's connection as the worker guards it: the head of a request may only have so many bytes and take so long."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import gevent
import gevent.socket
from gunicorn.http.errors import LimitRequestHeaders, NoMoreData

MOST_HEAD_BYTES = 32 * 1024  # gunicorn alone allows 800 KB, which it holds twice
HEAD_SECONDS = 10  # from the first byte of a head to its last
MOST_RECEIVED_BYTES = 64 * 1024  # at once: gunicorn asks for 1 MiB, and holds what nobody reads yet
PIECE_BYTES = 16 * 1024  # of a request that begins: a thousand connections hold 16 MiB of these
REST_SECONDS = 1  # for the body of a request whose head is there
ANSWER_SECONDS = 30  # for a client to take its answer: the longest has 4 MB


class ClientSocket(gevent.socket.socket):  # type: ignore[misc]
    """A connected socket that guards the heads of its requests."""

    @classmethod
    def taking(cls, client: socket.socket) -> "ClientSocket":
        """Return the connection of a socket, which loses it."""
        taken: ClientSocket = cls(client.family, client.type, client.proto, client.detach())
        taken.may_close = True
        taken.idle_seconds = 0
        taken._head_left = None
        return taken

    may_close: bool
    """Whether nobody who proved to be a caller waits for an answer, so that the connection may make room for others."""
    idle_seconds: int
    """How long it has been waited for the client's next request, as the worker counts it."""
    _head_left: int | None

    def next_piece(self) -> bytes:
        """Wait, for as long as it takes, for what begins the next request; return b"" when the client has gone."""
        self.may_close = True
        self.idle_seconds = 0
        self._wait(self._read_event)  # it is seldom there already, and then others have their turn first
        piece: bytes = super().recv(PIECE_BYTES)
        return piece

    def rest_of_piece(self, piece: bytes, length: int) -> bytes:
        """Return a piece with what is missing of a request of so many bytes; SDKs send the body after the head.

        Whatever has not come after a moment is gunicorn's to wait for.
        """
        with gevent.Timeout(REST_SECONDS, False):
            while len(piece) < length and (more := super().recv(PIECE_BYTES)):
                piece += more
        return piece

    @contextmanager
    def reading_head(self, read_bytes: int) -> Iterator[None]:
        """Guard what is received meanwhile as the rest of a request's head, of which so many bytes are there."""
        self.may_close = True
        self._head_left = MOST_HEAD_BYTES - read_bytes
        try:
            with gevent.Timeout(HEAD_SECONDS, NoMoreData()):
                yield
        finally:
            self._head_left = None

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive as a socket does; raises LimitRequestHeaders for a head that is too long."""
        piece: bytes = super().recv(min(size, MOST_RECEIVED_BYTES), flags)
        if self._head_left is not None:
            self._head_left -= len(piece)
            if self._head_left < 0:
                raise LimitRequestHeaders("request head too long")
        return piece

    def answer(self, data: bytes) -> None:
        """Send an answer; raises TimeoutError when the client does not take it in time."""
        sent = self._sent_at_once(data)
        if sent < len(data):
            with self.answering():
                self.sendall(memoryview(data)[sent:])

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Bound the time for which whatever is sent meanwhile may wait for the client."""
        self.settimeout(ANSWER_SECONDS)
        try:
            yield
        finally:
            self.settimeout(None)

    def _sent_at_once(self, data: bytes) -> int:
        try:
            return int(self._sock.send(data))  # gevent's own socket, which never waits
        except BlockingIOError:
            return 0

    def hang_up(self) -> None:
        """Let whoever waits for the client find that it has gone; an answer that is under way is still sent."""
        try:
            self.shutdown(socket.SHUT_RD)
        except OSError:  # it has gone
            return
