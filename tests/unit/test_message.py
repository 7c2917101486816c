"""Messages and their stored form."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from karin.sqs.message import (
    RETAINED_FROM_DIGITS,
    Message,
    MessageAttribute,
    message_bytes,
    pack_message,
    unpack_message,
)

texts = st.text(st.characters(codec="utf-8"))
optional_texts = st.none() | texts
attributes = st.one_of(
    st.builds(MessageAttribute, data_type=texts, string_value=texts),
    st.builds(MessageAttribute, data_type=texts, binary_value=st.binary()),
)
messages = st.builds(
    Message,
    message_id=st.uuids().map(str),
    body=texts,
    sent_at_ms=st.integers(0, 10**RETAINED_FROM_DIGITS - 1),
    sender_id=texts,
    attributes=st.dictionaries(texts, attributes, max_size=10),
    trace_header=optional_texts,
    group_id=optional_texts,
    deduplication_id=optional_texts,
    dead_letter_source_arn=optional_texts,
)


@given(messages)
def test_a_message_is_read_back_as_it_was_stored(message: Message) -> None:
    packed = pack_message(message)

    assert unpack_message(message.message_id, packed) == message
    assert int(packed[:RETAINED_FROM_DIGITS]) == message.sent_at_ms


def test_a_retention_that_began_later_than_the_send_is_kept() -> None:
    message = Message(message_id="id", body="", sent_at_ms=1_700_000_000_000, retained_from_ms=1_700_000_500_000)

    packed = pack_message(message)

    assert packed.startswith(b"1700000500000")
    assert unpack_message("id", packed) == message


@pytest.mark.parametrize("packed", [b"", b"1700000000000", b"1700000000000\xc1", b"1700000000000\x90"])
def test_bytes_that_are_no_message_are_refused(packed: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        unpack_message("id", packed)


def test_a_size_counts_bytes_of_body_names_types_and_values() -> None:
    assert message_bytes("", {}) == 0
    assert message_bytes("한글👋", {}) == 10
    assert message_bytes(
        "body",
        {
            "이름": MessageAttribute("String", string_value="값"),
            "blob": MessageAttribute("Binary.x", binary_value=b"\x00" * 5),
        },
    ) == 4 + (6 + 6 + 3) + (4 + 8 + 5)
