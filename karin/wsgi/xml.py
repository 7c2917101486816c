"""XML documents of the Query protocol."""

import base64
from typing import Any

import msgspec

from karin.sqs.characters import FORBIDDEN
from karin.sqs.errors import SqsError
from karin.wsgi.fields import Field, fields_of, is_structure

NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"
_HEAD = '<?xml version="1.0"?>'
# A carriage return must be a reference, or the client's parser folds CR LF into LF and the body changes. It is written
# as AWS does, in hexadecimal: older JavaScript SDKs understand nothing else.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#xD;"})


def response(action: str, result: msgspec.Struct | None, request_id: str) -> bytes:
    """Return a response document."""
    content = "" if result is None else _element(f"{action}Result", _members(result))
    metadata = _element("ResponseMetadata", _element("RequestId", request_id))
    return f'{_HEAD}<{action}Response xmlns="{NAMESPACE}">{content}{metadata}</{action}Response>'.encode()


def error(fault: SqsError, request_id: str) -> bytes:
    """Return an error document."""
    kind = "Sender" if fault.is_sender_fault else "Receiver"
    details = "".join(
        (
            _element("Type", kind),
            _element("Code", fault.code),
            _element("Message", escape(fault.query_message)),
            _element("Detail", ""),
        )
    )
    content = _element("Error", details) + _element("RequestId", request_id)
    return f'{_HEAD}<ErrorResponse xmlns="{NAMESPACE}">{content}</ErrorResponse>'.encode(errors="replace")


def escape(text: str) -> str:
    """Return text fit for an element; characters that XML 1.0 lacks become U+FFFD."""
    return FORBIDDEN.sub("\ufffd", text).translate(_ESCAPES)


def _element(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>" if content else f"<{name}/>"


def _members(result: msgspec.Struct) -> str:
    return "".join(_member(field, getattr(result, field.attribute)) for field in fields_of(type(result)))


def _member(field: Field, value: Any) -> str:
    if value is None:
        return ""
    if field.kind == "list":
        return "".join(_element(field.flat.name, _content(field.item, item)) for item in value)
    if field.kind == "map":
        return "".join(
            _element(
                field.flat.name,
                _element(field.flat.key, escape(key)) + _element(field.flat.value, _content(field.item, item)),
            )
            for key, item in value.items()
        )
    return _element(field.json_name, _content(field.item, value))


def _content(item: Any, value: Any) -> str:
    if is_structure(item):
        return _members(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return escape(str(value))
