"""Targets on the wire, before any store: both decoders with every action's shape, and what claims to be a signature."""

import json
import uuid
from typing import Any
from urllib.parse import urlencode

import msgspec
from hypothesis import strategies as st

from karin.sqs.errors import SqsError
from karin.sqs.names import QueueId
from karin.sqs.receipts import Receipt
from karin.wsgi.actions import ACTIONS
from karin.wsgi.json_protocol import JsonProtocol
from karin.wsgi.protocols import WireProtocol
from karin.wsgi.query_protocol import QueryProtocol
from karin.wsgi.request import HttpRequest
from karin.wsgi.sigv4 import Claim, confirm, read_claim
from tests.fuzz.target import Target
from tests.fuzz.values import any_text, documents, long, texts
from tests.wire.good_requests import ACTIONS as NAMES
from tests.wire.good_requests import World, flattened, good_request
from tests.wire.query_model import ENTRIES, ITEMS, json_model
from tests.wire.sdk import ACCOUNT

NOW_MS = 1_780_000_000_000
DATE, DAY = "20260528T203000Z", "20260528"
KEYS = {"AKIDEXAMPLE": "a-secret-of-nobody"}
MEMBERS = sorted({name for shape in json_model()["shapes"].values() for name in shape.get("members", {})})
PARAMETERS = sorted({*MEMBERS, *ITEMS.values(), *(part for entry in ENTRIES.values() for part in entry)})


def _json(given: tuple[str, bytes]) -> None:
    action, body = given
    _check_read(JsonProtocol(f"AmazonSQS.{action}", body), action)


def _query(given: tuple[str, str]) -> None:
    action, form = given
    body = form.encode(errors="surrogatepass")
    protocol = QueryProtocol(HttpRequest("POST", "/", f"Action={action}", {}, body))
    assert isinstance(protocol.action, str)
    _check_read(protocol, action)


def _check_read(protocol: WireProtocol, action: str) -> None:
    """Read a request, which may be refused; what is read is of the action's shape, and can be written again."""
    shape = ACTIONS[action].request
    request = protocol.read(shape)
    assert isinstance(request, shape)
    assert msgspec.json.decode(msgspec.json.encode(request), type=shape) == request


def _signed(request: HttpRequest) -> None:
    claim: Any = read_claim(request, KEYS, NOW_MS)
    assert isinstance(claim, Claim)
    confirm(claim, request.body)
    raise AssertionError("nobody knows the secret")


_actions = st.sampled_from(NAMES)
_bodies = st.one_of(documents(st.sampled_from(MEMBERS)), long).map(lambda text: text.encode(errors="surrogatepass"))
_parts = st.one_of(st.sampled_from(PARAMETERS), st.integers(0, 12).map(str), st.just("9" * 12), texts)
_names = st.lists(_parts, min_size=1, max_size=8).map(".".join)
_forms = st.one_of(
    st.lists(st.tuples(_names, texts), max_size=15).map(lambda pairs: urlencode(pairs, errors="replace")), long
)
_credentials = st.one_of(
    st.sampled_from(
        [f"AKIDEXAMPLE/{DAY}/us-east-1/sqs/aws4_request", f"OTHER/{DAY}/us-east-1/sqs/aws4_request", "////"]
    ),
    texts,
)
_headers = st.one_of(st.sampled_from(["host", "host;x-amz-date", "Host;host", ";"]), texts, long)
_signatures = st.one_of(st.sampled_from(["0" * 64, "", "\xe9"]), texts)
_dates = st.one_of(st.sampled_from([DATE, DAY, "Thu, 28 May 2026 20:30:00 GMT", "20261340T256199Z"]), texts)
_paths = st.sampled_from(["/", "//", "/../..", "/%FF/%00", "/000000000000/work"])


def _by_header(parts: tuple[str, ...]) -> HttpRequest:
    credential, headers, signature, date, path = parts
    said = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={headers}, Signature={signature}"
    return HttpRequest("POST", path, "", {"authorization": said, "x-amz-date": date, "host": "h"}, b"body")


def _presigned(parts: tuple[str, ...]) -> HttpRequest:
    credential, headers, signature, date, path, expires = parts
    pairs = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": credential,
        "X-Amz-SignedHeaders": headers,
        "X-Amz-Signature": signature,
        "X-Amz-Date": date,
        "X-Amz-Expires": expires,
    }
    return HttpRequest("GET", path, urlencode(pairs, errors="replace"), {"host": "h"})


_signed_by_header = st.tuples(_credentials, _headers, _signatures, _dates, _paths).map(_by_header)
_expiries = st.one_of(st.sampled_from(["1", "604800", "604801", "0"]), texts)
_signed_by_query = st.tuples(_credentials, _headers, _signatures, _dates, _paths, _expiries).map(_presigned)
_any_header = texts.map(lambda text: HttpRequest("GET", "/", text, {"authorization": text, "date": text, "host": text}))


def _action_and_body(data: bytes) -> tuple[str, bytes]:
    """Return the action that a first line begins with, any for another, and the body behind it."""
    name, _, body = data.partition(b"\n")
    action = any_text(name)
    return (action if action in ACTIONS else NAMES[len(data) % len(NAMES)]), body


def _action_and_form(data: bytes) -> tuple[str, str]:
    action, body = _action_and_body(data)
    return action, any_text(body)


def _head(data: bytes) -> HttpRequest:
    """Return a request: its Authorization header, date, host and target in lines, the body behind them."""
    lines = data.decode("latin-1").split("\n", 4)
    authorization, date, host, target, body = lines + [""] * (5 - len(lines))
    path, _, query = target.partition("?")
    headers = {"x-amz-date": date, "host": host} | ({"authorization": authorization} if authorization else {})
    return HttpRequest("POST", path, query, headers, body.encode("latin-1"))


_WORLD = World("", Receipt(QueueId(ACCOUNT, "work"), str(uuid.UUID(int=7)), 1, NOW_MS).handle, "e30=")
_JSON = tuple(f"{action}\n{json.dumps(good_request(action, _WORLD))}".encode() for action in NAMES)
_FORMS = tuple(f"{action}\n{urlencode(flattened(action, good_request(action, _WORLD)))}".encode() for action in NAMES)
_SCOPE = f"AKIDEXAMPLE/{DAY}/us-east-1/sqs/aws4_request"
_ALGORITHM = "AWS4-HMAC-SHA256"
_HEADS = (
    f"{_ALGORITHM} Credential={_SCOPE}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}\n{DATE}\nh\n/a/../b\nx",
    f"{_ALGORITHM} Credential={_SCOPE},SignedHeaders=Host,Signature=0\nThu, 28 May 2026 20:30:00 GMT\nh\n//%41?b=%20\n",
    (
        f"\n\nh\n/?X-Amz-Algorithm={_ALGORITHM}&X-Amz-Credential={_SCOPE}&X-Amz-SignedHeaders=host"
        f"&X-Amz-Date={DATE}&X-Amz-Expires=900&X-Amz-Signature={'0' * 64}&Action=ListQueues\n"
    ),
)

TARGETS = (
    Target("JSON requests", st.tuples(_actions, _bodies), _json, (SqsError,), _JSON, _action_and_body),
    Target("Query requests", st.tuples(_actions, _forms), _query, (SqsError,), _FORMS, _action_and_form),
    Target(
        "signatures",
        st.one_of(_signed_by_header, _signed_by_query, _any_header),
        _signed,
        (SqsError,),
        tuple(head.encode() for head in _HEADS),
        _head,
    ),
)
