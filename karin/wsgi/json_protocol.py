"""AWS JSON 1.0: members by name, errors by ``__type`` and, for clients of old, by ``x-amzn-query-error``."""

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from karin.sqs.errors import InvalidAction, MalformedInput, SqsError
from karin.wsgi.counting import check_json

TARGET_PREFIX = "AmazonSQS."
ShapeT = TypeVar("ShapeT", bound=msgspec.Struct)

_encoder = msgspec.json.Encoder()
_decoders: dict[type[msgspec.Struct], msgspec.json.Decoder[msgspec.Struct]] = {}
_COMPLAINT = re.compile(r"Expected `(?P<expected>[^`]*)`, got `(?P<got>\w+)`")
_INSTEAD_OF_SCALARS = {"array": "Expected list or null", "object": "Expected null"}
_VALUES = {"str": "STRING_VALUE", "int": "NUMBER_VALUE", "float": "NUMBER_VALUE", "bool": "BOOLEAN_VALUE"}


class JsonProtocol:
    """One request in AWS JSON 1.0."""

    content_type = "application/x-amz-json-1.0"

    def __init__(self, target: str, body: bytes) -> None:
        self._target = target
        self._body = body

    @property
    def action(self) -> str | None:
        """Return the action after ``AmazonSQS.``; raises InvalidAction for another service's target."""
        if not self._target.startswith(TARGET_PREFIX):
            raise InvalidAction(f"The action {self._target} is not valid for this endpoint.")
        return self._target.removeprefix(TARGET_PREFIX)

    def read(self, shape: type[ShapeT]) -> ShapeT:
        """Return the request as a shape; an empty body is an empty request. Raises MalformedInput."""
        check_json(self._body, is_batch="entries" in shape.__struct_fields__)
        try:
            return _decoder(shape).decode(self._body or b"{}")  # type: ignore[return-value]
        except msgspec.ValidationError as error:
            raise MalformedInput(complaint(str(error))) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise MalformedInput("The request body is not valid JSON.") from None

    def write(self, result: msgspec.Struct | None, request_id: str) -> bytes:  # noqa: ARG002 - it goes in a header
        """Return a response body, empty for an action without a result."""
        return b"" if result is None else _encoder.encode(result)

    def write_error(
        self,
        error: SqsError,
        request_id: str,  # noqa: ARG002 - it goes in a header
    ) -> tuple[bytes, Mapping[str, str]]:
        """Return an error's body, and the header from which SDKs take the Query protocol's code."""
        body = _encoder.encode({"__type": f"{error.namespace}#{error.shape}", "message": error.message})
        fault = "Sender" if error.is_sender_fault else "Receiver"
        return body, {"x-amzn-query-error": f"{error.code};{fault}"}


def complaint(text: str) -> str:
    """Return what AWS says when a member has the wrong JSON type, from what msgspec says."""
    found = _COMPLAINT.search(text)
    if not found:
        return text.split(" - at", 1)[0]
    if found["got"] == "null":
        return "Null found where not expected"
    if found["got"] == "array":
        return "Start of list found where not expected"
    if found["got"] == "object":
        return "Start of structure or map found where not expected."
    expected = found["expected"].split(" ", 1)[0]
    if expected in _INSTEAD_OF_SCALARS:
        return _INSTEAD_OF_SCALARS[expected]
    kind = "an Integer" if expected == "int" else "a String"
    return f"{_VALUES.get(found['got'], found['got'])} can not be converted to {kind}"


def _decoder(shape: type[ShapeT]) -> msgspec.json.Decoder[msgspec.Struct]:
    if shape not in _decoders:
        _decoders[shape] = msgspec.json.Decoder(shape)
    return _decoders[shape]
