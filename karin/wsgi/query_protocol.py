"""The Query protocol: flattened parameters in, XML out (SQS API reference, "Making Query API requests").

A caller that accepts JSON and nothing else is answered in JSON.
"""

import re
from collections.abc import Container, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from karin.sqs.errors import MalformedInput, SqsError
from karin.wsgi import query_json, xml
from karin.wsgi.counting import MOST_VALUES, is_batch_form, too_many_values
from karin.wsgi.fields import Field, fields_of, is_structure
from karin.wsgi.json_protocol import complaint
from karin.wsgi.request import HttpRequest

MOST_PARAMETERS = MOST_VALUES
UNREADABLE = "The request parameters cannot be read."
MOST_PARTS = 7  # of a name, as in SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringListValue.1
ShapeT = TypeVar("ShapeT", bound=msgspec.Struct)
Tree = dict[str, "Tree | str"]
_PLACE = re.compile(r"\d{1,9}", re.ASCII)


class QueryProtocol:
    """One request in the Query protocol: a form in the body, or parameters in the URL."""

    def __init__(self, request: HttpRequest) -> None:
        accept = (request.headers.get("accept") or "").lower()
        self._in_json = accept.startswith("application/json")
        self.content_type = "application/json" if self._in_json else "text/xml"
        form = "application/x-www-form-urlencoded"
        self._is_form = request.method == "POST" and (request.headers.get("content-type") or form).lower().startswith(
            form
        )
        self._query_string = request.query_string
        self._body = request.body
        self._parameters: dict[str, str] | None = None

    @property
    def action(self) -> str | None:
        """Return the ``Action`` parameter; raises MalformedInput."""
        return self._read_parameters().get("Action")

    def read(self, shape: type[ShapeT]) -> ShapeT:
        """Return the request as a shape; raises MalformedInput."""
        known = {field.flat.name for field in fields_of(shape)}
        values = _structure(shape, _tree(self._read_parameters(), known))
        try:
            return msgspec.convert(values, shape, strict=False)
        except msgspec.ValidationError as error:
            raise MalformedInput(complaint(str(error))) from None

    def write(self, result: msgspec.Struct | None, request_id: str) -> bytes:
        """Return a response document; an action without a result has metadata only."""
        response = query_json.response if self._in_json else xml.response
        return response(self.action or "", result, request_id)

    def write_error(self, error: SqsError, request_id: str) -> tuple[bytes, Mapping[str, str]]:
        """Return an error document."""
        document = query_json.error if self._in_json else xml.error
        return document(error, request_id), {}

    def _read_parameters(self) -> dict[str, str]:
        if self._parameters is None:
            try:
                texts = (self._query_string, self._body.decode() if self._is_form else "")
            except ValueError:
                raise MalformedInput(UNREADABLE) from None
            if sum(text.count("&") for text in texts) > MOST_VALUES and is_batch_form(*texts):
                raise too_many_values(is_batch=True)
            try:
                self._parameters = dict(
                    pair
                    for text in texts
                    for pair in parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
                )
            except ValueError:
                raise MalformedInput(UNREADABLE) from None
        return self._parameters


def _tree(parameters: Mapping[str, str], known: Container[str]) -> Tree:
    """Return the parameters by the parts of their names: ``A.1.Name=x`` stands at ``["A"]["1"]["Name"]``.

    Names that begin like no member are left out, and those with more parts than any member has: megabytes of dots
    would become a gigabyte of dictionaries.
    """
    root: Tree = {}
    for name, value in parameters.items():
        if name.count(".") >= MOST_PARTS or name.split(".", 1)[0] not in known:
            continue
        *path, last = name.split(".")
        node = root
        for part in path:
            below = node.setdefault(part, {})
            if not isinstance(below, dict):
                raise MalformedInput(f"The parameter {name} contradicts another.")
            node = below
        if isinstance(node.get(last), dict):
            raise MalformedInput(f"The parameter {name} contradicts another.")
        node[last] = value
    return root


def _structure(shape: type, tree: Tree) -> dict[str, Any]:
    return {
        field.json_name: _value(field, tree[field.flat.name]) for field in fields_of(shape) if field.flat.name in tree
    }


def _value(field: Field, node: Tree | str) -> Any:
    if field.kind == "scalar":
        return _item(field.item, node)
    items = _in_order(node)
    if field.kind == "list":
        return [_item(field.item, item) for item in items]
    pairs = [item for item in items if isinstance(item, dict)]
    return {_text(pair.get(field.flat.key, "")): _item(field.item, pair.get(field.flat.value, "")) for pair in pairs}


def _in_order(node: Tree | str) -> list[Tree | str]:
    """Return a flattened list's items by their numbers, which may have gaps; a lone item may have none."""
    if not isinstance(node, dict) or not all(_PLACE.fullmatch(part) for part in node):
        return [node]
    return [node[part] for part in sorted(node, key=int)]


def _item(item: Any, node: Tree | str) -> Any:
    if is_structure(item):
        return _structure(item, node if isinstance(node, dict) else {})
    return _text(node)


def _text(node: Tree | str) -> str:
    if isinstance(node, dict):
        raise MalformedInput("Start of structure or map found where not expected.")
    return node
