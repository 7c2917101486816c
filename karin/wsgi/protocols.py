"""The two protocols as one interface, and the choice between them: from the headers alone, never from the path.

A request with ``X-Amz-Target`` speaks JSON 1.0; any other speaks Query, whose action is a parameter.
"""

from collections.abc import Mapping
from typing import Protocol, TypeVar

import msgspec

from karin.sqs.errors import SqsError
from karin.wsgi.json_protocol import JsonProtocol
from karin.wsgi.query_protocol import QueryProtocol
from karin.wsgi.request import HttpRequest

ShapeT = TypeVar("ShapeT", bound=msgspec.Struct)


class WireProtocol(Protocol):
    """One spelling of requests, responses and errors."""

    content_type: str

    @property
    def action(self) -> str | None:
        """Return the action that the request names."""
        ...

    def read(self, shape: type[ShapeT]) -> ShapeT:
        """Return the request as a shape; raises MalformedInput."""
        ...

    def write(self, result: msgspec.Struct | None, request_id: str) -> bytes:
        """Return a response body; None is an action without a result."""
        ...

    def write_error(self, error: SqsError, request_id: str) -> tuple[bytes, Mapping[str, str]]:
        """Return an error's body and headers of its own."""
        ...


def choose(request: HttpRequest) -> WireProtocol:
    """Return the protocol that a request speaks, holding the request."""
    target = request.headers.get("x-amz-target")
    return QueryProtocol(request) if target is None else JsonProtocol(target, request.body)
