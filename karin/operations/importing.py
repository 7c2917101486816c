"""Importing the messages of another queue server, such as those that were sent to the real SQS by mistake.

Each message is stored here under the id it has there, and deleted there afterwards. So nothing is lost wherever this
stops, and starting it again goes on: what was stored already is not stored twice. A message that was delivered between
the two is delivered again; like SQS itself, an import delivers at least once.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from karin.operations.context import Context
from karin.sqs.message import Message, message_bytes
from karin.sqs.names import QueueId
from karin.sqs.receipts import read_receipt_handle
from karin.sqs.source import Fetched, SourceFailed
from karin.store.messages import Outgoing

MOST_SEND_BYTES = 2 * 1024 * 1024  # in one command; the longest message alone is half of it


class Source(Protocol):
    """The queue to import from; every method may raise SourceFailed."""

    def receive(self) -> list[Fetched]:
        """Return up to ten messages, hidden from others for long enough to store them; none when there are no more."""
        ...

    def delete(self, receipt_handles: Sequence[str]) -> int:
        """Delete up to ten messages; return how many were not deleted."""
        ...


class Imported(msgspec.Struct, frozen=True):
    """What an import did; ``undeleted`` are stored here and show again there."""

    messages: int = 0
    undeleted: int = 0


def import_messages(
    context: Context,
    queue: QueueId,
    source: Source,
    tell: Callable[[Imported], None] = lambda _: None,
    check: Callable[[], None] = lambda: None,
) -> Imported:
    """Import whatever can be received into a queue that exists here, due at once.

    ``tell`` hears of every step, and ``check`` raises before each what is to end it. Raises SourceFailed,
    QueueDoesNotExist, StoreUnavailable.
    """
    done = Imported()
    while fetched := _received(source, check):
        if any(read_receipt_handle(one.receipt_handle) for one in fetched):
            raise SourceFailed(
                "the SQS that answers is karin itself, so nothing was imported: unset AWS_ENDPOINT_URL_SQS and"
                " AWS_ENDPOINT_URL here"
            )
        _store(context, queue, [one.message for one in fetched])
        undeleted = source.delete([one.receipt_handle for one in fetched])
        done = Imported(done.messages + len(fetched), done.undeleted + undeleted)
        tell(done)
    return done


def _received(source: Source, check: Callable[[], None]) -> list[Fetched]:
    check()
    return source.receive()


def _store(context: Context, queue: QueueId, messages: Sequence[Message]) -> None:
    """Store messages in order, in one command unless they are too long for one."""
    outgoing = [Outgoing(message, size=0, delay_ms=0) for message in messages]  # they were accepted once
    size = sum(message_bytes(message.body, message.attributes) for message in messages)
    for load in [outgoing] if size <= MOST_SEND_BYTES else [[one] for one in outgoing]:
        context.store.messages.send(queue, context.clock.now_ms(), load)
