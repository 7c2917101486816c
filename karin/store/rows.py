"""The sequence numbers of FIFO queues, and the rows that have their messages in order (``keys.order``)."""

import re
from collections.abc import Iterator

import msgspec

_NUMBER_BYTES = 6
_DIGITS = re.compile(r"1[0-9]{19}")
_ID_AT = 2 * _NUMBER_BYTES + 1


def stored_number(sequence_number: str | None) -> bytes:
    """Return a sequence number as the store has it: of its twenty digits all but the first; b"" for what is none."""
    if sequence_number is None or not _DIGITS.fullmatch(sequence_number):
        return b""
    number = int(sequence_number[1:])
    return number.to_bytes(_NUMBER_BYTES) if number.bit_length() <= 8 * _NUMBER_BYTES else b""


def read_number(stored: bytes) -> str | None:
    """Return the twenty digits, as AWS has them, of a sequence number in the store, None for b"".

    What a receive attempt of an older karin remembers has them as they are.
    """
    return f"1{int.from_bytes(stored):019}" if len(stored) == _NUMBER_BYTES else stored.decode() or None


class Entry(msgspec.Struct, frozen=True):
    """A message in its group: its sequence number, the instant in ms at which it was sent, its id as stored."""

    sequence_number: str
    sent_at_ms: int
    id: bytes


def entries_of(row: bytes) -> Iterator[Entry]:
    """Yield the messages of a row without its group, in their order."""
    at = 0
    while at < len(row):
        number = read_number(row[at : at + _NUMBER_BYTES])
        sent_at_ms = int.from_bytes(row[at + _NUMBER_BYTES : at + 2 * _NUMBER_BYTES])
        ends_at = at + _ID_AT + row[at + _ID_AT - 1]
        yield Entry(number or "", sent_at_ms, row[at + _ID_AT : ends_at])
        at = ends_at
