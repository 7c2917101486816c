"""The digests that SDKs check, against vectors that several SDKs agree on."""

import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karin.sqs.digests import md5_of_attributes, md5_of_body
from karin.sqs.message import MessageAttribute

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


def text(value: str, data_type: str = "String") -> MessageAttribute:
    return MessageAttribute(data_type, string_value=value)


@pytest.mark.parametrize(
    ("attributes", "digest"),
    [
        ({"timestamp": text("1493147359900", "Number")}, "235c5c510d26fb653d073faed50ae77c"),
        (
            {
                "count": text("3", "Number"),
                "color": text("blue"),
                "blob": MessageAttribute("Binary", binary_value=b"\x01\x02\x03"),
            },
            "d838729972a4b70e2d2acd9d59ac847c",
        ),
        ({"color": text("blue")}, "da1b33cc3cbfe8b1630921e78e6b9880"),
        ({"k": text("x")}, "a45daa70926828a2f0a1db3418e6feb4"),
        ({"AWSTraceHeader": text(TRACE)}, "5ae4d5d7636402d80f4eb6d213245a88"),
    ],
    ids=["number", "all types in any order", "string", "short", "trace header"],
)
def test_attributes_are_digested_as_sdks_do_it(attributes: dict[str, MessageAttribute], digest: str) -> None:
    assert md5_of_attributes(attributes) == digest


def test_without_attributes_there_is_no_digest() -> None:
    assert md5_of_attributes({}) is None


def test_a_custom_type_is_digested_with_its_suffix_and_its_kind() -> None:
    def expected(name: bytes, data_type: bytes, kind: bytes, value: bytes) -> str:
        parts = (struct.pack(">I", len(part)) + part for part in (name, data_type))
        return hashlib.md5(b"".join(parts) + kind + struct.pack(">I", len(value)) + value).hexdigest()

    assert md5_of_attributes({"한글": text("값", "Number.won")}) == expected(
        "한글".encode(), b"Number.won", b"\x01", "값".encode()
    )
    assert md5_of_attributes({"b": MessageAttribute("Binary.png", binary_value=b"\x00\xff")}) == expected(
        b"b", b"Binary.png", b"\x02", b"\x00\xff"
    )


@given(st.text(st.characters(codec="utf-8")))
def test_a_body_is_digested_as_utf_8(body: str) -> None:
    assert md5_of_body(body) == hashlib.md5(body.encode()).hexdigest()
