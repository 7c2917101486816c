"""The one handler of the SQS API: authenticate, choose the protocol, decode, run, encode; the same for errors."""

import logging
import uuid
from dataclasses import replace
from typing import Any, Protocol

import falcon
from gunicorn.http.errors import ParseException

from karin.operations.context import Context
from karin.operations.syncing import ask_for_sync
from karin.settings import Settings
from karin.sqs.errors import (
    InternalFailure,
    InvalidAction,
    MalformedInput,
    QueueDoesNotExist,
    RequestTooLarge,
    ServiceUnavailable,
    SqsError,
)
from karin.store.connection import StoreUnavailable
from karin.wsgi.actions import ACTIONS
from karin.wsgi.actions.base import Action
from karin.wsgi.authentication import Authenticator, Identity
from karin.wsgi.caller import Caller
from karin.wsgi.connection import Connection
from karin.wsgi.long_poll import LongPolls
from karin.wsgi.protocols import WireProtocol, choose
from karin.wsgi.request import HttpRequest

MOST_BODY_BYTES = 9 * 1024 * 1024  # legal are 1 MiB of base64, each character of it written as \u0041, and the rest
MOST_DRAINED_BYTES = 64 * 1024 * 1024  # of a body that is refused: whoever sends more may lose the answer
NO_ACTION_BODY = b"<UnknownOperationException/>"

log = logging.getLogger("karin.endpoint")


class BodyReader(Protocol):
    """The part of a WSGI input that is needed."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes."""
        ...


class SqsEndpoint:
    """A Falcon sink that answers every path."""

    def __init__(self, context: Context, settings: Settings, long_polls: LongPolls) -> None:
        self._context = context
        self._long_polls = long_polls
        self._authenticator = Authenticator(settings)

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
        """Answer one request; whatever happens, in the caller's own protocol."""
        request, response = req, resp
        request_id = str(uuid.uuid4())
        response.set_header("x-amzn-RequestId", request_id)
        http = HttpRequest.from_environ(request.env)
        protocol = choose(http)
        try:
            http = replace(http, body=_body(request))
            protocol = choose(http)
            identity = self._authenticator.authenticate(http, self._context.clock.now_ms())
            if protocol.action is None:
                response.status = falcon.HTTP_404
                response.content_type = "text/xml"
                response.data = NO_ACTION_BODY
                return
            caller = self._caller(request, http, identity)
            result = self._run(protocol, caller)
        except Exception as error:  # noqa: BLE001 - a caller never sees a traceback
            _answer_error(response, protocol, _as_sqs_error(error), request_id)
        else:
            response.content_type = protocol.content_type
            response.data = protocol.write(result, request_id)

    def _run(self, protocol: WireProtocol, caller: Caller) -> Any:
        action = _action(protocol.action or "", caller)
        request = protocol.read(action.request)
        try:
            return action.run(self._context, request, caller)
        except QueueDoesNotExist:
            if not action.may_sync or not ask_for_sync(self._context):
                raise
            return action.run(self._context, request, caller)

    def _caller(self, request: falcon.Request, http: HttpRequest, identity: Identity) -> Caller:
        scheme = (http.header("x-forwarded-proto") or request.scheme).split(",")[0].strip()
        host = (http.header("x-forwarded-host") or http.header("host") or request.netloc).split(",")[0].strip()
        base = f"{scheme}://{host}"
        return Caller(
            base_url=f"{base}/{identity.token}" if identity.token else base,
            path=http.raw_path,
            sender_id=identity.sender_id or self._context.account.id(),
            connection=Connection(request.env["gunicorn.socket"]),
            long_polls=self._long_polls,
            trace_header=http.header("x-amzn-trace-id"),
        )


def _action(name: str, caller: Caller) -> Action:
    action = ACTIONS.get(name)
    if action is None or (caller.queue_path and not action.on_queue_path):
        raise InvalidAction(f"The action {name} is not valid for this endpoint.")
    return action


def _body(request: falcon.Request) -> bytes:
    stream: BodyReader = request.bounded_stream if request.content_length is not None else request.stream
    is_too_long = (request.content_length or 0) > MOST_BODY_BYTES
    try:
        body = b"" if is_too_long else stream.read(MOST_BODY_BYTES + 1)
        if is_too_long or len(body) > MOST_BODY_BYTES:
            _drain(stream)
            raise RequestTooLarge(f"Request bodies must not be longer than {MOST_BODY_BYTES} bytes.")
    except (OSError, ParseException):  # the caller went away, or its chunks are none
        raise MalformedInput("The request body cannot be read.") from None
    if request.content_length is not None and len(body) < request.content_length:
        raise MalformedInput("The request body ended before its Content-Length.")
    return body


def _drain(stream: BodyReader) -> None:
    """Read on, so that a client which sends all before it reads comes to read: closing early would reset it."""
    left = MOST_DRAINED_BYTES
    while left > 0 and (piece := stream.read(65_536)):
        left -= len(piece)


def _as_sqs_error(error: Exception) -> SqsError:
    if isinstance(error, SqsError):
        return error
    if isinstance(error, StoreUnavailable):
        log.warning("%s", error)
        return ServiceUnavailable("The service is unavailable. Please retry.")
    log.error("a request failed for a reason that is karin's own fault", exc_info=error)
    return InternalFailure("The request processing has failed because of an unknown error.")


def _answer_error(response: falcon.Response, protocol: WireProtocol, error: SqsError, request_id: str) -> None:
    body, headers = protocol.write_error(error, request_id)
    response.status = error.status
    response.content_type = protocol.content_type
    response.set_headers(dict(headers))
    response.data = body
