"""The Query protocol's answers as JSON, for callers that send ``Accept: application/json``.

Members that are absent are null, lists have a lower-case name, maps are lists of names and values: so API Gateway's SQS
integrations, and clients without an XML parser, have always seen them.
"""

from typing import Any

import msgspec

from karin.sqs.errors import SqsError
from karin.wsgi.fields import Field, fields_of, is_structure

_encoder = msgspec.json.Encoder()


def response(action: str, result: msgspec.Struct | None, request_id: str) -> bytes:
    """Return a response document; an action without a result has metadata only."""
    content = {} if result is None else {f"{action}Result": _members(result)}
    return _encoder.encode({f"{action}Response": content | {"ResponseMetadata": {"RequestId": request_id}}})


def error(fault: SqsError, request_id: str) -> bytes:
    """Return an error document."""
    kind = "Sender" if fault.is_sender_fault else "Receiver"
    details = {"Code": fault.code, "Detail": None, "Message": fault.query_message, "Type": kind}
    return _encoder.encode({"Error": details, "RequestId": request_id})


def _members(result: msgspec.Struct) -> dict[str, Any]:
    return {_name(field): _value(field, getattr(result, field.attribute)) for field in fields_of(type(result))}


def _name(field: Field) -> str:
    return field.json_name[0].lower() + field.json_name[1:] if field.kind == "list" else field.json_name


def _value(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.kind == "list":
        return [_item(field.item, item) for item in value]
    if field.kind == "map":
        return [{field.flat.key: key, field.flat.value: _item(field.item, item)} for key, item in value.items()]
    return _item(field.item, value)


def _item(item: Any, value: Any) -> Any:
    return _members(value) if is_structure(item) else value
