"""Requests as bytes: any parameters, right or wrong, in either protocol, with the head that a client would send."""

import json
import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

from tests.fuzz.endpoint import HOST
from tests.wire.good_requests import MODEL
from tests.wire.query_model import ENTRIES, ITEMS, query_model
from tests.wire.raw import FORM_TYPE, JSON_TYPE
from tests.wire.signing import Request

LONGEST_URL = 6_000
_LOCATIONS = {
    (name, member): spelt.get("locationName", member)
    for name, shape in query_model()["shapes"].items()
    for member, spelt in shape.get("members", {}).items()
}
_NOT_IN_HEADERS = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


def in_json(action: str, parameters: Any, chance: random.Random) -> Request:
    """Return a request in JSON; surrogates stand in it as escapes, or as the bytes that UTF-8 forbids."""
    text = json.dumps(parameters, ensure_ascii=chance.random() < 0.7)
    headers = {"Content-Type": JSON_TYPE, "X-Amz-Target": f"AmazonSQS.{action}"}
    return Request("POST", "/", headers, text.encode(errors="surrogatepass"))


def in_query(action: str, parameters: Any, chance: random.Random) -> Request:
    """Return a request in the Query protocol: mostly a form, else in the URL when that is short enough."""
    shape = MODEL.operation_model(action).input_shape
    pairs = [("Action", action), ("Version", "2012-11-05")]
    if isinstance(parameters, dict) and shape:
        pairs += [pair for name, value in parameters.items() for pair in _member(shape, name, value)]
    form = urlencode([(_bytes(name), _bytes(value)) for name, value in pairs])
    headers = {"Accept": "application/json"} if chance.random() < 0.2 else {}
    if chance.random() < 0.3 and len(form) < LONGEST_URL:
        return Request("GET", f"/?{form}", headers, b"")
    return Request("POST", "/", headers | {"Content-Type": FORM_TYPE}, form.encode())


def written(request: Request) -> bytes:
    """Return a request as bytes."""
    target = quote_from_bytes(request.target.encode("latin-1", "replace"), safe="/?&=%+:;,.-_~!*'()[]@$|{}\"<>\\^`")
    lines = [f"{request.method} {target or '/'} HTTP/1.1", f"Host: {HOST}"]
    lines += [f"{name}: {_NOT_IN_HEADERS.sub(' ', value)}" for name, value in request.headers.items()]
    lines += [f"Content-Length: {len(request.body)}"] if request.body or request.method != "GET" else []
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + request.body


def _member(shape: Any, name: str, value: Any) -> Iterator[tuple[str, str]]:
    member = shape.members.get(name)
    spelt = _LOCATIONS.get((shape.name, name), name)
    yield from _flat(spelt, value, member)


def _flat(prefix: str, value: Any, shape: Any) -> Iterator[tuple[str, str]]:
    """Yield the parameters of a value: as its shape says, else as whoever flattens anything would."""
    kind = shape.type_name if shape is not None else ""
    if isinstance(value, list):
        stem = ITEMS.get(shape.name, prefix) if kind == "list" else prefix
        base = prefix.rpartition(".")[0]
        stem = f"{base}.{stem}" if base and kind == "list" else stem
        for number, item in enumerate(value, 1):
            yield from _flat(f"{stem}.{number}", item, shape.member if kind == "list" else None)
    elif isinstance(value, dict) and kind == "map":
        _, key_name, value_name = ENTRIES[shape.name]
        for number, (key, item) in enumerate(value.items(), 1):
            yield f"{prefix}.{number}.{key_name}", str(key)
            yield from _flat(f"{prefix}.{number}.{value_name}", item, shape.value)
    elif isinstance(value, dict):
        for name, item in value.items():
            inner = shape.members.get(name) if kind == "structure" else None
            spelt = _LOCATIONS.get((shape.name, name), name) if kind == "structure" else name
            yield from _flat(f"{prefix}.{spelt}", item, inner)
    else:
        yield prefix, value if isinstance(value, str) else json.dumps(value)


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
