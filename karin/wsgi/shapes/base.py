"""What every shape is made of: one typed shape for both protocols.

Field names become the JSON protocol's members; ``Flat`` beside a list or map gives its name in the Query protocol,
where both are flattened (``AttributeName.1=All``, ``Attribute.1.Name=DelaySeconds``). Required members are optional
here, because SQS itself says what is missing. A test compares the shapes with botocore's service model.
"""

from typing import Annotated, NamedTuple

import msgspec

from karin.sqs.message import MessageAttribute


class Flat(NamedTuple):
    """How a list or map is spelt in the Query protocol: its name, and for maps the names of key and value."""

    name: str
    key: str = "Name"
    value: str = "Value"


class Shape(msgspec.Struct, kw_only=True, rename="pascal", omit_defaults=True):
    """A request or response; absent and null members are the same."""


def md5(name: str) -> str | None:
    """Return a member whose name ``pascal`` would spell ``Md5``."""
    field: str | None = msgspec.field(name=name, default=None)
    return field


Attributes = Annotated[dict[str, MessageAttribute] | None, Flat("MessageAttribute")]
SystemAttributes = Annotated[dict[str, MessageAttribute] | None, Flat("MessageSystemAttribute")]


class QueueScoped(Shape):
    """A request about one queue."""

    queue_url: str | None = None


class BatchResultErrorEntry(Shape, omit_defaults=False):
    """One refused entry of a batch."""

    id: str
    sender_fault: bool
    code: str
    message: str
