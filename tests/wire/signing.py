"""Requests signed by botocore itself, at any instant, as a client sees them before a proxy or an attacker does."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import botocore.session
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.wire.raw import FORM_TYPE, JSON_TYPE, Answer, ask
from tests.wire.sdk import Protocol, SqsClient

KEY_ID, SECRET = "AKIDOFKARIN", "a-secret-of-karin/+="
REGION = "us-east-1"
KEYS = f"{KEY_ID}:{SECRET},OTHER:another-secret"
TOKEN = "token-that-nobody-knows_0123"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key"
    " and signing method. Consult the service documentation for details."
)
LIST = "/?Action=ListQueues&Version=2012-11-05"


class Request(NamedTuple):
    """A request on its way: its target is path and query."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def send(self, endpoint: str) -> Answer:
        """Send it as it is."""
        return ask(endpoint, self.method, self.target, self.body or None, self.headers)

    def signed_otherwise(self, old: str, new: str) -> "Request":
        """Return the request with another Authorization header."""
        authorization = self.headers["Authorization"]
        assert old in authorization
        return self._replace(headers=self.headers | {"Authorization": authorization.replace(old, new)})


def unsigned(protocol: Protocol, path: str = "/") -> Request:
    """Return a request that lists queues."""
    if protocol == "json":
        headers = {"Content-Type": JSON_TYPE, "X-Amz-Target": "AmazonSQS.ListQueues", "X-Amzn-Query-Mode": "true"}
        return Request("POST", path, headers, b"{}")
    return Request("POST", path, {"Content-Type": FORM_TYPE}, b"Action=ListQueues&Version=2012-11-05")


def sign(
    request: Request,
    base_url: str,
    *,
    key_id: str = KEY_ID,
    secret: str = SECRET,
    token: str | None = None,
    service: str = "sqs",
    region: str = REGION,
    age: timedelta = timedelta(),
) -> Request:
    """Return a request signed in its headers, as sent to a base URL some time ago."""
    aws = _aws_request(request, base_url)
    _sign(SigV4Auth(Credentials(key_id, secret, token), service, region), aws, age)
    return request._replace(headers=request.headers | dict(aws.headers.items()))


def presign(
    target: str,
    base_url: str,
    *,
    headers: Mapping[str, str] | None = None,
    secret: str = SECRET,
    token: str | None = None,
    age: timedelta = timedelta(),
    expires_seconds: int = 3600,
) -> Request:
    """Return a GET signed in its URL some time ago."""
    request = Request("GET", target, dict(headers or {}), b"")
    aws = _aws_request(request, base_url)
    _sign(SigV4QueryAuth(Credentials(KEY_ID, secret, token), "sqs", REGION, expires_seconds), aws, age)
    parts = urlsplit(str(aws.url))
    return request._replace(target=f"{parts.path}?{parts.query}")


def _aws_request(request: Request, base_url: str) -> AWSRequest:
    url = base_url + request.target
    return AWSRequest(method=request.method, url=url, data=request.body, headers=dict(request.headers))


def _sign(signer: Any, request: AWSRequest, age: timedelta) -> None:
    """Do what ``add_auth`` does, at another instant."""
    request.context["timestamp"] = (datetime.now(UTC) - age).strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))


def client_of(protocol: Protocol, session: botocore.session.Session, url: str, **keys: Any) -> SqsClient:
    """Return a client that signs with the right secret, unless it is given another."""
    return SqsClient(protocol, session, url, **({"key_id": KEY_ID, "secret": SECRET} | keys))
