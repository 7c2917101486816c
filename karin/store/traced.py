"""Message commands of which sends are traced; without traces nobody pays for that."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from msgspec.structs import replace

from karin.sqs.message import Message
from karin.sqs.names import QueueId
from karin.store.messages import Claim, MessageCommands, Outgoing, Sent
from karin.store.scripts import Scripts


class SendTracer(Protocol):
    """Makes a span of a send."""

    def sending(self, queue: QueueId, messages: Sequence[Message]) -> AbstractContextManager[tuple[Message, ...]]:
        """Yield messages as they continue the span, which ends with the context."""
        ...


class TracedMessages(MessageCommands):
    """Makes spans of what callers send; neither of what is moved to dead-letter queues, nor of redrives."""

    def __init__(self, scripts: Scripts, commands: MessageCommands, tracer: SendTracer) -> None:
        super().__init__(scripts)
        self._commands = commands
        self._tracer = tracer

    def send(
        self, queue: QueueId, now_ms: int, outgoing: Sequence[Outgoing], *, most_held_bytes: int | None = None
    ) -> Sent:
        """Store messages; see MessageCommands."""
        if not outgoing or not outgoing[0].size:
            return self._commands.send(queue, now_ms, outgoing, most_held_bytes=most_held_bytes)
        with self._tracer.sending(queue, [one.message for one in outgoing]) as messages:
            traced = [replace(one, message=message) for one, message in zip(outgoing, messages, strict=True)]
            return self._commands.send(queue, now_ms, traced, most_held_bytes=most_held_bytes)

    def claim(self, queue: QueueId, now_ms: int, **more: Any) -> Claim:
        """Take due messages; see MessageCommands."""
        return self._commands.claim(queue, now_ms, **more)
