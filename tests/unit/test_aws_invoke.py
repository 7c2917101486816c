"""Every way a Lambda call can end, against a real HTTP server: as botocore calls, and as karin does without it."""

import base64
import hashlib
import json
import os
import socket
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.server import BaseHTTPRequestHandler
from typing import Protocol
from urllib.parse import unquote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from karin.aws.access import AccessBook, Found
from karin.aws.body import READS, SentOnce
from karin.aws.calling import DirectInvoker, Invoker, retry_after_seconds
from karin.aws.clients import AwsClients
from karin.aws.finding import find_access
from karin.aws.invoke import LambdaInvoker
from karin.clock import SystemClock
from karin.mapping.outcome import Responded, Unknown
from karin.mapping.payload import SMALL_BYTES, Payload
from karin.mapping.refusals import Refused
from tests.aws_environ import point_aws_at
from tests.local_http import LocalServer, Quiet

REFUSALS = {
    "throttled": (429, "TooManyRequestsException"),
    "denied": (403, "AccessDeniedException"),
    "missing": (404, "ResourceNotFoundException"),
    "pending": (409, "ResourceConflictException"),
    "large": (413, "RequestTooLargeException"),
    "broken": (500, "ServiceException"),
    "inactive": (502, "ResourceNotReadyException"),
}


def arn(function: str) -> str:
    return f"arn:aws:lambda:eu-west-1:123456789012:function:{function}"


class LambdaEndpoint(LocalServer):
    """An Invoke endpoint where a function's name is its behaviour."""

    def __init__(self) -> None:
        super().__init__(Behaviour)
        self.calls: list[tuple[str, dict[str, str], bytes]] = []
        self.released = threading.Event()
        self.together = threading.Barrier(4, timeout=20)


class Behaviour(Quiet, BaseHTTPRequestHandler):
    """Answer as the function's name says."""

    server: LambdaEndpoint

    def do_POST(self) -> None:
        payload = self.rfile.read(int(self.headers["Content-Length"]))
        path = unquote(self.path)
        name = path.split(":function:")[1].split("/")[0].split(":")[0]
        self.server.calls.append((path, {key.lower(): value for key, value in self.headers.items()}, payload))
        if name in REFUSALS:
            status, code = REFUSALS[name]
            self._answer(status, b'{"Message":"because"}', {"x-amzn-errortype": code, "Retry-After": "7"})
        else:
            self.payload = payload
            getattr(self, f"_{name}")()

    def _answer(self, status: int, body: bytes, headers: dict[str, str], missing_bytes: int = 0) -> None:
        self.send_response(status)
        for name, value in {"x-amzn-RequestId": "request-1", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) + missing_bytes))
        self.end_headers()
        self.wfile.write(body)

    def _echo(self) -> None:
        self._answer(200, self.payload, {"X-Amz-Log-Result": base64.b64encode("END 끝\n".encode()).decode()})

    def _unlogged(self) -> None:
        self._answer(200, b"null", {"X-Amz-Log-Result": "!"})

    def _nested(self) -> None:
        self._answer(400, b"[" * 100_000, {})

    def _failing(self) -> None:
        self._answer(200, b'{"errorType":"KeyError"}', {"X-Amz-Function-Error": "Unhandled"})

    def _together(self) -> None:
        self.server.together.wait()
        self._answer(200, self.payload, {})

    def _page(self) -> None:
        self._answer(503, b"<html>\n<h1>Unavailable</h1></html>", {"Content-Type": "text/html"})

    def _hanging(self) -> None:
        self.server.released.wait(60)
        self.close_connection = True

    def _truncated(self) -> None:
        self._answer(200, b"{", {}, missing_bytes=10)
        self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _garbage(self) -> None:
        self.wfile.write(b"this is not HTTP\r\n\r\n")
        self.close_connection = True


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[LambdaEndpoint]:
    with LambdaEndpoint() as server:
        point_aws_at(monkeypatch, LAMBDA=server.url)
        yield server
        server.released.set()


class Make(Protocol):
    """Makes an invoker for at most 4 calls at a time."""

    def __call__(self, read_seconds: float = 63) -> Invoker:
        """Return one that waits so long for an answer."""
        ...


def find(region: str) -> Found:
    """Find an access in this process."""
    return find_access(region, AwsClients(), os.environ)  # noqa: TID251 - botocore reads it as well


@pytest.fixture(params=["with_botocore", "directly"])
def make(request: pytest.FixtureRequest, endpoint: LambdaEndpoint) -> Iterator[Make]:
    with ExitStack() as stack:

        def with_botocore(read_seconds: float = 63) -> Invoker:
            return LambdaInvoker(4, read_timeouts_seconds=(read_seconds,))

        def directly(read_seconds: float = 63) -> Invoker:
            clock = SystemClock()
            invoker = DirectInvoker(4, AccessBook(find, clock), clock, not_needed, margin_seconds=read_seconds - 3)
            stack.callback(invoker.close)
            return invoker

        yield {"with_botocore": with_botocore, "directly": directly}[request.param]


def not_needed() -> Invoker:
    raise AssertionError("botocore is not needed to call here")


@pytest.fixture
def invoker(make: Make) -> Invoker:
    return make()


def test_an_answer_comes_back_with_its_log_tail_and_request_id(endpoint: LambdaEndpoint, invoker: Invoker) -> None:
    result = invoker.invoke(arn("echo") + ":live", Payload(b'{"Records":[]}'), 3)

    assert result == Responded(200, b'{"Records":[]}', None, "END 끝\n", "request-1")
    [(path, headers, payload)] = endpoint.calls
    assert path == f"/2015-03-31/functions/{arn('echo')}:live/invocations"
    assert headers["x-amz-invocation-type"] == "RequestResponse"
    assert headers["x-amz-log-type"] == "Tail"
    assert "/eu-west-1/lambda/aws4_request" in headers["authorization"]
    assert payload == b'{"Records":[]}'


def test_a_trace_header_goes_along_unsigned_and_with_its_own_call_alone(
    endpoint: LambdaEndpoint, invoker: Invoker
) -> None:
    payload = Payload(b"{}")
    payload.trace_header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    invoker.invoke(arn("echo"), payload, 3)
    invoker.invoke(arn("echo"), Payload(b"{}"), 3)

    with_header, without = (headers for _, headers, _ in endpoint.calls)
    assert with_header["x-amzn-trace-id"] == payload.trace_header
    assert "x-amzn-trace-id" not in with_header["authorization"]
    assert "x-amzn-trace-id" not in without


def test_a_log_that_cannot_be_read_takes_nothing_from_the_answer(invoker: Invoker) -> None:
    assert invoker.invoke(arn("unlogged"), Payload(b"{}"), 3) == Responded(200, b"null", None, "", "request-1")


def test_an_answer_that_no_parser_follows_is_a_refusal(endpoint: LambdaEndpoint) -> None:
    clock = SystemClock()
    with closing(DirectInvoker(1, AccessBook(find, clock), clock, not_needed)) as invoker:
        refused = invoker.invoke(arn("nested"), Payload(b"{}"), 3)

    assert isinstance(refused, Refused)
    assert (refused.status, refused.code) == (400, "400")


def test_a_function_error_is_an_answer(invoker: Invoker) -> None:
    result = invoker.invoke(arn("failing"), Payload(b"{}"), 3)

    assert result == Responded(200, b'{"errorType":"KeyError"}', "Unhandled", "", "request-1")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), (None, None), ("", None), ("soon", None), ("-1", None), ("\u0661", None), ("9" * 5_000, None)],
)
def test_only_a_number_of_seconds_says_when_to_call_again(header: str | None, seconds: int | None) -> None:
    assert retry_after_seconds(header) == seconds


@pytest.mark.parametrize("function", REFUSALS)
def test_a_refusal_is_told_once_and_never_retried(endpoint: LambdaEndpoint, invoker: Invoker, function: str) -> None:
    status, code = REFUSALS[function]

    assert invoker.invoke(arn(function), Payload(b"{}"), 3) == Refused(code, status, "because", False, 7, "request-1")
    assert len(endpoint.calls) == 1


def test_an_error_page_of_something_between_is_a_refusal(invoker: Invoker) -> None:
    result = invoker.invoke(arn("page"), Payload(b"{}"), 3)

    assert isinstance(result, Refused)
    assert (result.status, result.message, result.is_unreached) == (503, "Service Unavailable", False)


@pytest.mark.parametrize(
    ("function", "code"),
    [
        ("hanging", "ReadTimeoutError"),
        ("reset", "ConnectionClosedError"),
        ("garbage", "ConnectionClosedError"),
        ("truncated", "ResponseStreamingError"),
    ],
)
def test_a_lost_answer_leaves_the_outcome_unknown_and_is_never_sent_again(
    endpoint: LambdaEndpoint, make: Make, function: str, code: str
) -> None:
    result = make(read_seconds=0.5).invoke(arn(function), Payload(b"{}"), 3)

    assert isinstance(result, Unknown)
    assert result.code == code
    assert len(endpoint.calls) == 1


def test_a_closed_port_is_a_refusal_that_may_be_tried_again(
    endpoint: LambdaEndpoint, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{port}")

    result = make().invoke(arn("echo"), Payload(b"{}"), 3)

    assert isinstance(result, Refused)
    assert (result.code, result.status, result.is_unreached) == ("EndpointConnectionError", 0, True)


def test_missing_credentials_are_a_refusal_without_a_request(
    endpoint: LambdaEndpoint, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    result = make().invoke(arn("echo"), Payload(b"{}"), 3)

    assert result == Refused("NoCredentialsError", message="Unable to locate credentials")
    assert endpoint.calls == []


def test_an_endpoint_that_is_no_url_is_a_refusal(
    endpoint: LambdaEndpoint, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "nonsense")

    result = make().invoke(arn("echo"), Payload(b"{}"), 3)

    assert isinstance(result, Refused)
    assert (result.status, result.is_unreached) == (0, False)
    assert "nonsense" in result.message


def test_a_large_event_is_let_go_of_while_the_function_still_runs(endpoint: LambdaEndpoint, make: Make) -> None:
    dropped = threading.Event()
    payload = Payload(b'{"x":"' + b"y" * 3_000_000 + b'"}', dropped.set)

    with ThreadPoolExecutor(1) as pool:
        calling = pool.submit(make().invoke, arn("hanging"), payload, 3)
        assert dropped.wait(20)
        assert not calling.done()
        endpoint.released.set()
        assert isinstance(calling.result(), Unknown)
    [(_, headers, received)] = endpoint.calls
    assert (len(received), headers["content-length"]) == (payload.size, str(payload.size))
    with pytest.raises(ValueError, match="dropped"):
        _ = payload.data


@pytest.mark.parametrize("size", [0, 1, SMALL_BYTES, SMALL_BYTES + 1, 1024 * 1024, 6_291_456])
def test_an_event_of_any_size_arrives_whole_and_signed_alike(
    endpoint: LambdaEndpoint, invoker: Invoker, size: int
) -> None:
    data = os.urandom(size)

    result = invoker.invoke(arn("echo"), Payload(data), 3)

    assert isinstance(result, Responded)
    assert result.payload == data == endpoint.calls[0][2]


def test_a_large_event_is_signed_by_its_content() -> None:
    """What a file's hash is, is botocore's to find out: it has to read the body twice, and may not find it shorter."""
    data = bytes(range(256)) * 1024
    body = SentOnce(Payload(data))
    request = AWSRequest("POST", "https://lambda.eu-west-1.amazonaws.com/", data=body)
    signer = SigV4Auth(Credentials("id", "secret"), "lambda", "eu-west-1")

    assert signer.payload(request) == hashlib.sha256(data).hexdigest()
    assert body.read() == data


def test_a_body_that_was_let_go_of_is_never_sent_shorter() -> None:
    body = SentOnce(Payload(b"x" * 100))
    for _ in range(READS):
        body.seek(0)
        while body.read(64):
            pass

    body.seek(0)
    with pytest.raises(ValueError, match="dropped"):
        body.read(64)


def test_a_connection_that_ends_while_a_large_event_is_sent_leaves_the_outcome_unknown(
    endpoint: LambdaEndpoint, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{port}")

        def hang_up() -> None:
            connection, _ = server.accept()
            connection.recv(1024)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        hanging_up = threading.Thread(target=hang_up)
        hanging_up.start()
        result = make().invoke(arn("echo"), Payload(b"x" * 6_000_000), 3)
        hanging_up.join(10)

    assert isinstance(result, Unknown)


def test_threads_call_at_the_same_time_through_one_client(endpoint: LambdaEndpoint, invoker: Invoker) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(
            pool.map(lambda n: invoker.invoke(arn("together"), Payload(json.dumps(n).encode()), 3), range(4))
        )

    assert [result.payload for result in results if isinstance(result, Responded)] == [b"0", b"1", b"2", b"3"]


def test_what_only_botocore_can_call_is_left_to_it(endpoint: LambdaEndpoint) -> None:
    clock = SystemClock()
    invoker = DirectInvoker(1, AccessBook(lambda _: Found(), clock), clock, lambda: LambdaInvoker(1))

    result = invoker.invoke(arn("echo"), Payload(b"{}"), 3)

    assert isinstance(result, Responded)
    assert "Botocore" in endpoint.calls[0][1]["user-agent"]


def test_keys_that_are_refused_are_looked_for_again_with_the_next_call(
    endpoint: LambdaEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(REFUSALS, "expired", (403, "ExpiredTokenException"))
    clock = SystemClock()
    with closing(DirectInvoker(1, AccessBook(find, clock), clock, not_needed)) as invoker:
        first = invoker.invoke(arn("expired"), Payload(b"{}"), 3)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIARENEWED")
        invoker.invoke(arn("echo"), Payload(b"{}"), 3)

    assert isinstance(first, Refused)
    assert first.code == "ExpiredTokenException"
    assert "Credential=AKIARENEWED/" in endpoint.calls[1][1]["authorization"]
