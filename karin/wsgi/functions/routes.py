"""The list of functions at ``GET /``, and each function at ``/f/<name>/``, beside the SQS endpoint."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import falcon

from karin.aws.access import AccessBook
from karin.aws.apart import find_access_apart
from karin.aws.calling import DirectInvoker
from karin.clock import Clock
from karin.mapping.outcome import InvokeResult
from karin.mapping.payload import Payload
from karin.mapping.refusals import Refused
from karin.mapping.url_event import UrlAnswer, UrlRequest
from karin.operations.context import Context
from karin.settings import Settings
from karin.sqs.errors import RequestTooLarge, SqsError
from karin.store.connection import StoreUnavailable
from karin.wsgi.bodies import Bodies
from karin.wsgi.functions import page
from karin.wsgi.functions.forwarding import MOST_EVENT_BYTES, TOO_LARGE, Forwarding, event_of
from karin.wsgi.functions.known import Known, Reachable
from karin.wsgi.request import HttpRequest

ROOT = r"/\Z"
OF_FUNCTIONS = r"/f/"
# What concerns one connection alone (RFC 9110, section 7.6.1), and what the server tells itself.
NOT_HANDED_ON = frozenset({
    "connection", "content-length", "date", "keep-alive", "proxy-authenticate", "proxy-authorization",
    "proxy-connection", "server", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
Sink = Callable[[falcon.Request, falcon.Response], None]


def add_pages(app: "falcon.App[Any, Any]", context: Context, settings: Settings, endpoint: Any) -> None:
    """Add the pages to an application in front of its SQS endpoint, which goes on to get all that is not for them."""
    known = Known(context)
    book = AccessBook(find_access_apart, context.clock)
    invoker = DirectInvoker(settings.max_concurrency, book, context.clock, OnlyWithBotocore)
    forwarding = Forwarding(invoker, settings.max_concurrency)
    app.add_sink(Index(known, endpoint), prefix=ROOT)
    app.add_sink(Functions(known, forwarding, context.clock), prefix=OF_FUNCTIONS)


class OnlyWithBotocore:
    """Says why a function is not called: what calls functions through any proxy is not loaded in the endpoint."""

    def invoke(self, function_arn: str, payload: Payload, timeout_seconds: int) -> InvokeResult:  # noqa: ARG002
        """Return a refusal."""
        return Refused("ProxyConfigurationError", message="the endpoint cannot reach AWS through this proxy")


class Index:
    """Answers a person who looks at the address without any path; whatever else comes there is a request of SQS."""

    def __init__(self, known: Known, endpoint: Any) -> None:
        self._known = known
        self._endpoint = endpoint

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
        """Answer one request."""
        if req.method not in ("GET", "HEAD") or req.query_string or req.get_header("X-Amz-Target"):
            self._endpoint(req, resp)
            return
        try:
            _show(resp, page.index(list(self._known.all().values())))
        except StoreUnavailable:
            _show(resp, page.sentence("Not now", "karin's store does not answer."), HTTPStatus.SERVICE_UNAVAILABLE)


class Functions:
    """Answers for functions under their names."""

    def __init__(self, known: Known, forwarding: Forwarding, clock: Clock) -> None:
        self._known = known
        self._forwarding = forwarding
        self._clock = clock
        self._bodies = Bodies(MOST_EVENT_BYTES)

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
        """Answer one request."""
        http = HttpRequest.from_environ(req.env)
        if "/" not in http.raw_path.removeprefix("/f/"):  # its own links are to lead below its name
            query = f"?{http.query_string}" if http.query_string else ""
            resp.status = HTTPStatus.PERMANENT_REDIRECT
            resp.set_header("Location", f"{http.raw_path}/{query}")
            return
        try:
            with self._bodies.of(req) as incoming:
                function = self._function(http, resp)
                if function is not None:
                    # The room that the body takes is free again once its event is sent: a call may last minutes.
                    payload = Payload(event_of(function, self._request(req, http, incoming.read())), incoming.forget)
                    _send(resp, self._forwarding.answer(function, payload))
                else:
                    incoming.drain()
        except RequestTooLarge:
            _send(resp, TOO_LARGE)
        except StoreUnavailable:
            _show(resp, page.sentence("Not now", "karin's store does not answer."), HTTPStatus.SERVICE_UNAVAILABLE)
        except SqsError as error:  # of its body
            _show(resp, page.sentence("Not now", error.message), error.status)

    def _function(self, http: HttpRequest, resp: falcon.Response) -> Reachable | None:
        """Return the function that a path names; None when the response says why it is not called."""
        found = self._known.all()
        function = found.get(unquote(_parts(http)[0]))
        if function is None:
            _show(resp, page.unknown(found.values()), HTTPStatus.NOT_FOUND)
            return None
        if not function.is_open:
            text = f"The URL of {function.name} asks for a signature (AWS_IAM): sign a request and send it there."
            _show(resp, page.sentence("Signed requests only", text), HTTPStatus.FORBIDDEN)
            return None
        return function

    def _request(self, req: falcon.Request, http: HttpRequest, body: bytes) -> UrlRequest:
        name, rest = _parts(http)
        headers = {key: value for key, value in http.headers.items() if key == "content-length" or _is_for_all(key)}
        scheme = (headers.get("x-forwarded-proto") or req.scheme).split(",")[0].strip()
        before = headers.get("x-forwarded-for")
        told = {
            "host": self._known.all()[unquote(name)].domain_name,  # as at its own URL: it may make links of it
            "x-forwarded-for": f"{before}, {req.remote_addr}" if before else req.remote_addr,
            "x-forwarded-host": headers.get("x-forwarded-host") or headers.get("host", ""),
            "x-forwarded-prefix": f"/f/{name}",
            "x-forwarded-proto": scheme,
            "x-forwarded-port": headers.get("x-forwarded-port") or ("443" if scheme == "https" else str(req.port)),
        }
        return UrlRequest(
            req.method, f"/{rest}", http.query_string, headers | told, body, req.remote_addr, self._clock.now_ms()
        )


def _parts(http: HttpRequest) -> tuple[str, str]:
    """Return the name in a path, still encoded, and what follows it."""
    name, _slash, rest = http.raw_path.removeprefix("/f/").partition("/")
    return name, rest


def _is_for_all(header: str) -> bool:
    return header not in NOT_HANDED_ON


def _send(resp: falcon.Response, answer: UrlAnswer) -> None:
    """Answer as a function did, and with nothing else."""
    resp.status = answer.status
    resp.data = answer.body
    resp.content_type = "application/json"
    for name, value in answer.headers:
        if name == "set-cookie":
            resp.append_header(name, value)
        elif _is_for_all(name):
            resp.set_header(name, value)


def _show(resp: falcon.Response, text: str, status: int = HTTPStatus.OK) -> None:
    resp.status = status
    resp.set_headers(page.HEADERS)
    resp.content_type = falcon.MEDIA_HTML
    resp.text = text
