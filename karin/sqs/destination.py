"""Another queue server as a destination of messages: what it tells of a queue, and what became of those it was sent."""

import msgspec

from karin.sqs.limits import DEFAULT_RETENTION_SECONDS, MESSAGE_BYTES
from karin.sqs.message import Message


class QueueFacts(msgspec.Struct, frozen=True):
    """What a queue there says of itself: the longest message that it takes, and for how long it keeps one."""

    max_message_bytes: int = MESSAGE_BYTES
    retention_seconds: int = DEFAULT_RETENTION_SECONDS


class Deposit(msgspec.Struct, frozen=True):
    """A message to be stored there, to be received after a delay; a FIFO queue there decides that by itself."""

    message: Message
    delay_seconds: int = 0


class Deposited(msgspec.Struct, frozen=True):
    """What became of one: the id that it has there, else in a line why it is not there.

    ``is_refused`` when trying again would not help.
    """

    message_id: str = ""
    problem: str = ""
    is_refused: bool = False
