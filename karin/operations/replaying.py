"""Calling a function once more with an event that it had before. No message is touched, whatever comes of it."""

from typing import Protocol

import msgspec

from karin.mapping.invocation import Invocation
from karin.mapping.model import DEFAULT_TIMEOUT_SECONDS, Mapping
from karin.mapping.outcome import InvokeResult, Outcome, OutcomeKind, Responded, Unknown, decide
from karin.mapping.payload import Payload
from karin.mapping.refusals import Refused, Remedy, pause_reason
from karin.operations.context import Context


class Invoker(Protocol):
    """Calls functions; never raises for what AWS or the network does."""

    def invoke(self, function_arn: str, payload: Payload, timeout_seconds: int) -> InvokeResult:
        """Call a function and wait for its answer."""
        ...


class NothingToReplay(Exception):  # noqa: N818 - it says what the case is
    """The event of a call was not kept; the message is one line that says why."""


class Replay(msgspec.Struct, frozen=True):
    """What a call came to when it was made once more.

    ``failed_ids`` are the messages that the function reports as failed, all of them when it failed as a whole.
    """

    invocation: Invocation
    outcome: OutcomeKind
    started_at_ms: int
    duration_ms: int
    request_id: str
    error_type: str
    error_message: str
    failed_ids: tuple[str, ...]
    log_tail: str

    @property
    def is_done(self) -> bool:
        """Tell whether the function did all of it."""
        return self.outcome is OutcomeKind.SUCCEEDED


class _Record(msgspec.Struct, frozen=True, rename="camel"):
    message_id: str


class _Event(msgspec.Struct, frozen=True):
    records: tuple[_Record, ...] = msgspec.field(name="Records")


_event = msgspec.json.Decoder(_Event)


def event_of(invocation: Invocation) -> bytes:
    """Return the event of a call, byte by byte; raises NothingToReplay when it was not kept."""
    event = invocation.event
    if event is not None:
        return event
    match invocation.outcome:
        case OutcomeKind.FILTERED:
            reason = "no message passed the filters, so the function was not called"
        case OutcomeKind.THROTTLED | OutcomeKind.REFUSED:
            reason = "AWS refused the call, and its messages come again in another event"
        case _:
            reason = "it was too long to be kept"
    raise NothingToReplay(f"there is no event of invocation {invocation.id} to replay: {reason}")


def replay(context: Context, invocation: Invocation, invoker: Invoker) -> Replay:
    """Call the function of an invocation with the same event and wait; raises NothingToReplay.

    Its answer is read as its mapping says now, and if that is gone, as a plain mapping's.
    """
    event = event_of(invocation)
    message_ids = [record.message_id for record in _event.decode(event).records]
    mapping, timeout_seconds = _deployed(context, invocation)
    started_at_ms = context.clock.now_ms()
    result = invoker.invoke(invocation.function_arn, Payload(event), timeout_seconds)
    outcome = decide(result, mapping, message_ids)
    return Replay(
        invocation,
        outcome.kind,
        started_at_ms,
        context.clock.now_ms() - started_at_ms,
        request_id="" if isinstance(result, Unknown) else result.request_id,
        error_type=outcome.error_type,
        error_message=_error_message(result, outcome, invocation.function_arn),
        failed_ids=outcome.leave_ids + outcome.give_back_ids,
        log_tail=result.log_tail if isinstance(result, Responded) else "",
    )


def _deployed(context: Context, invocation: Invocation) -> tuple[Mapping, int]:
    """Return the mapping that a call was made for, and how long in seconds its function may run."""
    plain = Mapping(invocation.mapping_uuid, invocation.queue.arn(context.region), invocation.function_arn)
    snapshot = context.store.deployment.snapshot()
    if snapshot is None:
        return plain, DEFAULT_TIMEOUT_SECONDS
    mapping = next((one for one in snapshot.mappings if one.uuid == invocation.mapping_uuid), plain)
    function = snapshot.function_of(plain)
    return mapping, function.timeout_seconds if function else DEFAULT_TIMEOUT_SECONDS


def _error_message(result: InvokeResult, outcome: Outcome, function_arn: str) -> str:
    """Return why a call failed; where a person must act, also what to do."""
    if isinstance(result, Refused) and outcome.remedy is Remedy.PAUSE:
        return pause_reason(result, function_arn)
    return outcome.error_message
