"""Mutations: what becomes of good bytes when chance cuts, repeats, swaps and inserts; every choice is a Random's."""

import random
from collections.abc import Callable, Sequence

MOST_BYTES = 4_000
MOST_CHANGES = 6
LONG = 100_000  # bytes of one thing over and over, in one of a thousand inputs

TOKENS = (
    b"", b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbf\xbe", b"\xf0\x9f\x98\x80",
    b"\xef\xbb\xbf", b"\r\n", b" ", b"\t",
    b"0", b"-1", b"1e999", b"-0.0", b"NaN", b"Infinity", b"2147483648", b"9223372036854775808", b"9" * 400, b"1.5",
    b"null", b"true", b"{}", b"[]", b"{", b"}", b"[", b"]", b'"', b'\\"', b"\\u0000", b"\\ud800",
    b"\\udfff", b",", b":",
    b"[" * 600, b'{"a":' * 600, b"%", b"%00", b"%ff", b"%2525", b"&", b"=", b";", b"+", b".", b".1",
    b".999999999", b"/",
    b"//", b"../", b"*", b"|", b"<", b"]]>", b"&#x0;", b"arn:aws:sqs:us-east-1:000000000000:work", b"AWS4-HMAC-SHA256",
    b"String", b"Binary", b"Number", b"All", b".fifo", "\u0661\u0662".encode(), "\u212a".encode(),
)  # fmt: skip
REPEATED = (
    b"a",
    b"[",
    b'{"a":',
    b'"',
    b"\\",
    b"%41",
    b"*",
    b".",
    b"/",
    b"1",
    b"a.",
    b"A=&",
    b"\\u0041",
    b" ",
    b",",
    b"\x00",
)


def mutated(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Return one of the seeds after some changes, or, seldom, one thing repeated for very long."""
    data = chance.choice(seeds)
    if chance.random() < 0.001:
        at = chance.randint(0, len(data))
        return data[:at] + _long(chance) + data[at:]
    for _ in range(chance.randint(1, MOST_CHANGES)):
        data = chance.choice(_CHANGES)(chance, data, seeds)[:MOST_BYTES]
    return data


def _long(chance: random.Random) -> bytes:
    part = chance.choice(REPEATED)
    return (part * (LONG // len(part)))[:LONG]


def _span(chance: random.Random, data: bytes) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, min(len(data), start + int(chance.expovariate(0.2)))


def _cut(chance: random.Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    start, end = _span(chance, data)
    return data[:start] + data[end:]


def _end(chance: random.Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    return data[: chance.randint(0, len(data))]


def _flip(chance: random.Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + bytes(byte ^ (1 << chance.randint(0, 7)) for byte in data[at : at + 1]) + data[at + 1 :]


def _put(chance: random.Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    start, end = _span(chance, data)
    return data[:start] + chance.choice(TOKENS) + data[chance.choice((start, end)) :]


def _noise(chance: random.Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    start, end = _span(chance, data)
    return data[:start] + chance.randbytes(end - start or 1) + data[end:]


def _repeat(chance: random.Random, data: bytes, _seeds: Sequence[bytes]) -> bytes:
    start, end = _span(chance, data)
    return data[:end] + data[start:end] * chance.choice((1, 1, 2, 20)) + data[end:]


def _splice(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    other = chance.choice(seeds)
    start, end = _span(chance, other)
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice((other[start:end], other[start:])) + data[at:]


_CHANGES: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    _cut, _end, _flip, _put, _put, _put, _noise, _repeat, _splice, _splice,
)  # fmt: skip
