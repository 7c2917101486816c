"""Request bodies: how long one may be and may take, and how much memory all of them may take together.

A body is read once its request's head is found good. Those of more than 16 KiB share a room of 16 MiB until they are
answered; the smaller ones are bounded by the number of connections.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import gevent
from gunicorn.http.errors import ParseException

from karin.sqs.errors import MalformedInput, RequestTooLarge, ServiceUnavailable
from karin.wsgi.waiting import Room

if TYPE_CHECKING:
    import falcon  # which the master, that answers nobody, does not pay for

ROOM_BYTES = 16 * 1024 * 1024
SMALL_BYTES = 16 * 1024  # a thousand connections hold 16 MiB of these
PIECE_BYTES = 16 * 1024  # all that a slow sender makes the server hold beside the body
WAIT_SECONDS = 10  # for room
BODY_SECONDS = 30  # for the whole body: 1 MiB needs 35 KB/s
DRAIN_SECONDS = 5
MOST_DRAINED_BYTES = 64 * 1024 * 1024  # of a body that is refused: whoever sends more may lose the answer


class BodyReader(Protocol):
    """The part of a WSGI input that is needed."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes."""
        ...


class IncomingBody:
    """The body of one request, still unread."""

    def __init__(self, request: "falcon.Request", most_bytes: int, room: Room) -> None:
        self._length = request.content_length  # None: chunked, or there is none
        self._is_here = isinstance(request.stream, io.BytesIO)  # it came with the head
        is_bounded = self._is_here or self._length is None
        self._stream: BodyReader = request.stream if is_bounded else request.bounded_stream
        self._is_chunked = self._length is None and request.get_header("Transfer-Encoding") is not None
        self._most_bytes = most_bytes
        self._room = room
        self._held = 0
        self._is_unread = self._is_chunked or bool(self._length)

    def read(self) -> bytes:
        """Return the body; raises RequestTooLarge, MalformedInput, or ServiceUnavailable when there is no room."""
        if not self._is_unread:
            return b""
        if (self._length or 0) > self._most_bytes:
            raise self._too_large()
        self._take_room(self._most_bytes if self._length is None else self._length)
        try:
            if self._is_here:
                body = self._stream.read()
            else:
                with gevent.Timeout(BODY_SECONDS, TimeoutError()):  # the worker then closes the connection
                    body = self._whole()
        except (OSError, ParseException):  # the caller went away or is too slow, or its chunks are none
            self._is_unread = False
            raise MalformedInput("The request body cannot be read.") from None
        if len(body) > self._most_bytes:
            raise self._too_large()
        self._is_unread = False
        if len(body) < (self._length or 0):
            raise MalformedInput("The request body ended before its Content-Length.")
        return body

    def drain(self) -> None:
        """Read a refused body to its end, keeping nothing.

        A client that sends all before it reads must come to read: closing early would reset its connection.
        """
        if (self._length or 0) > MOST_DRAINED_BYTES:
            return
        if not self._is_unread or (self._is_chunked and not self._held):
            return  # no SDK sends chunks: those of strangers are not even taken apart
        left = MOST_DRAINED_BYTES
        try:
            with gevent.Timeout(DRAIN_SECONDS, TimeoutError()):
                while left > 0 and (piece := self._stream.read(PIECE_BYTES)):
                    left -= len(piece)
        except (OSError, ParseException):  # there is nobody to answer, and gunicorn closes the connection
            return

    def forget(self) -> None:
        """Give the room back."""
        self._room.give(self._held)
        self._held = 0

    def _take_room(self, length: int) -> None:
        if length <= SMALL_BYTES:
            return
        if not self._room.take(length, WAIT_SECONDS):
            raise ServiceUnavailable("The service is busy with other large requests. Please retry.")
        self._held = length

    def _whole(self) -> bytes:
        body = bytearray()
        while len(body) <= self._most_bytes and (piece := self._stream.read(PIECE_BYTES)):
            body += piece
        return bytes(body)

    def _too_large(self) -> RequestTooLarge:
        return RequestTooLarge(f"Request bodies must not be longer than {self._most_bytes} bytes.")


class Bodies:
    """The bodies of all requests of this process."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._room = Room(ROOM_BYTES)

    @contextmanager
    def of(self, request: "falcon.Request") -> Iterator[IncomingBody]:
        """Yield a request's body; in the end its room is free again, and a body that was refused is drained."""
        body = IncomingBody(request, self._most_bytes, self._room)
        try:
            yield body
        except Exception:
            body.drain()
            raise
        finally:
            body.forget()
