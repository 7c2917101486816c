"""Function URLs on this machine: one address for all of them, and the first segment of the path names the function."""

from typing import TextIO
from urllib.parse import unquote

import falcon

from karin.clock import Clock
from karin.local import launch
from karin.local.cors import allowing, is_preflight, preflight
from karin.local.definition import Definition, Function
from karin.local.errors import TooManyRequestsError
from karin.local.invocation import Invocation
from karin.local.invoke_api import SYNCHRONOUS_LIMIT_BYTES
from karin.local.invoker import Invoker
from karin.local.listener import RAW_PATH_KEY
from karin.local.url_origin import origin_of
from karin.mapping.url_event import UrlAnswer, UrlRequest, answer_of, broken, build_event


def create_url_app(
    definition: Definition, invoker: Invoker, clock: Clock, copy_to: TextIO
) -> "falcon.App[falcon.Request, falcon.Response]":
    """Build the application; each request is told to ``copy_to`` in a line."""
    app = falcon.App()
    app.add_sink(Urls(definition, invoker, clock, copy_to).answer)
    return app


class Urls:
    """Calls the function that a path names."""

    def __init__(self, definition: Definition, invoker: Invoker, clock: Clock, copy_to: TextIO) -> None:
        self._definition = definition
        self._invoker = invoker
        self._clock = clock
        self._copy_to = copy_to

    def answer(self, req: falcon.Request, resp: falcon.Response, **_: object) -> None:
        """Answer any method on any path."""
        received_at_ms = self._clock.now_ms()
        name, _slash, rest = req.env[RAW_PATH_KEY].lstrip("/").partition("/")
        function = self._definition.function(unquote(name))
        if function is None or function.url is None:
            there = ", ".join(f"/{each.name}/" for each in self._definition.functions if each.url) or "none has one"
            resp.status, resp.media = 404, {"Message": f"no function has its URL here: {there}"}
            return
        request = UrlRequest(
            method=req.method,
            path=f"/{rest}",
            query=req.query_string,
            headers=_headers(req),
            body=req.bounded_stream.read(),
            source_ip=req.remote_addr,
            received_at_ms=received_at_ms,
        )
        cors = function.url.cors
        if cors is not None and is_preflight(request.method, request.headers):
            _send(resp, UrlAnswer(200, preflight(cors, request.headers), b""))
            return
        answer = self._call(function, request)
        _send(resp, answer)
        if cors is not None:
            resp.set_headers(allowing(cors, request.headers))
        took_ms = self._clock.now_ms() - received_at_ms
        line = f"{function.name}: {request.method} {request.path} answered {answer.status} in {took_ms} ms"
        print(line, file=self._copy_to, flush=True)

    def _call(self, function: Function, request: UrlRequest) -> UrlAnswer:
        if not launch.is_served(function.runtime):
            return broken()
        invocation = Invocation(self._definition.function_arn(function.name), b"", request.received_at_ms)
        origin = origin_of(function, self._definition, request.headers)
        invocation.payload = build_event(request, origin, invocation.request_id)
        if len(invocation.payload) > SYNCHRONOUS_LIMIT_BYTES:
            return UrlAnswer(413, (), b'{"Message":"Request Entity Too Large"}')
        try:
            outcome = self._invoker.call(function, invocation).outcome
        except TooManyRequestsError:
            return UrlAnswer(429, (), b'{"Message":"Rate Exceeded."}')
        return broken() if outcome.is_error else answer_of(outcome.payload)


def _headers(req: falcon.Request) -> dict[str, str]:
    """Return the headers as Lambda hands them on, with those that its own front adds."""
    sent = {name.lower(): value for name, value in req.headers.items()}
    return sent | {
        "x-forwarded-for": req.remote_addr,
        "x-forwarded-proto": req.scheme,
        "x-forwarded-port": str(req.port),
    }


def _send(resp: falcon.Response, answer: UrlAnswer) -> None:
    resp.status = answer.status
    resp.data = answer.body
    for name, value in answer.headers:
        if name == "set-cookie":
            resp.append_header(name, value)
        elif name != "content-length":  # falcon tells it, of the body as it is sent
            resp.set_header(name, value)
