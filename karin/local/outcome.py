"""How an invocation can end, with the payloads Lambda answers in each case. Pure values.

Source: "Lambda Runtime API" and the error payloads of the live service.
"""

from datetime import UTC, datetime

import msgspec

RESPONSE_LIMIT_BYTES = 6_291_556  # AWS's own number: 6 MB and 100 bytes


class Outcome(msgspec.Struct, frozen=True):
    """The end of an invocation: the payload its caller gets, and the kind of error, if it was one."""

    payload: bytes
    error_type: str | None = None
    error_message: str = ""
    log_line: str = ""  # what the platform itself adds to the log
    status: str = ""  # how the REPORT line puts it

    @property
    def is_error(self) -> bool:
        """Tell whether the answer carries X-Amz-Function-Error."""
        return self.error_type is not None

    @property
    def error(self) -> str | None:
        """Return the error in one line, ``Type: message``, or None."""
        return None if self.error_type is None else f"{self.error_type}: {self.error_message}"


def succeeded(payload: bytes) -> Outcome:
    """Return the outcome of a response, which may be longer than Lambda lets pass."""
    if len(payload) <= RESPONSE_LIMIT_BYTES:
        return Outcome(payload)
    return _failed(
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT_BYTES} bytes).",
    )


def reported(payload: bytes, request_id: str) -> Outcome:
    """Return the outcome of an error that the runtime itself reported; an empty requestId in it is filled in."""
    try:
        error = msgspec.json.decode(payload, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Outcome(payload, error_type="Unhandled")
    if error.get("requestId") == "":
        payload = msgspec.json.encode(error | {"requestId": request_id})
    error_type, message = error.get("errorType") or "Unhandled", error.get("errorMessage") or ""
    return Outcome(payload, error_type=str(error_type), error_message=str(message))


def timed_out(request_id: str, timeout_seconds: int, at_ms: int) -> Outcome:
    """Return the outcome of a call that outlived its function's timeout, at the instant it was ended."""
    instant = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    message = f"{instant} {request_id} Task timed out after {timeout_seconds:.2f} seconds"
    return _failed("Sandbox.Timedout", message, log_line=f"{message}\n\n", status="Status: timeout")


def exited(request_id: str, return_code: int) -> Outcome:
    """Return the outcome of a call whose runtime ended; a negative return code is the signal that ended it."""
    if return_code == 0:
        reason = "Runtime exited without providing a reason"
    elif return_code > 0:
        reason = f"Runtime exited with error: exit status {return_code}"
    else:
        reason = f"Runtime exited with error: signal: {_SIGNALS.get(-return_code, -return_code)}"
    return _broken("Runtime.ExitError", request_id, reason)


def not_started(request_id: str, reason: str) -> Outcome:
    """Return the outcome of a call whose runtime could not even be started."""
    return _broken("Runtime.InvalidEntrypoint", request_id, reason)


_SIGNALS = {6: "aborted", 9: "killed", 11: "segmentation fault", 15: "terminated"}  # as Go's os package words them


def _broken(error_type: str, request_id: str, reason: str) -> Outcome:
    message = f"RequestId: {request_id} Error: {reason}"
    line = f"{message}\n{error_type}\n"
    return _failed(error_type, message, log_line=line, status=f"Status: error\tError Type: {error_type}")


def _failed(error_type: str, message: str, *, log_line: str = "", status: str = "") -> Outcome:
    payload = msgspec.json.encode({"errorType": error_type, "errorMessage": message})
    return Outcome(payload, error_type, message, log_line, status)
