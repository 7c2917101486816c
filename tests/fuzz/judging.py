"""What every answer must be: no fault of the server, well-formed in the caller's protocol, a known result or error."""

import http.client
import io
import json
from collections.abc import Iterator
from typing import Any

import botocore.model
import botocore.parsers
from botocore.validate import ParamValidator

from karin.sqs.errors import CORAL, SqsError
from tests.wire.good_requests import MODEL
from tests.wire.query_model import query_model
from tests.wire.raw import JSON_TYPE, Answer

QUERY_MODEL = botocore.model.ServiceModel(query_model())
QUERY_JSON_TYPE = "application/json"
UNKNOWN = b"<UnknownOperationException/>"
TYPES = {"json": JSON_TYPE, "query": "text/xml", "query-json": QUERY_JSON_TYPE}
GUNICORNS_OWN = frozenset({400, 405, 413, 414, 417, 431, 501, 505})  # of heads that are no HTTP or beyond its limits
_PARSERS = {protocol: botocore.parsers.create_parser(protocol) for protocol in ("json", "query")}
_ERRORS = {(error.status, error.code, error.shape): error for error in SqsError.__subclasses__()}
_SPELT = {(status, code) for status, code, _ in _ERRORS}
_SHAPES = {shape.name for shape in MODEL.error_shapes}


def answers(raw: bytes, method: str = "GET") -> Iterator[Answer]:
    """Yield the answers that stand one after the other in some bytes; raises AssertionError for what is none."""
    file = io.BytesIO(raw)
    while file.tell() < len(raw):
        response = http.client.HTTPResponse(_Buffer(file), method=method)  # type: ignore[arg-type]
        try:
            response.begin()
            body = response.read()
        except http.client.HTTPException as error:
            raise AssertionError(f"no HTTP: {error!r}") from error
        yield Answer(response.status, response.headers, body)


def judge(answer: Answer, action: str | None = None, protocol: str | None = None) -> Any:
    """Assert that an answer is right by itself; return its result as botocore reads it, None for an error.

    Without an action, or without a protocol, the request may have been of any.
    """
    if "x-amzn-requestid" not in answer.headers:
        assert answer.status in GUNICORNS_OWN, "the server's own answer to what is no HTTP"
        return None
    assert answer.status < 500, "a fault of the server"
    kind = answer.headers["content-type"]
    assert kind in TYPES.values()
    if (answer.status, answer.body) == (404, UNKNOWN):
        return None
    assert protocol is None or kind == TYPES[protocol], f"asked in {protocol}"
    if answer.status != 200:
        _judge_error(answer)
        return None
    if kind == JSON_TYPE:
        assert not answer.body or isinstance(answer.json(), dict)
    elif kind == QUERY_JSON_TYPE:
        (name,) = json.loads(answer.body)
        assert name.endswith("Response")
        return None
    else:
        assert answer.xml().tag.endswith("Response")
    return _parsed(answer, action, "json" if kind == JSON_TYPE else "query") if action else None


def _judge_error(answer: Answer) -> None:
    if answer.headers["content-type"] == QUERY_JSON_TYPE:
        body = json.loads(answer.body)
        assert body.keys() == {"Error", "RequestId"}
        assert body["Error"].keys() == {"Code", "Detail", "Message", "Type"}
        assert (answer.status, body["Error"]["Code"]) in _SPELT
        return
    fault = answer.fault()
    if len(fault) == 1:
        assert (answer.status, fault[0]) in _SPELT
    else:
        error = _ERRORS[(answer.status, fault[0], fault[1])]
        assert error.namespace == CORAL or error.shape in _SHAPES


def _parsed(answer: Answer, action: str, protocol: str) -> Any:
    shape = (MODEL if protocol == "json" else QUERY_MODEL).operation_model(action).output_shape
    whole = {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.body}
    result = _PARSERS[protocol].parse(whole, shape)  # type: ignore[arg-type] # it takes None for no result
    result.pop("ResponseMetadata")
    if shape is None:
        assert not result
        return result
    # AWS leaves out lists without items, also those that its model requires.
    empty: dict[str, Any] = {
        name: [] for name in shape.required_members if shape.members[name].type_name == "list" and name not in result
    }
    report = ParamValidator().validate(empty | (json.loads(answer.body) if protocol == "json" else result), shape)
    assert not report.has_errors(), report.generate_report()
    return result


class _Buffer:
    """The part of a socket that http.client reads an answer from."""

    def __init__(self, file: io.BytesIO) -> None:
        self._file = file

    def makefile(self, _mode: str) -> "_Unclosed":
        return _Unclosed(self._file)


class _Unclosed(io.BufferedReader):
    """Reads from a file and leaves it open, right behind what was read."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(io.BytesIO())
        self._file = file

    def readline(self, size: int | None = -1, /) -> bytes:
        return self._file.readline(-1 if size is None else size)

    def read(self, size: int | None = -1, /) -> bytes:
        return self._file.read(size)

    def close(self) -> None:
        return
