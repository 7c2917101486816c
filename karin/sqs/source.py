"""Another queue server as a source of messages: what it tells and hands out, whoever speaks to it."""

import msgspec

from karin.sqs.message import Message


class SourceFailed(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """The other server refused or did not answer; the message is one line that says why and what to do."""


class Waiting(msgspec.Struct, frozen=True):
    """How many messages a queue has there: to be received now, delayed, and hidden because someone received them."""

    ready: int
    delayed: int
    leased: int


class Fetched(msgspec.Struct, frozen=True):
    """A message that was received there, and the handle to delete it with."""

    message: Message
    receipt_handle: str
