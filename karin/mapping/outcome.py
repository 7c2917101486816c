"""What one Lambda call means for the messages it carried: the failure half of the event source mapping.

Pure: a call's result goes in, the fate of every message comes out; what AWS's refusals mean is in
``karin.mapping.refusals``. Rules: AWS Lambda developer guide, "Handling errors for an SQS event source in Lambda" and
"Implementing partial batch responses".
"""

import re
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from karin.mapping.model import Mapping
from karin.mapping.refusals import THROTTLED_STATUS, Refused, Remedy, remedy

ERROR_MESSAGE_LENGTH = 300
INVALID_RESPONSE = "InvalidBatchItemFailures"


class Responded(msgspec.Struct, frozen=True):
    """Lambda answered for the function. ``function_error`` is set when the function itself failed."""

    status: int = 200
    payload: bytes = b""
    function_error: str | None = None
    log_tail: str = ""
    request_id: str = ""


class Unknown(msgspec.Struct, frozen=True):
    """The call was sent and no answer came: the function may have run, may still run, or never ran."""

    code: str
    message: str = ""


InvokeResult = Responded | Refused | Unknown


class OutcomeKind(StrEnum):
    """How a call went, as people see it in the list of invocations."""

    SUCCEEDED = "succeeded"
    FUNCTION_ERROR = "function_error"
    PARTIAL = "partial"
    THROTTLED = "throttled"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    FILTERED = "filtered"  # no message passed the mapping's filters: there was nothing to call the function with


class Outcome(msgspec.Struct, frozen=True):
    """What to do with each message of a batch: every id is in exactly one of the three tuples, in batch order.

    ``delete_ids`` are done, ``leave_ids`` stay hidden until their lease ends and so count as a try, ``give_back_ids``
    become due again without counting. ``remedy`` is set when AWS refused the call.
    """

    kind: OutcomeKind
    delete_ids: tuple[str, ...] = ()
    leave_ids: tuple[str, ...] = ()
    give_back_ids: tuple[str, ...] = ()
    error_type: str = ""
    error_message: str = ""
    remedy: Remedy | None = None


class _ItemFailure(msgspec.Struct, frozen=True, rename="camel"):
    item_identifier: str


class _BatchResponse(msgspec.Struct, frozen=True, rename="camel"):
    batch_item_failures: tuple[_ItemFailure, ...] | None = None


class _FunctionError(msgspec.Struct, frozen=True, rename="camel"):
    error_type: str = ""
    error_message: str = ""


_batch_response = msgspec.json.Decoder(_BatchResponse | None)
_function_error = msgspec.json.Decoder(_FunctionError)


def decide(result: InvokeResult, mapping: Mapping, message_ids: Sequence[str]) -> Outcome:
    """Return what a call's result means for the messages of its batch."""
    batch = tuple(message_ids)
    match result:
        case Responded(function_error=str(error), payload=payload):
            return _failed(batch, *_described(error, payload))
        case Responded(payload=payload):
            return _reported(payload, batch) if mapping.reports_item_failures else _succeeded(batch)
        case Refused():
            return _refused(result, batch)
        case Unknown():
            return Outcome(
                OutcomeKind.UNKNOWN,
                leave_ids=batch,
                error_type=result.code,
                error_message=first_line(result.message),
            )


def first_line(text: str) -> str:
    """Return a text's first line that says something, at most ERROR_MESSAGE_LENGTH characters of it."""
    line = re.search(r"\S[^\r\n]*", text)
    words = line[0].rstrip() if line else ""
    return words if len(words) <= ERROR_MESSAGE_LENGTH else f"{words[: ERROR_MESSAGE_LENGTH - 1]}…"


def _succeeded(batch: tuple[str, ...]) -> Outcome:
    return Outcome(OutcomeKind.SUCCEEDED, delete_ids=batch)


def _failed(batch: tuple[str, ...], error_type: str, error_message: str) -> Outcome:
    return Outcome(
        OutcomeKind.FUNCTION_ERROR,
        leave_ids=batch,
        error_type=first_line(error_type),
        error_message=first_line(error_message),
    )


def _refused(refused: Refused, batch: tuple[str, ...]) -> Outcome:
    asked = remedy(refused)
    counts = asked is Remedy.COUNT or (asked is Remedy.SMALLER and len(batch) == 1)  # no event is smaller than that
    return Outcome(
        OutcomeKind.THROTTLED if refused.status == THROTTLED_STATUS else OutcomeKind.REFUSED,
        leave_ids=batch if counts else (),
        give_back_ids=() if counts else batch,
        error_type=refused.code,
        error_message=first_line(refused.message),
        remedy=asked,
    )


def _reported(payload: bytes, batch: tuple[str, ...]) -> Outcome:
    """Read a partial batch response; one that cannot be read fails the whole batch, and so does an unknown id.

    What is not listed is done, even behind a failure in the same group of a FIFO queue: as on AWS, it is up to the
    function to stop there and to list the rest.
    """
    try:
        response = _batch_response.decode(payload) if payload.strip() else None
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return _failed(batch, INVALID_RESPONSE, f"the response is not a batchItemFailures object: {error}")
    listed = {item.item_identifier for item in (response and response.batch_item_failures) or ()}
    if not listed:
        return _succeeded(batch)
    if strangers := listed.difference(batch):
        return _failed(batch, INVALID_RESPONSE, f"no message of the batch has itemIdentifier {min(strangers)!r}")
    return Outcome(
        OutcomeKind.PARTIAL,
        delete_ids=tuple(message_id for message_id in batch if message_id not in listed),
        leave_ids=tuple(message_id for message_id in batch if message_id in listed),
    )


def _described(function_error: str, payload: bytes) -> tuple[str, str]:
    """Return type and message of a function's error; runtimes may answer with anything, or with nothing."""
    try:
        error = _function_error.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return function_error, payload.decode(errors="replace")
    return error.error_type or function_error, error.error_message
