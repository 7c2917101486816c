"""What an answer's head tells of clocks and of who answers, and what a dry run says, against a real HTTP server."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from botocore.retries.standard import ExponentialBackoff

from karin.aws.inspection import AwsInspector, DryRun, _ahead_ms
from karin.clock import SystemClock
from tests.aws_environ import point_aws_at
from tests.clocks import ManualClock
from tests.local_http import LocalServer, Quiet

REGION = "eu-west-1"
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:123456789012:function:work"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:123456789012:jobs"
SECOND_MS = 1_000


class Aws(LocalServer):
    """Answers everything alike, at the real time."""

    def __init__(self) -> None:
        super().__init__(Handler)
        self.status, self.code, self.health = 200, "", b"{}"


class Handler(Quiet, BaseHTTPRequestHandler):
    """Answers as the server is told to."""

    server: Aws

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = b'{"message":"no"}' if self.server.code else b"{}"
        content = self.server.health if self.path == "/healthz" else content
        self.send_response(self.server.status)
        if self.server.code:
            self.send_header("x-amzn-errortype", self.server.code)
        self.send_header("Content-Length", str(0 if self.server.status == 204 else len(content)))
        self.end_headers()
        if self.server.status != 204:
            self.wfile.write(content)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with Aws() as server:
        point_aws_at(monkeypatch, LAMBDA=server.url, SQS=server.url)
        yield server


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore try again at once."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)


def inspector(*, clock_ahead_ms: int = 0) -> AwsInspector:
    return AwsInspector(ManualClock(SystemClock().now_ms() + clock_ahead_ms))


@pytest.mark.parametrize("ahead_s", [400, 90, -90])
def test_a_wrong_clock_is_told_to_the_second(aws: Aws, ahead_s: int) -> None:
    began_ms = SystemClock().now_ms()
    heard = inspector(clock_ahead_ms=ahead_s * SECOND_MS).hear_lambda(REGION)
    took_ms = SystemClock().now_ms() - began_ms

    assert heard.clock_ahead_ms is not None
    assert abs(heard.clock_ahead_ms - ahead_s * SECOND_MS) <= 2 * SECOND_MS + took_ms


def test_a_right_clock_is_not_suspected(aws: Aws) -> None:
    assert AwsInspector(SystemClock()).hear_lambda(REGION).clock_ahead_ms == 0


def test_a_refusal_tells_the_time_as_well(aws: Aws) -> None:
    aws.status, aws.code = 403, "AccessDeniedException"

    heard = inspector(clock_ahead_ms=400 * SECOND_MS).hear_lambda(REGION)

    assert heard.clock_ahead_ms is not None
    assert heard.clock_ahead_ms > 390 * SECOND_MS


@pytest.mark.parametrize(
    ("status", "health", "is_karin"),
    [
        (200, b'{"status": "ok"}', True),
        (503, b'{"status": "unavailable", "reason": "no scheduler"}', True),
        (200, b"{}", False),
        (404, b"<html>", False),
        (200, b"[]", False),
    ],
)
def test_karins_own_endpoint_is_told_from_aws(aws: Aws, status: int, health: bytes, is_karin: bool) -> None:
    aws.status, aws.health = status, health
    aws.code = "InvalidAction" if status >= 400 else ""

    heard = AwsInspector(SystemClock()).hear_sqs(QUEUE_ARN)

    assert (heard.is_karin, heard.url) == (is_karin, aws.url)


@pytest.mark.parametrize(
    "date",
    [
        "",
        "yesterday",
        "Thu, 28 May 20262026202620262026 20:30:00 GMT",
        "Thu, 28 May 2026 20:2147483648:00 GMT",
    ],
)
def test_a_date_that_is_none_tells_nothing(date: str) -> None:
    assert _ahead_ms(date, 0, 1) is None


def test_silence_tells_nothing(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")

    assert inspector().hear_lambda(REGION).clock_ahead_ms is None


@pytest.mark.parametrize(
    ("status", "code", "said", "is_certain"),
    [
        (204, "", "", True),
        (403, "AccessDeniedException", "AccessDeniedException: allow lambda:InvokeFunction", True),
        (404, "ResourceNotFoundException", "it does not exist: deploy it, or remove its mapping", True),
        (429, "TooManyRequestsException", "too many requests", False),
    ],
)
def test_a_dry_run_tells_whether_a_function_may_be_called(
    aws: Aws, status: int, code: str, said: str, is_certain: bool
) -> None:
    aws.status, aws.code = status, code

    tried = inspector().dry_run(FUNCTION_ARN)

    assert (tried.function_arn, tried.is_certain) == (FUNCTION_ARN, is_certain)
    assert said in tried.problem
    assert bool(tried.problem) is bool(said)


def test_a_dry_run_that_nobody_answers_is_not_certain(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")

    tried = inspector().dry_run(FUNCTION_ARN)

    assert isinstance(tried, DryRun)
    assert not tried.is_certain
    assert "no answer from http://127.0.0.1:9" in tried.problem
