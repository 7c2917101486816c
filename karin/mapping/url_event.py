"""What a function URL makes of a request, and of the function's answer: payload format 2.0. Pure values.

Source: "Invoking Lambda function URLs" in the Lambda developer guide.
"""

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec

Headers = tuple[tuple[str, str], ...]

_TEXT_TYPES = re.compile(r"text/|application/(?:json|xml|javascript)\b|[^;]*\+(?:json|xml)\b", re.IGNORECASE)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_BROKEN = "Internal Server Error"


class UrlRequest(msgspec.Struct, frozen=True):
    """A request for a function's URL; ``path`` is what follows the function's own. Headers have lower-case names."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    source_ip: str
    received_at_ms: int


class UrlOrigin(msgspec.Struct, frozen=True):
    """What a function is told of its URL; ``identity`` is who signed where that is asked for."""

    api_id: str
    domain_name: str
    account_id: str = "anonymous"
    identity: dict[str, str | None] | None = None


class UrlAnswer(msgspec.Struct, frozen=True):
    """What the caller of a URL gets."""

    status: int
    headers: Headers
    body: bytes


def build_event(request: UrlRequest, origin: UrlOrigin, request_id: str) -> bytes:
    """Return the event that a function is called with, as JSON."""
    headers = dict(request.headers)
    cookies = [part.strip() for part in headers.pop("cookie", "").split(";") if part.strip()]
    instant = datetime.fromtimestamp(request.received_at_ms / 1000, UTC)
    context: dict[str, Any] = {
        "accountId": origin.account_id,
        "apiId": origin.api_id,
        "domainName": origin.domain_name,
        "domainPrefix": origin.api_id,
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": instant.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": request.received_at_ms,
    }
    if origin.identity is not None:
        context["authorizer"] = {"iam": origin.identity}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if request.query:
        event["queryStringParameters"] = _parameters(request.query)
    if request.body:
        event |= _body(request.body, headers.get("content-type", ""))
    return msgspec.json.encode(event)


def answer_of(payload: bytes) -> UrlAnswer:
    """Return what a function's result means for the caller; a result without a status code is the body itself."""
    try:
        result = msgspec.json.decode(payload or b"null")
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors, and so is that of bytes that are no UTF-8
        return broken()
    if not isinstance(result, dict) or "statusCode" not in result:
        body = result.encode() if isinstance(result, str) else payload
        return UrlAnswer(200, (("content-type", "application/json"),), body)
    try:
        return _described(result)
    except (ValueError, TypeError, AttributeError):  # binascii's own is a ValueError
        return broken()


def broken() -> UrlAnswer:
    """Return what the caller gets when the function failed or answered what cannot be sent."""
    return UrlAnswer(502, (("content-type", "application/json"),), _BROKEN.encode())


def _described(result: dict[str, Any]) -> UrlAnswer:
    status = int(result["statusCode"])
    if not 100 <= status <= 599:
        raise ValueError(f"{status} is no status")
    headers = {str(name).lower(): _text(value) for name, value in (result.get("headers") or {}).items()}
    headers.setdefault("content-type", "application/json")
    cookies = tuple(("set-cookie", str(cookie)) for cookie in result.get("cookies") or ())
    for name, value in (*headers.items(), *cookies):
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"{name!r} is no header")
    text = result.get("body")
    body = text.encode() if isinstance(text, str) else b"" if text is None else msgspec.json.encode(text)
    if result.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body, validate=True)
        except binascii.Error as error:
            raise ValueError(str(error)) from error
    return UrlAnswer(status, (*headers.items(), *cookies), body)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parameters(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _body(body: bytes, content_type: str) -> dict[str, object]:
    if _TEXT_TYPES.match(content_type.strip()):
        try:
            return {"body": body.decode()}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode("ascii"), "isBase64Encoded": True}
