"""Views of what queues hold and of what became of it: nothing here receives, changes or renews anything."""

import logging
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import msgspec

from karin.mapping.invocation import Invocation, unpack_invocation
from karin.sqs.limits import MESSAGE_BYTES
from karin.sqs.message import Message
from karin.sqs.names import QueueId
from karin.sqs.stored import unpack_message
from karin.store import keys
from karin.store.connection import Client, store_errors
from karin.store.ids import read_id, stored_beginning, stored_id
from karin.store.rows import entries_of, read_number
from karin.store.scripts import NO_BOUND, Argument, Scripts, require_queue

PREVIEW_BYTES = 256  # of a body in a list
PAGE_BYTES = 1024 * 1024  # of stored messages; their attributes are never cut
PAGE_LOOKS = 10_000  # members that one page may pass over
SEARCHED = 10_000  # messages among which the beginning of an id is searched
QUEUES_AT_ONCE = 16  # whose invocations one command reads: 4 MB at most
LINE_LENGTH = 1_000  # how far a message's place in its group is counted

log = logging.getLogger("karin.store")


class UnclearId(Exception):  # noqa: N818 - it says what the case is
    """An id, or the beginning of one, does not name one thing; the message is one line for a person."""


class MessageState(StrEnum):
    """Where a message stands."""

    READY = "ready"
    DELAYED = "delayed"
    LEASED = "leased"


class SeenMessage(msgspec.Struct, frozen=True):
    """A message as it stands in its queue; in a list its body may be cut, while ``body_bytes`` counts the whole.

    ``due_at_ms`` is when it may next be received. In a list of a FIFO queue a ready message may be due later: it stands
    behind one of its group that is leased or delayed. ``first_received_at_ms`` is None before its first receive.
    """

    message: Message
    state: MessageState
    due_at_ms: int
    receive_count: int
    first_received_at_ms: int | None
    body_bytes: int


class RecentInvocations(msgspec.Struct, frozen=True):
    """Calls made with messages of a queue, newest first; ``is_continued`` when they lead up to the known one."""

    invocations: tuple[Invocation, ...]
    is_continued: bool


class Cursor(msgspec.Struct, frozen=True):
    """Where a page ended. Written as text for people to hand on; it means something only to the same view."""

    at_ms: int
    source: int
    member: bytes

    def __str__(self) -> str:
        return f"{self.at_ms}.{self.source}.{quote(self.member, safe='')}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read the text back; raises ValueError when it is not that of a cursor."""
        at_ms, source, member = text.split(".", 2)
        if not (at_ms + source).isdecimal() or not (at_ms + source).isascii():
            raise ValueError(f"{text!r} is not a cursor")
        return cls(int(at_ms), int(source), unquote_to_bytes(member))


class MessagePage(msgspec.Struct, frozen=True):
    """Some messages of a queue, and where to go on; ``next`` is None when nothing follows."""

    messages: tuple[SeenMessage, ...]
    next: Cursor | None


class Views:
    """Looks at queues; every method may raise StoreUnavailable."""

    def __init__(self, client: Client, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def messages(
        self,
        queue: QueueId,
        now_ms: int,
        *,
        most: int,
        state: MessageState | None = None,
        after: Cursor | None = None,
        whole: bool = False,
    ) -> MessagePage:
        """Return up to ``most`` messages of a queue, those of one state or all, in one command.

        Their bodies are cut unless they are wanted ``whole``; one that cannot be read is then left out.

        They come as they are due; those of a FIFO queue group by group in the group's order, unless only the delayed
        or the leased are wanted. A page may have fewer messages than ``most``, even none, although more follow. Raises
        QueueDoesNotExist.
        """
        shown_bytes = MESSAGE_BYTES if whole else PREVIEW_BYTES
        args: list[Argument] = [now_ms, state.value if state else "", most, shown_bytes, PAGE_BYTES, PAGE_LOOKS]
        args += [after.at_ms, after.source, after.member] if after else [-1, 0, ""]
        status, reply = self._scripts.call("peek", [keys.queue(queue), *keys.of_messages(queue)[:6]], args)
        require_queue(status)
        at_ms, source, member, *rest = reply
        seen = (
            _seen(queue, None if whole else PREVIEW_BYTES, *fields) for fields in zip(*[iter(rest)] * 8, strict=True)
        )
        return MessagePage(
            tuple(one for one in seen if one is not None),
            None if at_ms < 0 else Cursor(at_ms, source, member),
        )

    def message(self, queue: QueueId, now_ms: int, beginning: str) -> SeenMessage:
        """Return one message whole, by its id or the beginning of it; one command, in a FIFO queue two.

        A message of a FIFO queue has no sequence number here if a thousand of its group stand before it. Raises
        QueueDoesNotExist, UnclearId.
        """
        taken_keys = [keys.queue(queue), *keys.of_messages(queue)[:6]]
        wanted: list[Argument] = [beginning, stored_id(beginning), *stored_beginning(beginning)]
        status, reply = self._scripts.call("look", taken_keys, [now_ms, *wanted, SEARCHED])
        require_queue(status)
        if status == "unknown":
            raise _unknown(queue, beginning, reply[0])
        if status == "ambiguous":
            raise ambiguous(beginning, *(read_id(id_) for id_ in reply))
        where, id_, due_at_ms, receive_count, first_received_at_ms, stored = reply
        seen = _seen(queue, None, where, id_, due_at_ms, receive_count, first_received_at_ms, b"", 0, stored)
        if not read_id(id_).startswith(beginning):  # only its first bytes are compared in the store
            raise _unknown(queue, beginning, 0)
        if seen is None:
            raise UnclearId(f"message {read_id(id_)} of {queue.name} cannot be read: it stays until it expires")
        number = self._sequence_number(queue, seen.message)
        return msgspec.structs.replace(
            seen,
            message=msgspec.structs.replace(seen.message, sequence_number=number),
            body_bytes=len(seen.message.body.encode()),
        )

    def invocations(self, queues: Sequence[QueueId], *, most: int | None = None) -> list[Invocation]:
        """Return the last calls made with messages of queues, those of each queue newest first.

        Up to ``most`` of each queue, or all that are kept; one command for every QUEUES_AT_ONCE queues.
        """
        recent = self.recent_invocations(dict.fromkeys(queues, ""), most=NO_BOUND if most is None else most)
        return [one for of_queue in recent.values() for one in of_queue.invocations]

    def recent_invocations(self, known: Mapping[QueueId, str], *, most: int) -> dict[QueueId, RecentInvocations]:
        """Return of each queue the calls made after one whose id is known, or up to ``most`` when that is "".

        One command for every QUEUES_AT_ONCE queues, on a cluster for each: whoever reads again and again is sent only
        what is new.
        """
        found: dict[QueueId, RecentInvocations] = {}
        for queues in self._scripts.together(list(known), QUEUES_AT_ONCE):
            ids = [known[queue] for queue in queues]
            _, told = self._scripts.call("list_invocations", [*map(keys.invocations, queues)], [most, *ids])
            for queue, (met, records) in zip(queues, told, strict=True):
                invocations = tuple(one for packed in records if (one := _invocation(packed)) is not None)
                found[queue] = RecentInvocations(invocations, is_continued=bool(met))
        return found

    def _sequence_number(self, queue: QueueId, message: Message) -> str | None:
        if not queue.is_fifo or message.group_id is None:
            return None
        lane, past = f"{message.group_id}\0".encode(), f"{message.group_id}\1".encode()
        ids = (stored_id(message.message_id), message.message_id.encode())
        with store_errors():
            rows: Any = self._client.zrangebylex(keys.order(queue), b"[" + lane, b"(" + past, start=0, num=LINE_LENGTH)
        entries = (entry for row in rows for entry in entries_of(row.removeprefix(lane)))
        return next((entry.sequence_number for entry in islice(entries, LINE_LENGTH) if entry.id in ids), None)


def _unknown(queue: QueueId, beginning: str, held: int) -> UnclearId:
    among = f"the first {SEARCHED:,} messages of {queue.name} have" if held > SEARCHED else f"{queue.name} has"
    return UnclearId(f"{among} none whose id is, or begins with, {beginning}: `karin messages` lists them")


def ambiguous(beginning: str, *ids: str) -> UnclearId:
    """Return the error for the beginning of several ids, of which two are enough to tell them apart."""
    return UnclearId(f"{beginning} is ambiguous: {ids[0]} and {ids[1]} begin with it, say more of the id")


def _seen(
    queue: QueueId,
    most_body_bytes: int | None,
    state: bytes,
    id_: bytes,
    due_at_ms: int,
    receive_count: int,
    first_received_at_ms: int,
    sequence_number: bytes,
    body_bytes: int,
    packed: bytes,
) -> SeenMessage | None:
    """Return a message that a script told of, or no more than the beginning; None for one that cannot be read."""
    message_id, account, number = read_id(id_), queue.account, read_number(sequence_number)
    try:
        message = unpack_message(message_id, packed, account, number, most_body_bytes=most_body_bytes)
        if body_bytes < 0:
            body_bytes = len(unpack_message(message_id, packed, account).body.encode())
    except (msgspec.DecodeError, ValueError) as error:
        log.error("message %s of %s cannot be read: %s", message_id, queue.name, error)
        return None
    return SeenMessage(
        message, MessageState(state.decode()), due_at_ms, receive_count, first_received_at_ms or None, body_bytes
    )


def _invocation(packed: bytes) -> Invocation | None:
    """Return a record of a call; None for one that cannot be read."""
    try:
        return unpack_invocation(packed)
    except ValueError as error:
        log.error("%s", error)
        return None
