"""Messages as the store keeps them: read back as they were, compressed where that is worth it, and never a bomb."""

import struct
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from karin.sqs.limits import MESSAGE_BYTES
from karin.sqs.message import Message, MessageAttribute
from karin.sqs.stored import COMPRESSED_FROM, LAST_MS, WORTH, pack_message, unpack_message

ACCOUNT = "123456789012"
SENT_AT_MS = 1_700_000_000_000
HEAD_BYTES = 6
texts = st.text(st.characters(codec="utf-8"))
bodies = texts | st.builds(str.__mul__, texts, st.integers(1, 2_000))
optional_texts = st.none() | texts
hexadecimal = st.from_regex(r"[0-9a-f]{32}|[0-9a-f]{63,65}|[0-9A-F]{64}", fullmatch=True)
optional_ids = optional_texts | st.uuids().map(str) | hexadecimal
instants = st.integers(0, LAST_MS)
attributes = st.one_of(
    st.builds(MessageAttribute, data_type=texts, string_value=texts),
    st.builds(MessageAttribute, data_type=texts, binary_value=st.binary()),
)
messages = st.builds(
    Message,
    message_id=st.uuids().map(str),
    body=bodies,
    sent_at_ms=instants,
    sender_id=texts | st.just(ACCOUNT),
    attributes=st.dictionaries(texts, attributes, max_size=10),
    trace_header=optional_texts,
    group_id=optional_ids,
    deduplication_id=optional_ids,
    dead_letter_source_arn=optional_texts,
)


def message(body: str, **others: object) -> Message:
    """Return a message with nothing unusual but what is given."""
    return Message("id", body, SENT_AT_MS, ACCOUNT, **others)  # type: ignore[arg-type]


def version_1(one: Message) -> bytes:
    """Return a message as an older karin stored it."""
    others = (one.trace_header, one.group_id, one.deduplication_id, one.dead_letter_source_arn)
    packed = {
        name: (value.data_type, value.value if value.string_value is None else value.string_value)
        for name, value in one.attributes.items()
    }
    fields = [one.sent_at_ms, one.body, one.sender_id, packed, *others]
    return f"{one.retained_from_ms or one.sent_at_ms:013d}".encode() + msgspec.msgpack.encode(fields)


@given(messages)
def test_a_message_is_read_back_as_it_was_stored(one: Message) -> None:
    packed = pack_message(one, ACCOUNT)

    assert unpack_message(one.message_id, packed, ACCOUNT) == one
    assert int.from_bytes(packed[:HEAD_BYTES]) & LAST_MS == one.sent_at_ms
    assert packed[0] >= 0x80, "version 1 begins with a digit"


@given(messages, st.integers(1, 300))
def test_the_beginning_of_a_body_is_cut_between_characters(one: Message, most: int) -> None:
    expected = one.body.encode()[:most].decode(errors="ignore")

    for packed in (pack_message(one, ACCOUNT), version_1(one)):
        assert unpack_message(one.message_id, packed, ACCOUNT, most_body_bytes=most).body == expected


@given(messages)
def test_what_an_older_karin_stored_is_read(one: Message) -> None:
    assert unpack_message(one.message_id, version_1(one), ACCOUNT) == one


def test_a_usual_message_takes_six_bytes_beside_its_body() -> None:
    assert pack_message(message("x" * 100), ACCOUNT)[HEAD_BYTES:] == b"x" * 100


@pytest.mark.parametrize(("sender_id", "account"), [("", ACCOUNT), (ACCOUNT, ""), ("AIDA", ACCOUNT)])
def test_a_sender_who_is_not_the_queues_account_is_kept(sender_id: str, account: str) -> None:
    one = msgspec.structs.replace(message("body"), sender_id=sender_id)
    assert unpack_message("id", pack_message(one, account), account) == one


def test_a_retention_that_began_later_than_the_send_is_kept() -> None:
    one = message("", retained_from_ms=SENT_AT_MS + 500_000)

    packed = pack_message(one, ACCOUNT)

    assert int.from_bytes(packed[:HEAD_BYTES]) & LAST_MS == SENT_AT_MS + 500_000
    assert unpack_message("id", packed, ACCOUNT) == one


def test_a_long_body_is_compressed_when_it_gets_smaller() -> None:
    plain = len(pack_message(message("")))
    for length in (COMPRESSED_FROM, 100_000, MESSAGE_BYTES):
        text = ("한글 is text, too. " * length).encode()[:length].decode(errors="ignore")
        assert len(pack_message(message(text), ACCOUNT)) < plain + length * WORTH
        assert unpack_message("id", pack_message(message(text), ACCOUNT), ACCOUNT).body == text
    for text in ("x" * (COMPRESSED_FROM - 1), "".join(chr(33 + (place * place * 7919) % 90) for place in range(5_000))):
        packed = pack_message(message(text), ACCOUNT)
        assert len(packed) == HEAD_BYTES + len(text) or len(zlib.compress(text.encode(), 1)) <= len(text) * WORTH


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"1",
        b"1700000000000",
        b"1700000000000\xc1",
        b"1700000000000\x90",
        b"\x80" + b"\0" * 5 + b"\xff\xfe",
        b"\xc0" + b"\0" * 5,
        b"\xa0" + b"\0" * 5 + b"\0\0\0\x09{}",
        b"\xe0",
    ],
)
def test_bytes_that_are_no_message_are_refused(packed: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, ValueError)):
        unpack_message("id", packed)


@pytest.mark.parametrize("claimed", [0, 1_000, MESSAGE_BYTES, 2**32 - 1])
def test_a_body_that_is_longer_than_it_says_or_than_a_message_may_be_is_not_inflated(claimed: int) -> None:
    bomb = zlib.compress(b"\0" * 50_000_000, 9)
    saved = max(claimed - len(bomb), 0)
    head = bytes([0xC0]) + SENT_AT_MS.to_bytes(HEAD_BYTES)[1:] + struct.pack(">I", saved)
    with pytest.raises(ValueError, match="body"):
        unpack_message("id", head + bomb)
    assert unpack_message("id", head + bomb, most_body_bytes=100).body == "\0" * 100
