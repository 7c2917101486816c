"""The one handler of the SQS API: authenticate, read the body, decode, run, encode; the same for errors."""

import logging
from typing import TYPE_CHECKING, Any

import falcon

from karin.operations.context import Context
from karin.operations.syncing import ask_for_sync
from karin.settings import Settings
from karin.sqs.errors import (
    InternalFailure,
    InvalidAction,
    QueueDoesNotExist,
    ServiceUnavailable,
    SqsError,
)
from karin.sqs.ids import new_id
from karin.store.faults import FULL, StoreUnavailable
from karin.wsgi.actions import ACTIONS
from karin.wsgi.actions.base import Action
from karin.wsgi.authentication import Authenticator, Identity
from karin.wsgi.bodies import Bodies
from karin.wsgi.caller import Caller
from karin.wsgi.connection import Connection
from karin.wsgi.long_poll import LongPolls
from karin.wsgi.protocols import WireProtocol, choose
from karin.wsgi.request import HttpRequest
from karin.wsgi.scopes import check_scope

if TYPE_CHECKING:
    from karin.wsgi.metering import RequestMeter

MOST_BODY_BYTES = 9 * 1024 * 1024  # legal are 1 MiB of base64, each character of it written as \u0041, and the rest
NO_ACTION_BODY = b"<UnknownOperationException/>"

FULL_MESSAGE = "The service is unavailable: its store is full until messages are deleted. Please retry."

log = logging.getLogger("karin.endpoint")


class SqsEndpoint:
    """A Falcon sink that answers every path."""

    def __init__(
        self, context: Context, settings: Settings, long_polls: LongPolls, meter: "RequestMeter | None" = None
    ) -> None:
        self._context = context
        self._meter = meter
        self._long_polls = long_polls
        self._authenticator = Authenticator(settings)
        self._bodies = Bodies(MOST_BODY_BYTES)

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
        """Answer one request; whatever happens, in the caller's own protocol."""
        request, response = req, resp
        request_id = new_id()
        response.set_header("x-amzn-RequestId", request_id)
        http = HttpRequest.from_environ(request.env)
        protocol = choose(http)
        error: SqsError | None = None
        began_us = self._meter.now_us() if self._meter else 0
        try:
            with self._bodies.of(request) as incoming:
                admitted = self._authenticator.admit(http, self._context.clock.now_ms())
                http = http.with_body(incoming.read())
                protocol = choose(http)
                identity = self._authenticator.confirm(admitted, http.body)
                request.env["gunicorn.socket"].may_close = False
                if protocol.action is None:
                    response.status = falcon.HTTP_404
                    response.content_type = "text/xml"
                    response.data = NO_ACTION_BODY
                    return
                result = self._run(protocol, self._caller(request, http, identity))
                response.data = protocol.write(result, request_id)
                response.content_type = protocol.content_type
        except Exception as raised:  # noqa: BLE001 - a caller never sees a traceback
            error = _as_sqs_error(raised)
            _answer_error(response, protocol, error, request_id)
        if self._meter:
            self._meter.answered(protocol.action, error, began_us)

    def _run(self, protocol: WireProtocol, caller: Caller) -> Any:
        action = _action(protocol.action or "", caller)
        request = protocol.read(action.request)
        check_scope(self._context, caller, protocol.action or "", request)
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
            scope=identity.scope,
        )


def _action(name: str, caller: Caller) -> Action:
    action = ACTIONS.get(name)
    if action is None or (not action.on_queue_path and caller.queue_path):
        raise InvalidAction(f"The action {name} is not valid for this endpoint.")
    return action


def _as_sqs_error(error: Exception) -> SqsError:
    if isinstance(error, SqsError):
        return error
    if isinstance(error, StoreUnavailable):
        # The log tells the fault once, not for each request. 503 and not OverLimit (403) for a full store: SDKs try
        # again, deliveries make room, and no sender should take a full queue for a mistake of its own.
        log.debug("%s", error)
        return ServiceUnavailable(FULL_MESSAGE if error.fault is FULL else "The service is unavailable. Please retry.")
    log.error("a request failed for a reason that is karin's own fault", exc_info=error)
    return InternalFailure("The request processing has failed because of an unknown error.")


def _answer_error(response: falcon.Response, protocol: WireProtocol, error: SqsError, request_id: str) -> None:
    body, headers = protocol.write_error(error, request_id)
    response.status = error.status
    response.content_type = protocol.content_type
    response.set_headers(dict(headers))
    response.data = body
