"""The one handler of the SQS API: authenticate, decode, run, encode; the same for errors.

It answers requests that are there whole, from the worker itself, and as a Falcon sink all others.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import falcon
import msgspec

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
from karin.wsgi.client_socket import ClientSocket
from karin.wsgi.long_poll import LongPolls
from karin.wsgi.protocols import WireProtocol, choose
from karin.wsgi.request import HttpAnswer, HttpRequest
from karin.wsgi.scopes import check_scope
from karin.wsgi.sigv4 import Claim

if TYPE_CHECKING:
    from karin.wsgi.metering import RequestMeter

MOST_BODY_BYTES = 9 * 1024 * 1024  # legal are 1 MiB of base64, each character of it written as \u0041, and the rest
NO_ACTION_BODY = b"<UnknownOperationException/>"
REQUEST_ID = "x-amzn-RequestId"

FULL_MESSAGE = "The service is unavailable: its store is full until messages are deleted. Please retry."

log = logging.getLogger("karin.endpoint")


class SqsEndpoint:
    """A Falcon sink that answers every path."""

    def __init__(
        self,
        context: Context,
        settings: Settings,
        long_polls: LongPolls,
        meter: "RequestMeter | None" = None,
        header_of_traceparent: Callable[[str], str | None] | None = None,
    ) -> None:
        """Answer requests; ``header_of_traceparent`` reads a W3C trace header as AWS writes it."""
        self._context = context
        self._meter = meter
        self._header_of_traceparent = header_of_traceparent
        self._long_polls = long_polls
        self._authenticator = Authenticator(settings)
        self._bodies = Bodies(MOST_BODY_BYTES)

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
        """Answer one request of Falcon's, whose body is read once its head is found good."""
        http = HttpRequest.from_environ(req.env)

        def run(exchange: _Exchange) -> HttpAnswer:
            with self._bodies.of(req) as incoming:
                admitted = self._admit(http)
                return self._answer(http.with_body(incoming.read()), admitted, req.env["gunicorn.socket"], exchange)

        answer = self._carry_out(http, run)
        resp.status, resp.content_type, resp.data = answer.status, answer.content_type, answer.body
        resp.set_headers(dict(answer.headers))

    def answer(self, http: HttpRequest, client: ClientSocket) -> HttpAnswer:
        """Return the answer to one request that is there whole."""
        return self._carry_out(http, lambda exchange: self._answer(http, self._admit(http), client, exchange))

    def _carry_out(self, http: HttpRequest, run: Callable[["_Exchange"], HttpAnswer]) -> HttpAnswer:
        """Return what comes of a request; whatever happens, in the caller's own protocol."""
        exchange, error = _Exchange(new_id()), None
        began_us = self._meter.now_us() if self._meter else 0
        try:
            answer = run(exchange)
        except Exception as raised:  # noqa: BLE001 - a caller never sees a traceback
            # Its traceback would hold this frame, which holds it: the body would stay until garbage is looked for.
            error = _as_sqs_error(raised).with_traceback(None)
            answer = _answer_error(http, error, exchange.request_id)
        if self._meter:
            self._meter.answered(exchange.action, error, began_us)
        return answer

    def _admit(self, http: HttpRequest) -> Identity | Claim:
        return self._authenticator.admit(http, self._context.clock.now_ms())

    def _answer(
        self, http: HttpRequest, admitted: Identity | Claim, client: ClientSocket, exchange: "_Exchange"
    ) -> HttpAnswer:
        protocol = choose(http)
        identity = self._authenticator.confirm(admitted, http.body)
        client.may_close = False
        headers = {REQUEST_ID: exchange.request_id}
        action = exchange.action = protocol.action
        if action is None:
            return HttpAnswer(404, "text/xml", NO_ACTION_BODY, headers)
        result = self._run(action, protocol, self._caller(http, identity, client))
        return HttpAnswer(200, protocol.content_type, protocol.write(result, exchange.request_id), headers)

    def _run(self, name: str, protocol: WireProtocol, caller: Caller) -> Any:
        action = _action(name, caller)
        request = protocol.read(action.request)
        check_scope(self._context, caller, name, request)
        try:
            return action.run(self._context, request, caller)
        except QueueDoesNotExist:
            if not action.may_sync or not ask_for_sync(self._context):
                raise
            return action.run(self._context, request, caller)

    def _caller(self, http: HttpRequest, identity: Identity, client: ClientSocket) -> Caller:
        sender_id = identity.sender_id or self._context.account.id()
        return Caller(
            http,
            identity.token,
            sender_id,
            client,
            self._long_polls,
            identity.scope,
            self._header_of_traceparent,
        )


class _Exchange(msgspec.Struct):
    """A request's id, and its action once that is known."""

    request_id: str
    action: str | None = None


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


def _answer_error(http: HttpRequest, error: SqsError, request_id: str) -> HttpAnswer:
    protocol = choose(http)
    body, headers = protocol.write_error(error, request_id)
    return HttpAnswer(error.status, protocol.content_type, body, {REQUEST_ID: request_id, **headers})
