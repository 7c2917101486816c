"""The Invoke operation: POST /2015-03-31/functions/{reference}/invocations.

Source: "Invoke" in the Lambda API reference; limits from "Lambda quotas".
"""

import base64
import binascii
from typing import Any

import falcon
import msgspec

from karin.clock import Clock
from karin.local import launch
from karin.local.definition import LATEST, Definition
from karin.local.errors import (
    InvalidParameterValueError,
    InvalidRequestContentError,
    InvalidRuntimeError,
    RequestTooLargeError,
)
from karin.local.invocation import Invocation
from karin.local.invoker import Invoker
from karin.local.references import Target, resolve
from karin.local.report import log_tail

SYNCHRONOUS_LIMIT_BYTES = 6_291_456
ASYNCHRONOUS_LIMIT_BYTES = 1_048_576


class Invocations:
    """Calls a function: RequestResponse waits for it, Event does not, DryRun only looks whether it could."""

    def __init__(self, definition: Definition, invoker: Invoker, clock: Clock) -> None:
        self._definition = definition
        self._invoker = invoker
        self._clock = clock

    def on_post(self, req: falcon.Request, resp: falcon.Response, reference: str) -> None:
        """Invoke the function that the path names."""
        received_at_ms = self._clock.now_ms()
        target = resolve(self._definition, reference, req.get_param("Qualifier"))
        if not launch.is_served(target.function.runtime):
            raise InvalidRuntimeError(launch.refusal(target.function))
        match req.get_header("X-Amz-Invocation-Type", default="RequestResponse"):
            case "RequestResponse":
                self._call(req, resp, target, self._invocation(req, target, received_at_ms, SYNCHRONOUS_LIMIT_BYTES))
            case "Event":
                invocation = self._invocation(req, target, received_at_ms, ASYNCHRONOUS_LIMIT_BYTES)
                self._invoker.call_later(target.function, invocation)
                resp.status = 202
                resp.set_header("x-amzn-RequestId", invocation.request_id)
            case "DryRun":
                resp.status = 204
            case other:
                raise InvalidParameterValueError(f"Invalid invocation type: {other}")

    def _call(self, req: falcon.Request, resp: falcon.Response, target: Target, invocation: Invocation) -> None:
        finished = self._invoker.call(target.function, invocation)
        resp.content_type = falcon.MEDIA_JSON
        resp.data = finished.outcome.payload
        resp.set_header("x-amzn-RequestId", invocation.request_id)
        resp.set_header("X-Amz-Executed-Version", LATEST)
        if finished.outcome.is_error:
            resp.set_header("X-Amz-Function-Error", "Unhandled")
        if req.get_header("X-Amz-Log-Type") == "Tail":
            resp.set_header("X-Amz-Log-Result", log_tail(finished.log))

    def _invocation(self, req: falcon.Request, target: Target, received_at_ms: int, limit_bytes: int) -> Invocation:
        if (req.content_length or 0) > limit_bytes:
            raise RequestTooLargeError(limit_bytes)
        payload = req.stream.read(limit_bytes + 1) or b"{}"  # without a payload, a function gets {}
        if len(payload) > limit_bytes:
            raise RequestTooLargeError(limit_bytes)
        return Invocation(
            target.arn,
            payload,
            received_at_ms,
            message_ids=_message_ids(_parse(payload)),
            trace_id=req.get_header("X-Amzn-Trace-Id"),
            client_context=_client_context(req.get_header("X-Amz-Client-Context")),
        )


def _parse(payload: bytes) -> Any:
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequestContentError(f"Could not parse request body into json: {error}") from error


def _message_ids(event: Any) -> tuple[str, ...]:
    """Return the ids of the messages in an SQS event, or none when the event is something else."""
    records = event.get("Records") if isinstance(event, dict) else None
    ids = (
        [record.get("messageId") for record in records if isinstance(record, dict)] if isinstance(records, list) else []
    )
    return tuple(message_id for message_id in ids if isinstance(message_id, str))


def _client_context(header: str | None) -> str | None:
    if header is None:
        return None
    try:
        return base64.b64decode(header, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidRequestContentError("Client context must be a valid Base64-encoded JSON object.") from error
