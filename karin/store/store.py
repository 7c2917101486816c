"""The store as its users hold it: all commands over one client."""

from collections.abc import Callable
from dataclasses import dataclass
from queue import LifoQueue
from typing import TYPE_CHECKING, Any

from redis.connection import AbstractConnection

from karin.store.agenda import AgendaCommands
from karin.store.connection import Client, connect, connect_listener
from karin.store.copying import Copying
from karin.store.deployment import DeploymentCommands
from karin.store.faults import Cells, Faults
from karin.store.guard import Shared
from karin.store.handovers import HandoverCommands
from karin.store.inspect import Views
from karin.store.inspection import Inspection
from karin.store.messages import MessageCommands
from karin.store.moves import MoveCommands
from karin.store.pauses import PauseCommands
from karin.store.queues import QueueCommands
from karin.store.schema import SchemaCommands
from karin.store.scripts import Scripts
from karin.store.signals import Signals
from karin.store.sweeping import Sweep

if TYPE_CHECKING:
    from karin.metrics.tally import Tally
    from karin.store.traced import SendTracer


@dataclass(frozen=True, slots=True)
class Store:
    """Everything karin can ask of Redis. Safe to share between threads and greenlets."""

    messages: MessageCommands
    moves: MoveCommands
    queues: QueueCommands
    deployment: DeploymentCommands
    pauses: PauseCommands
    signals: Signals
    sweeping: Sweep
    inspection: Inspection
    views: Views
    agenda: AgendaCommands
    schema: SchemaCommands
    copying: Copying
    handovers: HandoverCommands
    faults: Faults | None = None  # None for short visits: they ask once, and say themselves what was wrong

    @classmethod
    def over(
        cls,
        client: Client,
        listener: Client,
        faults: Faults | None = None,
        tally: "Tally | None" = None,
        tracer: "SendTracer | None" = None,
    ) -> "Store":
        """Return the store that two clients reach: one for commands, one for a subscription.

        What callers send and receive is counted in a ``tally``, and what they send is traced by a ``tracer``.
        """
        scripts = Scripts(client)
        return cls(
            _messages(scripts, tally, tracer),
            MoveCommands(client, scripts),
            QueueCommands(client, scripts),
            DeploymentCommands(client),
            PauseCommands(client, scripts),
            Signals(client, listener),
            Sweep(scripts),
            Inspection(client),
            Views(client, scripts),
            AgendaCommands(scripts),
            SchemaCommands(client, scripts),
            Copying(client),
            HandoverCommands(scripts),
            faults,
        )

    @classmethod
    def open(
        cls,
        url: str,
        *,
        max_connections: int,
        waiting: Callable[[int], Any] = LifoQueue,
        faults: Faults | None = None,
        patience_seconds: float | None = None,
        sharing: Callable[[AbstractConnection, float], Shared] | None = None,
        tally: "Tally | None" = None,
        tracer: "SendTracer | None" = None,
        charged: Cells | None = None,
    ) -> "Store":
        """Return the store at a Redis URL; nothing is sent before its first command. See ``connect`` and ``over``."""
        client = connect(
            url,
            max_connections=max_connections,
            waiting=waiting,
            faults=faults,
            patience_seconds=patience_seconds,
            sharing=sharing,
            charged=charged,
        )
        return cls.over(client, connect_listener(url, client), faults, tally, tracer)


def _messages(scripts: Scripts, tally: "Tally | None", tracer: "SendTracer | None") -> MessageCommands:
    messages = MessageCommands(scripts)
    if tally:
        from karin.store.counted import CountedMessages  # noqa: PLC0415 - without metrics nobody pays for them

        messages = CountedMessages(scripts, tally)
    if tracer:
        from karin.store.traced import TracedMessages  # noqa: PLC0415 - nor for traces without those

        messages = TracedMessages(scripts, messages, tracer)
    return messages
