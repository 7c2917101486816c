"""HTTP requests as SDKs write them, read and answered with less work than gunicorn and Falcon take over any request.

Their parser, environment, request and response cost more than all that karin does with it. What is read here is a part
of what gunicorn would take, read as gunicorn would: a POST whose head came in one piece, in plain ASCII, each field
once, with no framing but the Content-Length of a short body. Anything else is None here, and theirs to answer or to
refuse.
"""

import re
from http import HTTPStatus

import msgspec
from gunicorn import SERVER

from karin.wsgi.bodies import SMALL_BYTES
from karin.wsgi.request import HttpAnswer, HttpRequest

MOST_HEAD_BYTES = 8_000  # so that neither a line nor the whole can be more than gunicorn takes
MOST_FIELDS = 64
MOST_NAMES = 256  # that are kept
LONGEST_NAME = 64  # of these
_LINE = re.compile(r"POST (/(?!/)[!\"$-~]*) HTTP/1\.1")
_PRINTABLE = bytes(range(ord(" "), ord("~") + 1))
_LENGTH = re.compile(r"[0-9]{1,12}")
# Other ways to frame a body, to go on with the connection, or to learn the scheme.
_NOT_PLAIN = frozenset(("expect", "transfer-encoding", "upgrade", "x-forwarded-protocol", "x-forwarded-ssl"))
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class _Names(dict[str, str]):
    """The names of header fields in lower case, by their spelling; those that are met again and again are kept."""

    def __missing__(self, name: str) -> str:
        if not name.replace("-", "a").isalnum():  # of printable ASCII, those are letters and digits
            raise KeyError(name)
        lower = name.lower()
        if len(self) < MOST_NAMES and len(name) <= LONGEST_NAME:  # strangers may send any
            self[name] = lower
        return lower


NAMES = _Names()


class PlainRequest(msgspec.Struct, frozen=True):
    """A request whose body is what stands in its piece from ``start`` to ``end``, which may not have come yet."""

    http: HttpRequest
    start: int
    end: int


def read_request(piece: bytes) -> PlainRequest | None:
    """Return the request that begins a piece, its body not yet in it; None if it is not plain."""
    end = piece.find(b"\r\n\r\n", 0, MOST_HEAD_BYTES)
    if end < 0:
        return None
    # Methods of bytes and str take a head to pieces in two thirds of the time that regular expressions need for it.
    head = piece[:end]
    line, *fields = head.decode("latin-1").split("\r\n")
    if len(fields) > MOST_FIELDS or head.translate(None, _PRINTABLE) != b"\r\n" * len(fields):
        return None
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    headers = {}
    try:
        for field in fields:
            name, colon, value = field.partition(":")
            if not colon:
                return None
            headers[NAMES[name]] = value.strip(" ")
    except KeyError:  # a name that is none
        return None
    if len(headers) < len(fields) or not _NOT_PLAIN.isdisjoint(headers) or not headers.get("host"):
        return None
    if headers.get("connection", "keep-alive").lower() != "keep-alive":
        return None
    length = headers.get("content-length", "0")
    if not _LENGTH.fullmatch(length) or int(length) > SMALL_BYTES:
        return None
    path, _, query = found[1].partition("?")
    start = end + len(b"\r\n\r\n")
    return PlainRequest(HttpRequest("POST", path, query, headers), start, start + int(length))


def written(answer: HttpAnswer, date: str, *, goes_on: bool) -> bytes:
    """Return all bytes of an answer, to be sent at once; raises ValueError if a header brings lines of its own."""
    lines = [
        f"HTTP/1.1 {answer.status} {_PHRASES[answer.status]}",
        f"Server: {SERVER}",
        f"Date: {date}",
        "Connection: keep-alive" if goes_on else "Connection: close",
        f"Content-Type: {answer.content_type}",
        *[f"{name}: {value}" for name, value in answer.headers.items()],
        f"Content-Length: {len(answer.body)}\r\n\r\n",
    ]
    head = "\r\n".join(lines)
    if not head.count("\r") == head.count("\n") == len(lines) + 1:
        raise ValueError("a response header holds a line break")
    return head.encode("latin-1") + answer.body
