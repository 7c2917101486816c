"""One round of delivery: claim due messages under a lease, call the function, settle the outcome.

Plain code without timers or threads. Outcomes are values; only the store's absence is an exception, because then
nothing can be said about the messages: their lease brings them back.
"""

import logging
from collections.abc import Sequence
from typing import Protocol

from karin.mapping.invocation import Invocation, pack_invocation
from karin.mapping.outcome import InvokeResult, Outcome, Responded, Unknown, decide
from karin.mapping.payload import Payload
from karin.mapping.refusals import Refused, Remedy, pause_reason
from karin.operations.context import Context
from karin.scheduler.brakes import Brakes
from karin.scheduler.claiming import Claimed, Claims
from karin.scheduler.flight import Flight
from karin.scheduler.landing import Landing, land, log_call
from karin.scheduler.leases import Leases
from karin.scheduler.metering import Meter, Unmetered
from karin.scheduler.paused import Paused
from karin.scheduler.served import Served, Service
from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.names import QueueId
from karin.store.connection import StoreUnavailable

STOPPED = "SchedulerStopped"

log = logging.getLogger("karin.scheduler")


class Invoker(Protocol):
    """Calls functions; never raises for what AWS or the network does."""

    def invoke(self, function_arn: str, payload: Payload, timeout_seconds: int) -> InvokeResult:
        """Call a function and wait for its answer; the payload may be dropped once it is sent."""
        ...


class Delivery(Protocol):
    """A delivery that is traced."""

    @property
    def trace_header(self) -> str | None:
        """Return what the call of the function is to carry."""
        ...

    def ended(self, invocation: Invocation | None) -> None:
        """Note what the call came to."""
        ...


class DeliveryTracer(Protocol):
    """Makes spans of deliveries."""

    def delivering(self, queue: QueueId, function_arn: str, headers: Sequence[str], messages: int) -> Delivery:
        """Begin one, given the trace headers of its messages."""
        ...


class Dispatcher:
    """Delivers the messages of any queue; shared by the threads that call functions."""

    def __init__(
        self,
        context: Context,
        served: Served,
        invoker: Invoker,
        leases: Leases | None = None,
        meter: Meter | None = None,
        tracer: DeliveryTracer | None = None,
    ) -> None:
        self.served = served
        self.paused = Paused(context)
        self._leases = leases or Leases(context)
        self._meter = meter or Unmetered()
        self._tracer = tracer
        self._claims = Claims(context, self._leases.lease_ms, self._meter, traces=tracer is not None)
        self._brakes = Brakes()
        self._messages = context.store.messages
        self._clock = context.clock
        self._invoker = invoker

    def claim(self, queue: QueueId, due_at_ms: int | None = None) -> tuple[Flight | None, int | None]:
        """Claim one batch of a queue; return it, and when the queue is due next (None: never, as things stand).

        ``due_at_ms`` is when the queue was due, if that is known. Messages that were received too often are moved to
        the dead-letter queue on the way. Raises StoreUnavailable, QueueDoesNotExist, OverLimit.
        """
        waits: list[int | None] = []
        for service in self.served.in_turn(queue):
            claimed = self._claim_for(service, due_at_ms)
            if not claimed.passes:
                return claimed.flight, claimed.next_due_at_ms
            waits.append(claimed.next_due_at_ms)
        return None, min((at_ms for at_ms in waits if at_ms is not None), default=None)

    def deliver(self, flight: Flight) -> Landing:
        """Call the function and return what is to be settled; never raises for the function or AWS."""
        if self._tracer is None:
            return self._deliver(flight)
        arn, count = flight.mapping.function_arn, len(flight.receipts)
        delivery = self._tracer.delivering(flight.queue, arn, flight.trace_headers, count)
        flight.payload.trace_header = delivery.trace_header
        landing: Landing | None = None
        try:
            landing = self._deliver(flight)
        finally:
            delivery.ended(landing.invocation if landing else None)
        return landing

    def _deliver(self, flight: Flight) -> Landing:
        mapping, called_at_ms = flight.mapping, self._clock.now_ms()
        try:
            result = self._invoker.invoke(mapping.function_arn, flight.payload, flight.service.timeout_seconds)
        finally:
            flight.payload.drop()
        outcome = decide(result, mapping, flight.message_ids)
        wait_ms = self._learn(flight, result, outcome, called_at_ms)
        landing = land(flight, result, outcome, called_at_ms, self._clock.now_ms(), wait_ms)
        log_call(landing.invocation)
        self._meter.ended(landing.invocation, len(outcome.delete_ids))
        return landing

    def in_flight(self) -> int:
        """Return how many calls have not ended."""
        return len(self._leases.in_flight())

    def end(self, flight: Flight) -> None:
        """Let go of a flight, whatever became of its call: once, and before it is settled."""
        self._leases.release(flight)
        self._brakes.end(flight.mapping.uuid)

    def settle(self, flight: Flight, landing: Landing) -> int | None:
        """Write an outcome; return when the queue is due next. Raises StoreUnavailable, QueueDoesNotExist."""
        record = pack_invocation(landing.invocation)
        settled = self._messages.settle(
            flight.queue, self._clock.now_ms(), landing.settlements, call=flight.call, invocation=record
        )
        return settled.next_due_at_ms

    def abandon(self) -> int:
        """Write of all flights that nobody will know how they end; return how many there are. It raises nothing.

        Their functions may still run, so their messages wait as they do when an answer was lost; without the store, as
        they do after a crash.
        """
        flights = self._leases.in_flight()
        lost = Unknown(STOPPED, "the scheduler was stopped while the function ran")
        for flight in flights:
            self._leases.release(flight)
            outcome = decide(lost, flight.mapping, flight.message_ids)
            landing = land(flight, lost, outcome, flight.claimed_at_ms, self._clock.now_ms(), 0)
            try:
                self.settle(flight, landing)
            except QueueDoesNotExist:
                continue
            except StoreUnavailable as error:
                log.warning("cannot settle what is in flight: %s", error)
                break
        return len(flights)

    def _claim_for(self, service: Service, due_at_ms: int | None) -> Claimed:
        """Claim a batch for a mapping if it may be called now; else it passes, until the instant given, if any."""
        mapping, now_ms = service.mapping, self._clock.now_ms()
        pause = self.paused.of(mapping)
        if pause is not None and pause.holds(now_ms):
            return Claimed(None, pause.until_ms, passes=True)
        if not self._brakes.begin(mapping.uuid, now_ms):
            # Without an instant as many calls are in flight as AWS allows: the end of one is the next round.
            return Claimed(None, self._brakes.held_until_ms(mapping.uuid, now_ms), passes=True)
        flight: Flight | None = None
        try:
            # While AWS refuses a mapping's calls, one is enough to find out, whichever scheduler makes it.
            claimed = self._claims.claim(service, due_at_ms, is_trial=pause is not None)
            if (flight := claimed.flight) is not None:
                self._leases.hold(flight)
        finally:
            if flight is None:
                self._brakes.end(mapping.uuid)
        return claimed

    def _learn(self, flight: Flight, result: InvokeResult, outcome: Outcome, called_at_ms: int) -> int:
        """Note what a result says about calls to come; return how long messages that are given back wait, in ms."""
        mapping = flight.mapping
        match result:
            case Responded():
                self._brakes.accepted(mapping.uuid)
                self.paused.accepted(mapping, called_at_ms)
            case Refused() if outcome.remedy is Remedy.AGAIN:
                retry_after_ms = (result.retry_after_seconds or 0) * 1000
                return self._brakes.refused(mapping.uuid, called_at_ms, self._clock.now_ms(), retry_after_ms)
            case Refused() if outcome.remedy is Remedy.PAUSE:
                self.paused.refused(mapping, pause_reason(result, mapping.function_arn), called_at_ms)
            case Refused() if outcome.remedy is Remedy.SMALLER:
                self._claims.shrink(flight)
            case _:
                pass
        return 0
