"""From what is due in a queue to a batch that is ready for its call.

The messages of a claim that its event has no room for are given back at once and uncounted: another thread, or another
scheduler, takes them while the first call is under way. Those of a FIFO group wait behind it, as they must.
"""

import logging
import uuid
from collections.abc import Sequence

import msgspec

from karin.mapping.batching import MOST_EVENT_BYTES, Batch, fill
from karin.mapping.changes import title
from karin.mapping.invocation import compress_event, pack_invocation
from karin.mapping.payload import SMALL_BYTES, Payload
from karin.operations.context import Context
from karin.operations.dead_letters import move_dead
from karin.scheduler.flight import Flight
from karin.scheduler.landing import delete_verdict, filtered_out, log_call, receipts_of
from karin.scheduler.metering import Meter
from karin.scheduler.room import Room, Share
from karin.scheduler.served import Service
from karin.sqs.message import ReceivedMessage
from karin.sqs.names import QueueId
from karin.store.connection import StoreUnavailable
from karin.store.messages import Call, Claim, Settlement, Verdict

MOST_CLAIM_BYTES = 5 * 1024 * 1024  # of stored messages: as JSON they are longer, and little is to be left over
MOST_LOADING_BYTES = 12 * 1024 * 1024  # two of the largest claims, each of which is in memory about four times

MOST_LINKS = 100  # of a span, to those that sent its messages; OpenTelemetry keeps 128

log = logging.getLogger("karin.scheduler")


class Claimed(msgspec.Struct, frozen=True):
    """What a claim came to; ``next_due_at_ms`` is when the queue is due next (None: never, as things stand).

    With ``passes`` it is the turn of the queue's next mapping: this one has as many calls in flight as it may, is not
    to be called now, or waits for more messages.
    """

    flight: Flight | None
    next_due_at_ms: int | None
    passes: bool = False


class Claims:
    """Claims batches; shared by the threads that call functions. ``lease_ms`` is the longest first lease."""

    def __init__(self, context: Context, lease_ms: int, meter: Meter, *, traces: bool = False) -> None:
        self._context = context
        self._messages = context.store.messages
        self._clock = context.clock
        self._lease_ms = lease_ms
        self._meter = meter
        self._traces = traces
        self._room = Room(MOST_LOADING_BYTES)
        self._most_event_bytes: dict[str, int] = {}  # by mapping, where AWS took fewer than it says
        self._large: set[QueueId] = set()  # queues of which the last event was large: the next will be, too
        self._left: set[QueueId] = set()  # queues with messages that were left over: they have waited their window

    def shrink(self, flight: Flight) -> None:
        """Make smaller events from now on: AWS refused a flight's as too large."""
        most_bytes = flight.payload.size // 2
        log.warning("%s: AWS refuses an event of %d bytes", title(flight.mapping), flight.payload.size)
        self._most_event_bytes[flight.mapping.uuid] = most_bytes

    def claim(self, service: Service, due_at_ms: int | None, *, is_trial: bool) -> Claimed:
        """Claim one batch for a mapping, or for a trial: then there may be no other call of it.

        ``due_at_ms`` is when the queue was due, if that is known. Raises StoreUnavailable, QueueDoesNotExist,
        OverLimit.
        """
        share = self._room.take(MOST_CLAIM_BYTES if service.mapping.queue in self._large else 0)
        claimed: Claimed | None = None
        try:
            claimed = self._claim(service, due_at_ms, share, is_trial=is_trial)
        finally:
            if claimed is None or claimed.flight is None:
                share.end()
        return claimed

    def _claim(self, service: Service, due_at_ms: int | None, share: Share, *, is_trial: bool) -> Claimed:
        mapping, queue, now_ms = service.mapping, service.mapping.queue, self._clock.now_ms()
        lease_ms = min(service.longest_call_ms, self._lease_ms)
        call = Call(mapping.uuid, str(uuid.uuid4()), now_ms + lease_ms, 1 if is_trial else mapping.max_concurrency)
        claim = self._messages.claim(
            queue,
            now_ms,
            most=mapping.batch_size,
            most_bytes=MOST_CLAIM_BYTES,
            floor_ms=lease_ms,
            call=call,
            window_ms=0 if queue in self._left else service.window_ms,
        )
        if claim.is_busy:
            return Claimed(None, claim.next_due_at_ms, passes=True)
        self._left.discard(queue)
        # What stood behind the dead in their groups is due since they left; at worst a wake finds nothing.
        next_due_at_ms = now_ms if move_dead(self._context, queue, claim) else claim.next_due_at_ms
        if not claim.messages:
            return Claimed(None, next_due_at_ms, passes=service.window_ms > 0)
        most_bytes = self._most_event_bytes.get(mapping.uuid, MOST_EVENT_BYTES)
        batch = fill(claim.messages, mapping, service.filters, most_bytes)
        if batch.left:
            next_due_at_ms = self._give_back(queue, batch.left, next_due_at_ms)
        if not batch.taken:
            return Claimed(None, self._delete_filtered(service, call, batch, now_ms))
        self._note_size(queue, batch)
        share.keep(len(batch.event))
        flight = _flight(service, call, batch, claim, now_ms, due_at_ms, share)
        if self._traces:
            flight = msgspec.structs.replace(flight, trace_headers=_trace_headers(batch.taken))
        return Claimed(flight, next_due_at_ms)

    def _note_size(self, queue: QueueId, batch: Batch) -> None:
        """Remember whether a queue's events are large: then its claims wait for room, and those of others do not."""
        if len(batch.event) > SMALL_BYTES:
            self._large.add(queue)
        else:
            self._large.discard(queue)

    def _give_back(self, queue: QueueId, left: Sequence[ReceivedMessage], next_due_at_ms: int | None) -> int | None:
        now_ms = self._clock.now_ms()
        settlements = [Settlement(received.receipt, Verdict.GIVE_BACK, now_ms) for received in left]
        try:
            settled = self._messages.settle(queue, now_ms, settlements)
        except StoreUnavailable as error:  # they come again when their lease ends
            log.warning("cannot give back %d messages of %s: %s", len(left), queue.name, error)
            return next_due_at_ms
        self._left.add(queue)
        return settled.next_due_at_ms

    def _delete_filtered(self, service: Service, call: Call, batch: Batch, now_ms: int) -> int | None:
        """Delete messages of which none is for the function, and record that it was not called."""
        queue, receipts = service.mapping.queue, receipts_of(batch.filtered)
        invocation = filtered_out(service.mapping, call.call_id, receipts, now_ms)
        settled = self._messages.settle(
            queue,
            self._clock.now_ms(),
            [Settlement(receipt, delete_verdict(queue)) for receipt in receipts],
            call=call,
            invocation=pack_invocation(invocation),
        )
        log_call(invocation)
        self._meter.ended(invocation, delivered=0)
        return settled.next_due_at_ms


def _trace_headers(taken: Sequence[ReceivedMessage]) -> tuple[str, ...]:
    headers = dict.fromkeys(one.message.trace_header for one in taken if one.message.trace_header)
    return tuple(headers)[:MOST_LINKS]


def _flight(
    service: Service, call: Call, batch: Batch, claim: Claim, now_ms: int, due_at_ms: int | None, share: Share
) -> Flight:
    sent_at_ms = min(received.message.sent_at_ms for received in batch.taken)
    return Flight(
        service=service,
        call=call,
        payload=Payload(batch.event, share.end),
        compressed_event=compress_event(batch.event),
        receipts=receipts_of(batch.taken),
        filtered=receipts_of(batch.filtered),
        due_at_ms=now_ms if due_at_ms is None else min(max(due_at_ms, sent_at_ms), now_ms),
        claimed_at_ms=now_ms,
        leased_until_ms=max(call.until_ms, now_ms + claim.visibility_ms),
        retry_at_ms=now_ms + service.retry_after_ms(claim.visibility_ms),
        over_at_ms=now_ms + service.longest_call_ms,
    )
