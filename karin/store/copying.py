"""Reading all of karin's keys as pieces for a backup, and writing such pieces back.

A queue is copied within the store in one transaction, under names of its own, and read from the copy: what is read of a
queue is its state at one instant, however long it takes and whoever uses it. Nothing here is bound to a version of
Redis: pieces hold what plain commands give and take.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec

from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.connection import Client, StoreUnavailable, store_errors

PIECE_BYTES = 512 * 1024  # aimed at; one element may be longer
MOST_ELEMENTS = 2_000  # of one piece
FIRST_ELEMENTS = 20
SCANNED_AT_ONCE = 500
COPYING_MS = 60_000  # a backup that was killed holds back the next one for so long
OF_THE_LIVING = frozenset({keys.SCHEMA, keys.COPYING, keys.SCHEDULERS, keys.SYNC_ASKED})
"""Keys that tell of the processes which use a store; a backup has none of them, nor of those that end as these do."""
ENDS_OF_THE_LIVING = (keys.COPY_END, keys.HANDOVER_END)

_OF_QUEUE = re.compile(rf"{keys.PREFIX}\{{(?P<queue>[^}}/]+/[^}}]+)\}}:.+")
_WRITE = {"hash": "HSET", "zset": "ZADD", "list": "RPUSH", "string": "SET", "set": "SADD"}


class AlreadyCopying(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """Another backup of the store is being made; the message is one line."""


class UnknownType(Exception):  # noqa: N818
    """A key has a type that no karin of this version writes; the message is one line."""


class Piece(msgspec.Struct, frozen=True, array_like=True, tag="piece"):
    """A part of one key: its elements as the command that writes them takes them, so fields with values, for a hash."""

    key: bytes
    kind: str  # as TYPE says it
    elements: list[bytes]
    expires_at_ms: int | None = None


class Whole(msgspec.Struct, frozen=True):
    """All pieces of a queue have been read; so many messages are among them."""

    queue: str
    messages: int


class Copying:
    """Reads and writes pieces; every method may raise StoreUnavailable."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read(self, now_ms: int) -> Iterator[Piece | Whole]:
        """Yield all of it, queue by queue, each with Whole behind it, and the rest after the queues.

        ``now_ms`` is the instant from which the times to live count. The list of the queues' names is made from what
        was read, so that a queue that is created or deleted meanwhile is there as a whole or not at all. Raises
        AlreadyCopying, UnknownType.
        """
        with store_errors():
            if not self._client.set(keys.COPYING, 1, nx=True, px=COPYING_MS):
                raise AlreadyCopying("a backup of this store is being made, or was broken off: try again in a minute")
        try:
            self._remove_copies()
            yield from self._read(now_ms)
        finally:
            with suppress(StoreUnavailable), store_errors():
                self._client.delete(keys.COPYING)

    def write(self, pieces: list[Piece]) -> None:
        """Write pieces in order, in one round trip. Raises UnknownType."""
        pipeline: Any = self._client.pipeline(transaction=False)
        for piece in pieces:
            if piece.kind not in _WRITE:
                raise _unknown(piece.key.decode(errors="replace"), piece.kind)
            pipeline.execute_command(_WRITE[piece.kind], piece.key, *piece.elements)
            if piece.expires_at_ms is not None:
                pipeline.pexpireat(piece.key, piece.expires_at_ms)
        with store_errors():
            pipeline.execute()

    def remove_all(self) -> None:
        """Delete all that ``read`` would yield, and what a backup left that was killed."""
        self._remove_copies()
        self._unlink(list(self._names()))

    def _read(self, now_ms: int) -> Iterator[Piece | Whole]:
        of_queues: dict[str, set[str]] = {}
        others = []
        for name in self._names():
            if found := _OF_QUEUE.fullmatch(name):
                of_queues.setdefault(found["queue"], set()).add(name)
            else:
                others.append(name)
        existing = []
        for queue, names in sorted(of_queues.items()):
            for read in self._read_queue(queue, names, now_ms):
                if isinstance(read, Whole):
                    existing.append(queue)
                yield read
        for name in sorted(set(others) - {keys.QUEUES}):
            yield from self._read_key(name, name, now_ms)
        if existing:
            yield Piece(keys.QUEUES.encode(), "zset", [part for queue in existing for part in (b"0", queue.encode())])

    def _read_queue(self, queue: str, seen: set[str], now_ms: int) -> Iterator[Piece | Whole]:
        queue_id = QueueId.parse(queue)
        # Also those that were not seen: a first message makes keys that a scan has passed already.
        names = sorted(seen | set(keys.of_queue(queue_id)))
        copies = [keys.copy_of(name) for name in names]
        pipeline: Any = self._client.pipeline(transaction=True)
        for name, copy in zip(names, copies, strict=True):
            pipeline.copy(name, copy, replace=True)
        pipeline.exists(keys.queue(queue_id)).hlen(keys.messages(queue_id))
        try:
            with store_errors():
                *copied, exists, messages = pipeline.execute()
            for name, copy, is_there in zip(names, copies, copied, strict=True):
                if is_there:
                    yield from self._read_key(copy, name, now_ms)
            if exists:
                yield Whole(queue, messages)
        finally:
            with suppress(StoreUnavailable):
                self._unlink(copies)

    def _read_key(self, name: str, called: str, now_ms: int) -> Iterator[Piece]:
        pipeline: Any = self._client.pipeline(transaction=False)
        with store_errors():
            kind_told, left_ms = pipeline.type(name).pttl(name).execute()
        kind = kind_told.decode()
        if kind == "none":  # it has just expired
            return
        if kind not in _WRITE:
            raise _unknown(called, kind)
        expires_at_ms = now_ms + left_ms if left_ms >= 0 else None
        for elements in self._elements(name, kind):
            yield Piece(called.encode(), kind, elements, expires_at_ms)
            with store_errors():
                self._client.pexpire(keys.COPYING, COPYING_MS)

    def _elements(self, name: str, kind: str) -> Iterator[list[bytes]]:
        """Yield a key's elements, about PIECE_BYTES at a time; a scan may give one twice."""
        if kind == "string":
            with store_errors():
                value: Any = self._client.get(name)
            if value is not None:
                yield [value]
            return
        cursor, most = 0, FIRST_ELEMENTS
        while True:
            with store_errors():
                cursor, elements = self._some(name, kind, cursor, most)
            if elements:
                yield elements
            if cursor == 0:
                return
            size = sum(map(len, elements)) + 1
            most = max(1, min(most * PIECE_BYTES // size, most * 4, MOST_ELEMENTS))

    def _some(self, name: str, kind: str, cursor: int, most: int) -> tuple[int, list[bytes]]:
        client: Any = self._client
        match kind:
            case "hash":
                cursor, fields = client.hscan(name, cursor, count=most)
                return cursor, [text for pair in fields.items() for text in pair]
            case "zset":
                cursor, members = client.zscan(name, cursor, count=most)
                return cursor, [text for member, score in members for text in (b"%.17g" % score, member)]
            case "set":
                return client.sscan(name, cursor, count=most)  # type: ignore[no-any-return]
            case _:
                found = client.lrange(name, cursor, cursor + most - 1)
                return (cursor + most if len(found) == most else 0), found

    def _names(self) -> Iterator[str]:
        """Yield the keys that a backup has; one may come twice."""
        for name in self._scan(f"{keys.PREFIX}*"):
            if name not in OF_THE_LIVING and not name.endswith(ENDS_OF_THE_LIVING):
                yield name

    def _remove_copies(self) -> None:
        """Delete what a backup left that was killed."""
        self._unlink(list(self._scan(f"{keys.PREFIX}{{*{keys.COPY_END}")))

    def _scan(self, pattern: str) -> Iterator[str]:
        with store_errors():
            for name in self._client.scan_iter(match=pattern, count=SCANNED_AT_ONCE):
                yield name.decode()

    def _unlink(self, names: list[str]) -> None:
        with store_errors():
            for start in range(0, len(names), SCANNED_AT_ONCE):
                self._client.unlink(*names[start : start + SCANNED_AT_ONCE])


def _unknown(name: str, kind: str) -> UnknownType:
    return UnknownType(f"{name} is a {kind}, which is nothing that this karin writes: is it another program's?")
