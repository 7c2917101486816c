"""A message as the store keeps it: small, and long bodies compressed.

What the store's scripts need stands in front, where they read it without unpacking a body of up to 1 MiB
(``lua/parts``: retained_from, retain_from, plain_bytes; and ``peek.lua``). All numbers are big-endian:

====================================  =========================================================================
6 bytes                               six bits that say what follows, then the instant in ms from which retention
                                      counts: the send, or the due time of a message whose delay is longer
6 bytes, with ``_SENT_APART``         the instant in ms at which it was sent, if that is another
4 bytes, with ``_COMPRESSED``         how many bytes longer it would be if it were not compressed
4 bytes and more, with ``_RESTS``     length of the rest and the rest, MessagePack: whatever is not as usual
all others                            the body, UTF-8, or zlib's compression of it
====================================  =========================================================================

A group and a deduplication id that are UUIDs, or 64 hexadecimal digits as SHA-256 has them, are 16 or 32 bytes in
the rest from version 3 of the layout on. Version 1 has 13 digits in front and MessagePack behind them; it is read, and
written no more.
"""

import re
import struct
import zlib
from functools import lru_cache
from typing import Any

import msgspec

from karin.sqs.limits import MESSAGE_BYTES
from karin.sqs.message import Message, MessageAttribute

COMPRESSED_FROM = 1_024  # bytes of a body; shorter ones hardly gain
SAMPLE_BYTES = 4_096  # whose compression tells whether all of it is worth the time
WORTH = 0.75  # of its length, at most, that a compressed body may have
LAST_MS = (1 << 42) - 1  # in the year 2109

_VERSION_2, _COMPRESSED, _RESTS, _SENT_APART = 0x80, 0x40, 0x20, 0x10
_INSTANT_BYTES = 6
_LENGTH = struct.Struct(">I")
_DIGITS = 13  # of version 1, before its MessagePack
_UUID_BYTES, _UUID_LENGTH, _SHA256_LENGTH = 16, 36, 64
_HEXADECIMAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")


class _Rest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a message has beside its body and its instants; the names are short because they are stored."""

    s: str | None = None  # sender_id; None: the account of the queue
    a: dict[str, tuple[str, Any]] = {}  # attributes: name -> type, value as str or bytes
    t: str | None = None  # trace_header
    g: str | None = None  # group_id
    d: str | None = None  # deduplication_id
    h: bytes | None = None  # group_id, if it is hexadecimal
    e: bytes | None = None  # deduplication_id, if it is hexadecimal
    l: str | None = None  # noqa: E741 - dead_letter_source_arn


class _Version1(msgspec.Struct, frozen=True, array_like=True):
    sent_at_ms: int
    body: str
    sender_id: str
    attributes: dict[str, tuple[str, Any]]
    trace_header: str | None = None
    group_id: str | None = None
    deduplication_id: str | None = None
    dead_letter_source_arn: str | None = None


_encoder = msgspec.msgpack.Encoder()
_rest_decoder = msgspec.msgpack.Decoder(_Rest)
_version_1_decoder = msgspec.msgpack.Decoder(_Version1)
_USUAL = _Rest()
_NOTHING = (None, None, None, None)


def pack_message(message: Message, account: str = "") -> bytes:
    """Return a message's stored form; ``account`` is that of its queue. Up to 1 MiB is compressed on the way."""
    rest, body = _packed_rest(message, account), message.body.encode()
    mark = _VERSION_2 | _RESTS if rest else _VERSION_2
    retained_from_ms, sent_at, saved = message.retained_from_ms or message.sent_at_ms, b"", b""
    if retained_from_ms != message.sent_at_ms:
        mark |= _SENT_APART
        sent_at = message.sent_at_ms.to_bytes(_INSTANT_BYTES)
    stored = body if len(body) < COMPRESSED_FROM else _compressed(body)
    if stored is not body:
        mark |= _COMPRESSED
        saved = _LENGTH.pack(len(body) - len(stored))
    head = (mark << 40 | retained_from_ms).to_bytes(_INSTANT_BYTES)
    return head + sent_at + saved + rest + stored


def _packed_rest(message: Message, account: str) -> bytes:
    """Return what a message has beside its body and its instants, after its length; b"" if all is as usual."""
    sender_id = None if message.sender_id == account else message.sender_id
    others = (message.trace_header, message.group_id, message.deduplication_id, message.dead_letter_source_arn)
    if not message.attributes and others == _NOTHING:
        return _packed_sender(sender_id)
    group, deduplication = _digits(message.group_id), _digits(message.deduplication_id)
    return _with_length(
        _Rest(
            sender_id,
            {name: _pack_attribute(attribute) for name, attribute in message.attributes.items()},
            message.trace_header,
            None if group else message.group_id,
            None if deduplication else message.deduplication_id,
            group,
            deduplication,
            message.dead_letter_source_arn,
        )
    )


@lru_cache(maxsize=64)  # most messages have nothing else, and are sent by few
def _packed_sender(sender_id: str | None) -> bytes:
    return b"" if sender_id is None else _with_length(_Rest(sender_id))


def _with_length(rest: _Rest) -> bytes:
    packed = _encoder.encode(rest)
    return _LENGTH.pack(len(packed)) + packed


def unpack_message(
    message_id: str,
    packed: bytes,
    account: str = "",
    sequence_number: str | None = None,
    *,
    most_body_bytes: int | None = None,
) -> Message:
    """Read a stored message back, or the beginning of its body, cut between two characters.

    The sequence number of a FIFO queue's message is given by the store, and kept in its order of messages. Raises
    msgspec.DecodeError or ValueError when the bytes are not a message; a compressed body that is longer than a message
    may be is none.
    """
    if packed[:1].isdigit():
        return _unpack_version_1(message_id, packed, sequence_number, most_body_bytes)
    try:
        return _unpack(message_id, packed, account, sequence_number, most_body_bytes)
    except (struct.error, zlib.error, IndexError) as error:
        raise ValueError(f"it is damaged: {error}") from None


def _unpack(
    message_id: str, packed: bytes, account: str, sequence_number: str | None, most_body_bytes: int | None
) -> Message:
    mark, at = packed[0], _INSTANT_BYTES
    retained_from_ms = sent_at_ms = int.from_bytes(packed[:at]) & LAST_MS
    if mark & _SENT_APART:
        sent_at_ms = int.from_bytes(packed[at : at + _INSTANT_BYTES]) & LAST_MS
        at += _INSTANT_BYTES
    saved_bytes = None
    if mark & _COMPRESSED:
        (saved_bytes,) = _LENGTH.unpack_from(packed, at)
        at += _LENGTH.size
    rest = _USUAL
    if mark & _RESTS:
        (length,) = _LENGTH.unpack_from(packed, at)
        at += _LENGTH.size
        rest = _rest_decoder.decode(memoryview(packed)[at : at + length])
        at += length
    body = memoryview(packed)[at:]
    return Message(
        message_id=message_id,
        body=_text(body, most_body_bytes) if saved_bytes is None else _inflated(body, saved_bytes, most_body_bytes),
        sent_at_ms=sent_at_ms,
        sender_id=account if rest.s is None else rest.s,
        attributes={name: _unpack_attribute(*pair) for name, pair in rest.a.items()},
        trace_header=rest.t,
        group_id=rest.g if rest.h is None else _spelt(rest.h),
        deduplication_id=rest.d if rest.e is None else _spelt(rest.e),
        sequence_number=sequence_number,
        dead_letter_source_arn=rest.l,
        retained_from_ms=0 if retained_from_ms == sent_at_ms else retained_from_ms,
    )


def _unpack_version_1(
    message_id: str, packed: bytes, sequence_number: str | None, most_body_bytes: int | None
) -> Message:
    stored = _version_1_decoder.decode(memoryview(packed)[_DIGITS:])
    retained_from_ms = int(packed[:_DIGITS])
    return Message(
        message_id=message_id,
        body=stored.body if most_body_bytes is None else _text(stored.body.encode(), most_body_bytes),
        sent_at_ms=stored.sent_at_ms,
        sender_id=stored.sender_id,
        attributes={name: _unpack_attribute(*pair) for name, pair in stored.attributes.items()},
        trace_header=stored.trace_header,
        group_id=stored.group_id,
        deduplication_id=stored.deduplication_id,
        sequence_number=sequence_number,
        dead_letter_source_arn=stored.dead_letter_source_arn,
        retained_from_ms=0 if retained_from_ms == stored.sent_at_ms else retained_from_ms,
    )


def _digits(text: str | None) -> bytes | None:
    """Return a group or a deduplication id in less than half the room, if it is of a kind that programs make."""
    if text is None or len(text) not in (_UUID_LENGTH, _SHA256_LENGTH) or not _HEXADECIMAL.fullmatch(text):
        return None
    return bytes.fromhex(text.replace("-", ""))


def _spelt(digits: bytes) -> str:
    text = digits.hex()
    if len(digits) != _UUID_BYTES:
        return text
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _compressed(body: bytes) -> bytes:
    """Return a body compressed, or itself when that is not worth it."""
    if len(body) > SAMPLE_BYTES and len(zlib.compress(body[:SAMPLE_BYTES], 1)) > SAMPLE_BYTES * WORTH:
        return body
    compressed = zlib.compress(body, 1)
    return compressed if len(compressed) <= len(body) * WORTH else body


def _inflated(body: memoryview, saved_bytes: int, most_body_bytes: int | None) -> str:
    """Return a compressed body, of which no more is inflated than it is said to have; or the beginning of it."""
    inflating = zlib.decompressobj()
    if most_body_bytes is not None:
        return _text(inflating.decompress(body, most_body_bytes), most_body_bytes)
    length = len(body) + saved_bytes
    if length > MESSAGE_BYTES:
        raise ValueError(f"its body would have {length} bytes")
    plain = inflating.decompress(body, length + 1)
    if len(plain) != length or not inflating.eof:
        raise ValueError(f"its body has not the {length} bytes that it should have")
    return plain.decode()


def _text(body: bytes | memoryview, most_bytes: int | None) -> str:
    """Return a text, or as many whole characters of it as have no more than so many bytes."""
    if most_bytes is None or len(body) < most_bytes:
        return str(body, "utf-8")
    return str(body[:most_bytes], "utf-8", "ignore")


def _pack_attribute(attribute: MessageAttribute) -> tuple[str, str | bytes]:
    value = attribute.binary_value if attribute.binary_value is not None else attribute.string_value
    return attribute.data_type or "", "" if value is None else value


def _unpack_attribute(data_type: str, value: str | bytes) -> MessageAttribute:
    if isinstance(value, bytes):
        return MessageAttribute(data_type, binary_value=value)
    return MessageAttribute(data_type, string_value=value)
