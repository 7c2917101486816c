"""Pub/sub between karin's processes: nudges that move a wake, and talk about syncs, move tasks and pauses.

A signal may be lost (pub/sub promises nothing); whoever listens repairs that by reading the truth after it has
subscribed, and once a minute.
"""

from collections.abc import Generator
from typing import Any

import msgspec
from redis.client import PubSub

from karin.sqs.moves import ActiveMove
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.connection import Client, store_errors


class Nudge(msgspec.Struct, frozen=True):
    """A queue is due earlier than it was."""

    queue: QueueId
    due_at_ms: int


class SyncAsked(msgspec.Struct, frozen=True):
    """Someone would like the mappings read anew."""


class Synced(msgspec.Struct, frozen=True):
    """There is a new snapshot."""


class SyncFailed(msgspec.Struct, frozen=True):
    """A sync that was asked for did not succeed; the old snapshot stands."""

    reason: str


class MoveWaits(msgspec.Struct, frozen=True):
    """A message move task has nobody who works on it."""

    active: ActiveMove


class PausesChanged(msgspec.Struct, frozen=True):
    """A mapping was paused or resumed, or its pause is another; told by the store itself."""


Published = SyncAsked | Synced | SyncFailed | MoveWaits
Signal = Nudge | PausesChanged | Published


class Signals:
    """Publishes signals and listens for them."""

    def __init__(self, client: Client, listener: Client) -> None:
        self._client = client
        self._listener = listener

    def publish(self, signal: Published) -> int:
        """Publish a signal; return how many heard it. Raises StoreUnavailable."""
        with store_errors():
            channel = keys.REQUESTS if isinstance(signal, SyncAsked) else keys.CONTROL
            return int(self._client.publish(channel, _write(signal)))

    def listen(
        self,
        *,
        timeout_seconds: float | None = None,
        wakes: bool = True,
        control: bool = True,
        requests: bool = False,
    ) -> Generator[Signal | None, None, None]:
        """Subscribe, yield None once subscribed, then each signal, and None after each ``timeout_seconds`` of silence.

        Who wants nudges alone needs no ``control``; only schedulers listen for ``requests``. Raises StoreUnavailable
        when the connection is lost; the connection is closed when the iterator is.
        """
        subscriber: Any = PubSub(self._listener.connection_pool, ignore_subscribe_messages=True)
        with store_errors(), subscriber:
            wanted = {keys.WAKES: wakes, keys.CONTROL: control, keys.REQUESTS: requests}
            channels = [channel for channel, is_wanted in wanted.items() if is_wanted]
            subscriber.subscribe(*channels)
            for _ in channels:
                subscriber.parse_response()
            yield None
            # redis-py's own way to a message would connect again in silence, and takes longer than all that follows it.
            connection = subscriber.connection
            while True:
                if timeout_seconds is not None and not connection.can_read(timeout_seconds):
                    yield None
                    continue
                kind, channel, data = connection.read_response(timeout=None)
                if kind == b"message" and (signal := _read(channel.decode(), data.decode(errors="replace"))):
                    yield signal


def _write(signal: Published) -> str:
    match signal:
        case SyncAsked():
            return "sync"
        case Synced():
            return "synced"
        case SyncFailed(reason):
            return f"sync-failed {reason}"
        case MoveWaits(active):
            return f"move {active}"


def _read(channel: str, text: str) -> Signal | None:
    """Return the signal that a text means; None for one of a newer karin, or of nobody's."""
    word, _, rest = text.partition(" ")
    try:
        if channel == keys.WAKES:
            return Nudge(QueueId.parse(word), int(rest))
        if word == "move":
            return MoveWaits(ActiveMove.parse(rest))
    except ValueError:
        return None
    if word == "sync":
        return SyncAsked()
    if word == "synced":
        return Synced()
    if word == "pauses-changed":
        return PausesChanged()
    return SyncFailed(rest) if word == "sync-failed" else None
