"""One round of delivery: claim due messages under a lease, call the function, settle the outcome.

Plain code without timers or threads. Outcomes are values; only the store's absence is an exception, because then
nothing can be said about the messages: their lease brings them back.
"""

import logging
import random
from collections import defaultdict
from typing import Protocol

import msgspec

from karin.mapping.event import build_event
from karin.mapping.model import Mapping
from karin.mapping.outcome import InvokeResult, Outcome, OutcomeKind, decide
from karin.operations.context import Context
from karin.operations.dead_letters import move_dead
from karin.scheduler.served import Served
from karin.sqs.message import ReceivedMessage
from karin.sqs.names import QueueId
from karin.store.messages import Settlement, Verdict

LEASE_MARGIN_MS = 15_000  # beyond the function's timeout: a cold start takes up to 10 s, and the call has its way
MOST_EVENT_BYTES = 5 * 1024 * 1024  # of stored messages: Lambda takes 6 MiB of JSON, which is longer than they are
FIRST_PAUSE_MS = 500  # before a refused call is tried again; doubles up to LONGEST_PAUSE_MS
LONGEST_PAUSE_MS = 30_000

log = logging.getLogger("karin.scheduler")


class Invoker(Protocol):
    """Calls functions; never raises for what AWS or the network does."""

    def invoke(self, function_arn: str, payload: bytes, timeout_seconds: int) -> InvokeResult:
        """Call a function and wait for its answer."""
        ...


class Batch(msgspec.Struct, frozen=True):
    """Messages claimed for one call. ``retry_at_ms`` is when they are due again if the function fails."""

    queue: QueueId
    mapping: Mapping
    messages: tuple[ReceivedMessage, ...]
    claimed_at_ms: int
    retry_at_ms: int


class Dispatcher:
    """Delivers the messages of any queue; shared by the threads that call functions."""

    def __init__(self, context: Context, served: Served, invoker: Invoker) -> None:
        self._context = context
        self._messages = context.store.messages
        self._clock = context.clock
        self._served = served
        self._invoker = invoker
        self._refusals: defaultdict[str, int] = defaultdict(int)  # mapping uuid -> refused calls in a row

    def claim(self, queue: QueueId) -> tuple[Batch | None, int | None]:
        """Claim one batch of a queue; return it, and when the queue is due next (None: never, as things stand).

        Messages that were received too often are moved to the dead-letter queue on the way. Raises StoreUnavailable,
        QueueDoesNotExist, OverLimit.
        """
        mapping = self._served.next_mapping(queue)
        if mapping is None:
            return None, None
        now_ms = self._clock.now_ms()
        claim = self._messages.claim(
            queue,
            now_ms,
            most=mapping.batch_size,
            most_bytes=MOST_EVENT_BYTES,
            floor_ms=self._longest_call_ms(mapping),
        )
        # What stood behind the dead in their groups is due since they left; at worst a wake finds nothing.
        next_due_at_ms = now_ms if move_dead(self._context, queue, claim) else claim.next_due_at_ms
        if not claim.messages:
            return None, next_due_at_ms
        return Batch(queue, mapping, claim.messages, now_ms, now_ms + claim.visibility_ms), next_due_at_ms

    def deliver(self, batch: Batch) -> list[Settlement]:
        """Call the function and return what is to be settled; never raises for the function or AWS."""
        payload = build_event(batch.messages, batch.mapping)
        started_at_ms = self._clock.now_ms()
        timeout_seconds = self._served.timeout_seconds(batch.mapping)
        result = self._invoker.invoke(batch.mapping.function_arn, payload, timeout_seconds)
        outcome = decide(result, batch.mapping, [received.message.message_id for received in batch.messages])
        self._log(batch, outcome, self._clock.now_ms() - started_at_ms)
        return self._settlements(batch, outcome)

    def settle(self, queue: QueueId, settlements: list[Settlement]) -> int | None:
        """Write an outcome; return when the queue is due next. Raises StoreUnavailable, QueueDoesNotExist."""
        return self._messages.settle(queue, self._clock.now_ms(), settlements).next_due_at_ms

    def _settlements(self, batch: Batch, outcome: Outcome) -> list[Settlement]:
        retry_at_ms = batch.retry_at_ms
        if outcome.kind is OutcomeKind.UNKNOWN:  # the function may still run, and its group must not be called again
            retry_at_ms = max(retry_at_ms, batch.claimed_at_ms + self._longest_call_ms(batch.mapping))
        back_at_ms = self._clock.now_ms() + self._pause_ms(batch.mapping, outcome)
        # A FIFO message whose lease ran out may be with another call: to delete it now would let its group go on.
        delete = Verdict.DELETE_HELD if batch.queue.is_fifo else Verdict.DELETE
        verdicts = (
            dict.fromkeys(outcome.delete_ids, (delete, 0))
            | dict.fromkeys(outcome.leave_ids, (Verdict.RETRY, retry_at_ms))
            | dict.fromkeys(outcome.give_back_ids, (Verdict.GIVE_BACK, back_at_ms))
        )
        return [Settlement(received.receipt, *verdicts[received.message.message_id]) for received in batch.messages]

    def _longest_call_ms(self, mapping: Mapping) -> int:
        return self._served.timeout_seconds(mapping) * 1000 + LEASE_MARGIN_MS

    def _pause_ms(self, mapping: Mapping, outcome: Outcome) -> int:
        """Return how long given-back messages wait: longer with each refusal in a row, and never all at once."""
        if not outcome.give_back_ids:
            self._refusals.pop(mapping.uuid, None)
            return 0
        self._refusals[mapping.uuid] += 1
        longest_ms = min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** min(self._refusals[mapping.uuid], 10))
        return random.randint(longest_ms // 2, longest_ms)  # noqa: S311 - spreads load, guards nothing

    def _log(self, batch: Batch, outcome: Outcome, took_ms: int) -> None:
        count = len(batch.messages)
        level = logging.INFO if outcome.kind is OutcomeKind.SUCCEEDED else logging.WARNING
        reason = f": {outcome.error_type}: {outcome.error_message}" if outcome.error_type else ""
        log.log(
            level,
            "%s -> %s: %d message%s, %s in %d ms%s",
            batch.queue.name,
            batch.mapping.function_name,
            count,
            "" if count == 1 else "s",
            outcome.kind.value,
            took_ms,
            reason,
        )
