"""Commands on the messages of a queue: one method per script."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from karin.sqs.errors import PurgeQueueInProgress, QueueDoesNotExist
from karin.sqs.limits import PURGE_INTERVAL_MS
from karin.sqs.message import Message, ReceivedMessage, pack_message, unpack_message
from karin.sqs.names import QueueId
from karin.sqs.receipts import make_receipt_handle
from karin.store import keys
from karin.store.scripts import Argument, Scripts, optional_instant


class Outgoing(msgspec.Struct, frozen=True):
    """A message on its way into the store: its size as SQS counts, its delay (None: the queue's own)."""

    message: Message
    size: int
    delay_ms: int | None


class Sent(msgspec.Struct, frozen=True):
    """What became of a send: which messages were refused for being longer than ``max_bytes``, in order."""

    max_bytes: int
    is_too_long: tuple[bool, ...]


class Claim(msgspec.Struct, frozen=True):
    """Messages taken under a lease, and when the queue is due next (None: it is empty)."""

    messages: tuple[ReceivedMessage, ...]
    visibility_ms: int
    next_due_at_ms: int | None


class Verdict(StrEnum):
    """What an invocation means for one message."""

    DELETE = "delete"
    RETRY = "retry"  # due again at the given instant; the receive counts
    GIVE_BACK = "give_back"  # due again at the given instant; the receive does not count


class Settlement(msgspec.Struct, frozen=True):
    """One message's verdict; ``receive_count`` is that of its claim, so that a later holder is left alone."""

    message_id: str
    receive_count: int
    verdict: Verdict
    due_at_ms: int = 0


class Settled(msgspec.Struct, frozen=True):
    """What settling did, and when the queue is due next (None: it is empty)."""

    deleted: int
    next_due_at_ms: int | None


class MessageCommands:
    """Sends, claims, settles and purges; every method is one Redis command and may raise StoreUnavailable."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def send(self, queue: QueueId, now_ms: int, outgoing: Sequence[Outgoing]) -> Sent:
        """Store messages in one command; raises QueueDoesNotExist. Sending an id twice stores it once."""
        args: list[Argument] = [now_ms, str(queue), keys.WAKES]
        for one in outgoing:
            delay_ms = -1 if one.delay_ms is None else one.delay_ms
            args += [one.message.message_id, one.size, delay_ms, pack_message(one.message)]
        status, reply = self._scripts.call("send", [keys.queue(queue), keys.due(queue), keys.messages(queue)], args)
        _require_queue(status)
        max_bytes, *statuses = reply
        return Sent(max_bytes, tuple(word == b"too_long" for word in statuses))

    def claim(self, queue: QueueId, now_ms: int, *, most: int, lease_ms: int, most_bytes: int) -> Claim:
        """Take up to ``most`` due messages under a lease of ``lease_ms`` or the queue's visibility, if longer.

        Raises QueueDoesNotExist.
        """
        status, reply = self._scripts.call(
            "claim", [keys.queue(queue), *keys.of_messages(queue)], [now_ms, most, lease_ms, most_bytes]
        )
        _require_queue(status)
        visibility_ms, next_due_at_ms, *rest = reply
        taken = zip(*[iter(rest)] * 4, strict=True)
        messages = tuple(_received(queue, now_ms, id_.decode(), *others) for id_, *others in taken)
        return Claim(messages, visibility_ms, optional_instant(next_due_at_ms))

    def settle(self, queue: QueueId, now_ms: int, settlements: Sequence[Settlement]) -> Settled:
        """Write the outcome of an invocation in one command."""
        args: list[Argument] = [now_ms]
        for one in settlements:
            args += [one.message_id, one.receive_count, one.verdict.value, one.due_at_ms]
        _, (deleted, next_due_at_ms) = self._scripts.call("settle", keys.of_messages(queue), args)
        return Settled(deleted, optional_instant(next_due_at_ms))

    def purge(self, queue: QueueId, now_ms: int) -> int:
        """Remove all messages and return how many; raises QueueDoesNotExist or PurgeQueueInProgress."""
        status, reply = self._scripts.call(
            "purge", [keys.queue(queue), *keys.of_messages(queue)], [now_ms, PURGE_INTERVAL_MS]
        )
        _require_queue(status)
        if status == "purged_recently":
            raise PurgeQueueInProgress(queue.name)
        removed: int = reply[0]
        return removed


def _require_queue(status: str) -> None:
    if status == "no_queue":
        raise QueueDoesNotExist


def _received(
    queue: QueueId, now_ms: int, message_id: str, receive_count: int, first_received_at_ms: int, packed: bytes
) -> ReceivedMessage:
    return ReceivedMessage(
        unpack_message(message_id, packed),
        make_receipt_handle(queue, message_id, receive_count, now_ms),
        receive_count,
        first_received_at_ms,
    )
