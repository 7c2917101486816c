"""Calling Lambda functions as ``karin.aws.invoke`` does, but without botocore: a call costs a twentieth of it.

botocore finds out how to call (``karin.aws.access``); this only signs, sends and reads. Both have the same tests.
"""

import base64
import binascii
import http.client
import re
import threading
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

import msgspec

from karin import __version__
from karin.aws.access import Access, AccessBook, Route
from karin.aws.answers import Answer
from karin.aws.connections import Connections
from karin.aws.signing import Signer
from karin.clock import Clock
from karin.mapping.outcome import InvokeResult, Responded, first_line
from karin.mapping.payload import Payload
from karin.mapping.refusals import WRONG_KEYS, Refused
from karin.sqs.names import region_from_arn

_SECONDS = re.compile(r"\d{1,9}", re.ASCII)
READ_MARGIN_SECONDS = 60  # a cold start comes on top of the function's own timeout
HEADERS = {
    "user-agent": f"karin/{__version__}",
    "x-amz-invocation-type": "RequestResponse",
    "x-amz-log-type": "Tail",
}


class Invoker(Protocol):
    """What calls functions as well, as ``karin.aws.invoke`` does."""

    def invoke(self, function_arn: str, payload: Payload, timeout_seconds: int) -> InvokeResult:
        """Call a function and wait for its answer."""
        ...


class _Way(msgspec.Struct, frozen=True, eq=False):
    """How one function is called: all of it that is the same in every call, as long as the access is."""

    access: Access
    connections: Connections
    path: str
    signer: Signer


class DirectInvoker:
    """Call functions of any region. Threads share it: up to ``max_concurrency`` connections are kept for each route.

    ``otherwise`` makes what calls where this cannot, such as through a proxy that is itself reached over TLS.
    """

    def __init__(
        self,
        max_concurrency: int,
        book: AccessBook,
        clock: Clock,
        otherwise: Callable[[], Invoker],
        margin_seconds: float = READ_MARGIN_SECONDS,
    ) -> None:
        self._max_concurrency = max_concurrency
        self._book = book
        self._clock = clock
        self._otherwise = otherwise
        self._margin_seconds = margin_seconds
        self._lock = threading.Lock()
        self._other: Invoker | None = None
        self._by_route: dict[Route, Connections] = {}
        self._ways: dict[str, _Way] = {}  # by function

    def invoke(self, function_arn: str, payload: Payload, timeout_seconds: int) -> InvokeResult:
        """Call a function and wait for its answer; never raises for what AWS or the network does.

        ``function_arn`` may end in an alias or version, ``timeout_seconds`` is the function's own timeout. A large
        payload is dropped as soon as it is sent.
        """
        region = region_from_arn(function_arn)
        found = self._book.of(region)
        if found.refused is not None:
            return found.refused
        access = found.access
        if access is None:
            return self._fallback().invoke(function_arn, payload, timeout_seconds)
        way = self._ways.get(function_arn)
        if way is None or way.access is not access:
            try:
                way = self._ways[function_arn] = self._way(function_arn, access)
            except OSError as error:  # of the certificates
                return Refused("SSLError", message=f"{access.route.ca_file}: {error}")
        headers = way.signer.headers(payload.data, self._clock.now_ms())
        if payload.trace_header:
            headers["x-amzn-trace-id"] = payload.trace_header  # unsigned, as with botocore: it may change on its way
        answer = way.connections.post(way.path, headers, payload, timeout_seconds + self._margin_seconds)
        result = _read(answer) if isinstance(answer, Answer) else answer
        if isinstance(result, Refused) and result.code in WRONG_KEYS:
            self._book.forget(region, access)  # they may have been replaced
        return result

    def prepare(self, region: str) -> None:
        """Find out how functions of a region are called before one is."""
        self._book.of(region)

    def close(self) -> None:
        """Hang up wherever no call is in flight."""
        with self._lock:
            for connections in self._by_route.values():
                connections.close()

    def _fallback(self) -> Invoker:
        with self._lock:
            if self._other is None:
                self._other = self._otherwise()
            return self._other

    def _way(self, function_arn: str, access: Access) -> _Way:
        connections = self._connections(access)
        path = f"{connections.base_path}/2015-03-31/functions/{quote(function_arn, safe='-._~')}/invocations"
        signer = Signer(access, path, {"host": connections.host_header, **HEADERS})
        return _Way(access, connections, path, signer)

    def _connections(self, access: Access) -> Connections:
        with self._lock:
            connections = self._by_route.get(access.route)
            if connections is None:
                connections = self._by_route[access.route] = Connections(access.route, self._max_concurrency)
            return connections


def _read(answer: Answer) -> Responded | Refused:
    request_id = answer.headers.get("x-amzn-requestid") or ""
    if answer.status >= http.HTTPStatus.MULTIPLE_CHOICES:
        code, message = _code_and_message(answer)
        return Refused(
            code,
            answer.status,
            message,
            retry_after_seconds=retry_after_seconds(answer.headers.get("retry-after")),
            request_id=request_id,
        )
    log = log_tail(answer.headers.get("x-amz-log-result"))
    return Responded(answer.status, answer.body, answer.headers.get("x-amz-function-error"), log, request_id)


def log_tail(encoded: str | None) -> str:
    """Return the end of a function's log, empty when it cannot be read: the function ran all the same."""
    try:
        return base64.b64decode(encoded or "").decode(errors="replace")
    except (binascii.Error, ValueError):
        return ""


def _code_and_message(answer: Answer) -> tuple[str, str]:
    """Return what an error says of itself, as botocore reads it."""
    try:
        said = msgspec.json.decode(answer.body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = {"message": answer.body.decode(errors="replace")}
        if answer.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR and answer.body.lstrip().startswith(b"<"):
            said = {"message": http.client.responses.get(answer.status, "")}
    if not isinstance(said, dict):
        said = {}
    code = answer.headers.get("x-amzn-errortype") or said.get("__type") or said.get("code") or said.get("Code")
    code = str(code or answer.status).partition(":")[0].rpartition("#")[2]
    message = str(said.get("message") or said.get("Message") or "")
    return code, "" if message.lstrip().startswith("<") else first_line(message)


def retry_after_seconds(header: str | None) -> int | None:
    """Return for how long AWS asks to wait, if it does."""
    return int(header) if header and _SECONDS.fullmatch(header) else None
