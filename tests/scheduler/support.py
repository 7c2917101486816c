"""What tests of the scheduler share: a deployment in a few words, and a stand-in for AWS that does as it is told."""

import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from karin.clock import Clock
from karin.mapping.invocation import Invocation
from karin.mapping.model import LambdaFunction, Mapping, Snapshot
from karin.mapping.outcome import InvokeResult, Responded
from karin.mapping.payload import Payload
from karin.operations.context import Context
from karin.scheduler.dispatch import Dispatcher, Invoker
from karin.scheduler.flight import Flight
from karin.scheduler.leases import Leases
from karin.scheduler.served import Served
from karin.settings import Settings
from karin.sqs.names import QueueId
from karin.store.store import Store
from tests.store.support import ACCOUNT, QUEUE

REGION = "us-east-1"

Behaviour = Callable[["Call"], InvokeResult]


class Call(msgspec.Struct, frozen=True):
    """One call of a function, as the invoker saw it."""

    function: str
    bodies: tuple[str, ...]
    message_ids: tuple[str, ...]
    receive_counts: tuple[int, ...]
    groups: tuple[str | None, ...]
    timeout_seconds: int


class Recorder:
    """Stands in for AWS: keeps every call and answers as the test decides. Threads share it."""

    def __init__(self, behaviour: Behaviour = lambda _: Responded()) -> None:
        self.behaviour = behaviour
        self.calls: list[Call] = []
        self._lock = threading.Lock()

    def invoke(self, function_arn: str, payload: Payload, timeout_seconds: int) -> InvokeResult:
        """Note the call, then answer."""
        records = msgspec.json.decode(payload.data)["Records"]
        call = Call(
            function_arn.split(":function:")[1],
            tuple(record["body"] for record in records),
            tuple(record["messageId"] for record in records),
            tuple(int(record["attributes"]["ApproximateReceiveCount"]) for record in records),
            tuple(record["attributes"].get("MessageGroupId") for record in records),
            timeout_seconds,
        )
        with self._lock:
            self.calls.append(call)
        return self.behaviour(call)

    @property
    def bodies(self) -> list[str]:
        """Return every body that was ever delivered, in order."""
        with self._lock:
            return [body for call in self.calls for body in call.bodies]


def dispatcher_over(
    store: Store, served: Served, invoker: Invoker, clock: Clock, leases: Leases | None = None
) -> Dispatcher:
    """Return a dispatcher over a store, in the default region and account."""
    return Dispatcher(context_of(store, clock), served, invoker, leases)


def context_of(store: Store, clock: Clock) -> Context:
    """Return what a scheduler's parts need."""
    return Context.of(store, clock, Settings(home=Path("/nonexistent")))


def run_round(dispatcher: Dispatcher, queue: QueueId = QUEUE) -> int | None:
    """Run one whole round; return when the queue is due next."""
    flight, next_due_at_ms = dispatcher.claim(queue)
    return next_due_at_ms if flight is None else finish(dispatcher, flight)


def finish(dispatcher: Dispatcher, flight: Flight) -> int | None:
    """Call the function with what was claimed, and settle it; return when the queue is due next."""
    try:
        landing = dispatcher.deliver(flight)
    finally:
        dispatcher.end(flight)
    return dispatcher.settle(flight, landing)


def recorded(store: Store, queue: QueueId = QUEUE) -> list[Invocation]:
    """Return what was recorded of calls with a queue's messages, oldest first."""
    return store.views.invocations([queue])[::-1]


def mapping(queue: QueueId, function: str = "work", uuid: str = "", **more: object) -> Mapping:
    """Return a mapping that AWS does not poll for."""
    return Mapping(
        uuid or f"{queue.name}-{function}",
        queue.arn(REGION),
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}",
        **more,  # type: ignore[arg-type]
    )


def snapshot(*mappings: Mapping, timeout_seconds: int = 3) -> Snapshot:
    """Return a deployment of these mappings and the functions they call."""
    names = sorted({one.function_name.split(":")[0] for one in mappings})
    functions = tuple(
        LambdaFunction(name, f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}", timeout_seconds=timeout_seconds)
        for name in names
    )
    return Snapshot(1, ACCOUNT, REGION, functions, mappings)
