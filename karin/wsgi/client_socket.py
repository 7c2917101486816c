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


class ClientSocket(gevent.socket.socket):  # type: ignore[misc]
    """A connected socket that guards the heads of its requests."""

    @classmethod
    def taking(cls, client: socket.socket) -> "ClientSocket":
        """Return the connection of a socket, which loses it."""
        taken: ClientSocket = cls(client.family, client.type, client.proto, client.detach())
        taken.may_close = True
        taken._head_left = None
        taken._head_time = None
        return taken

    may_close: bool
    """Whether nobody who proved to be a caller waits for an answer, so that the connection may make room for others."""
    _head_left: int | None
    _head_time: gevent.Timeout | None

    @contextmanager
    def reading_head(self) -> Iterator[None]:
        """Guard what is received meanwhile as the head of a request; the wait for its first byte is not limited."""
        self.may_close = True
        self._head_left = MOST_HEAD_BYTES
        try:
            yield
        finally:
            self._head_left = None
            if self._head_time is not None:
                self._head_time.close()
                self._head_time = None

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive as a socket does; raises LimitRequestHeaders, and NoMoreData for a head that takes too long."""
        piece: bytes = super().recv(min(size, MOST_RECEIVED_BYTES), flags)
        if self._head_left is not None:
            if self._head_time is None:
                self._head_time = gevent.Timeout.start_new(HEAD_SECONDS, NoMoreData())
            self._head_left -= len(piece)
            if self._head_left < 0:
                raise LimitRequestHeaders("request head too long")
        return piece

    def hang_up(self) -> None:
        """Let whoever waits for the client find that it has gone; an answer that is under way is still sent."""
        try:
            self.shutdown(socket.SHUT_RD)
        except OSError:  # it has gone
            return
