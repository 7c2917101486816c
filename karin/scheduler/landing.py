"""What is written when a call is over: a verdict on each message, and the record of the call. Pure but for the log."""

import logging
from collections.abc import Iterable

import msgspec

from karin.mapping.invocation import Invocation
from karin.mapping.model import Mapping
from karin.mapping.outcome import InvokeResult, Outcome, OutcomeKind, Responded, Unknown
from karin.scheduler.flight import Flight
from karin.sqs.message import ReceivedMessage
from karin.sqs.names import QueueId
from karin.sqs.receipts import Receipt
from karin.store.messages import Settlement, Verdict

log = logging.getLogger("karin.scheduler")


class Landing(msgspec.Struct, frozen=True):
    """What is to be written of a flight."""

    settlements: tuple[Settlement, ...]
    invocation: Invocation


def land(
    flight: Flight, result: InvokeResult, outcome: Outcome, called_at_ms: int, now_ms: int, wait_ms: int
) -> Landing:
    """Return what is to be written of a call that ended now; ``wait_ms`` is for messages that are given back."""
    retry_at_ms = flight.retry_at_ms
    if outcome.kind is OutcomeKind.UNKNOWN:  # the function may still run, and its group must not be called again
        retry_at_ms = max(retry_at_ms, flight.over_at_ms)
    verdicts = (
        dict.fromkeys(outcome.delete_ids, (delete_verdict(flight.queue), 0))
        | dict.fromkeys(outcome.leave_ids, (Verdict.RETRY, retry_at_ms))
        | dict.fromkeys(outcome.give_back_ids, (Verdict.GIVE_BACK, now_ms + wait_ms))
    )
    settlements = [Settlement(receipt, *verdicts[receipt.message_id]) for receipt in flight.receipts]
    settlements += [Settlement(receipt, delete_verdict(flight.queue)) for receipt in flight.filtered]
    invocation = Invocation(
        id=flight.call.call_id,
        queue=flight.queue,
        mapping_uuid=flight.mapping.uuid,
        function_arn=flight.mapping.function_arn,
        outcome=outcome.kind,
        started_at_ms=called_at_ms,
        duration_ms=now_ms - called_at_ms,
        lateness_ms=max(0, called_at_ms - flight.due_at_ms),
        request_id="" if isinstance(result, Unknown) else result.request_id,
        message_ids=flight.message_ids,
        attempts=tuple(receipt.receive_count for receipt in flight.receipts),
        message_count=len(flight.receipts),
        filtered_count=len(flight.filtered),
        error_type=outcome.error_type,
        error_message=outcome.error_message,
        log_tail=result.log_tail if isinstance(result, Responded) else "",
        # What is given back the function has not seen: it comes in another event.
        compressed_event=b"" if outcome.give_back_ids else flight.compressed_event,
    )
    return Landing(tuple(settlements), invocation)


def filtered_out(mapping: Mapping, call_id: str, receipts: tuple[Receipt, ...], now_ms: int) -> Invocation:
    """Return the record of a call that was not made, because no message passed the filters."""
    return Invocation(
        id=call_id,
        queue=mapping.queue,
        mapping_uuid=mapping.uuid,
        function_arn=mapping.function_arn,
        outcome=OutcomeKind.FILTERED,
        started_at_ms=now_ms,
        duration_ms=0,
        message_ids=tuple(receipt.message_id for receipt in receipts),
        attempts=tuple(receipt.receive_count for receipt in receipts),
        message_count=len(receipts),
        filtered_count=len(receipts),
    )


def delete_verdict(queue: QueueId) -> Verdict:
    """Return how what is done is deleted.

    A FIFO message whose lease ran out may be with another call: to delete it then would let its group go on.
    """
    return Verdict.DELETE_HELD if queue.is_fifo else Verdict.DELETE


def receipts_of(messages: Iterable[ReceivedMessage]) -> tuple[Receipt, ...]:
    """Return the receipts of messages, in order."""
    return tuple(received.receipt for received in messages)


def log_call(invocation: Invocation) -> None:
    """Write a line about a call: what it carried, what it came to, and why if it failed."""
    subject = f"{invocation.queue.name} -> {invocation.function_name}"
    messages = f"{invocation.message_count} message{'' if invocation.message_count == 1 else 's'}"
    if invocation.outcome is OutcomeKind.FILTERED:
        log.info("%s: %s filtered out", subject, messages)
        return
    log.log(
        logging.INFO if invocation.outcome is OutcomeKind.SUCCEEDED else logging.WARNING,
        "%s: %s, %s in %d ms%s%s",
        subject,
        messages,
        invocation.outcome.value,
        invocation.duration_ms,
        f", {invocation.filtered_count} filtered out" if invocation.filtered_count else "",
        f": {invocation.error_type}: {invocation.error_message}" if invocation.error_type else "",
    )
