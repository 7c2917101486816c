"""The MD5 digests that SQS clients verify (SQS developer guide, "Calculating the MD5 message digest")."""

import hashlib
import struct
from collections.abc import Mapping
from typing import Protocol

STRING_VALUE = b"\x01"
BINARY_VALUE = b"\x02"


class TypedValue(Protocol):
    """What the digest needs of a message attribute."""

    @property
    def data_type(self) -> str | None:
        """Return the full type, custom suffix included."""
        ...

    @property
    def value(self) -> bytes:
        """Return the raw value."""
        ...


def md5_of_body(body: str) -> str:
    """Return the hex MD5 of a body's UTF-8 bytes."""
    return hashlib.md5(body.encode()).hexdigest()


def md5_of_attributes(attributes: Mapping[str, TypedValue] | None) -> str | None:
    """Return the hex MD5 over message attributes sorted by name, or None when there are none."""
    if not attributes:
        return None
    digest = hashlib.md5()
    for name in sorted(attributes):
        data_type = attributes[name].data_type or ""
        digest.update(_sized(name.encode()) + _sized(data_type.encode()))
        digest.update(BINARY_VALUE if data_type.startswith("Binary") else STRING_VALUE)
        digest.update(_sized(attributes[name].value))
    return digest.hexdigest()


def _sized(part: bytes) -> bytes:
    return struct.pack(">I", len(part)) + part
