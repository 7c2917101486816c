"""HTTP requests as SDKs write them, read and answered with less work than gunicorn takes over any request.

gunicorn's parser, environment and response cost 290 us a request, more than all that karin does with it. What is read
here is a part of what gunicorn would take, read as gunicorn would: a POST whose head came in one piece, in plain ASCII,
each field once, with no framing but Content-Length. Anything else is None here, and gunicorn's to read or to refuse.
"""

import io
import re
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from gunicorn import SERVER
from gunicorn.http.body import Body, LengthReader
from gunicorn.http.unreader import Unreader

from karin.wsgi.request import variable_of

MOST_HEAD_BYTES = 8_000  # so that neither a line nor the whole can be more than gunicorn takes
MOST_FIELDS = 64
_HEAD = re.compile(
    rb"POST (?P<target>/(?!/)[!\"$-~]*) HTTP/1\.1\r\n(?P<fields>(?:[A-Za-z0-9-]+:[\t -~]*\r\n){1,%d})\r\n" % MOST_FIELDS
)
_FIELD = re.compile(r"([A-Za-z0-9-]+):[\t ]*([\t -~]*)\r\n")
_LENGTH = re.compile(r"[0-9]{1,12}")
# Other ways to frame a body, to go on with the connection, or to learn the scheme.
_NOT_PLAIN = frozenset(
    f"HTTP_{name}"
    for name in ("CONNECTION", "EXPECT", "TRANSFER_ENCODING", "UPGRADE", "X_FORWARDED_PROTOCOL", "X_FORWARDED_SSL")
)


class PlainRequest(NamedTuple):
    """A request that is ready for the application, its body perhaps still on its way."""

    environ: dict[str, Any]
    unread: LengthReader | None  # None: the whole body is there

    @property
    def is_read(self) -> bool:
        """Tell whether the next request begins with the next byte."""
        return self.unread is None or self.unread.length == 0


def read_request(piece: bytes, unreader: Unreader, base: dict[str, Any]) -> PlainRequest | None:
    """Return the request that begins a piece, with ``base`` in its environment; None, and nothing done, if not plain.

    What the piece holds beyond the request goes back to ``unreader``, and the rest of its body comes from there.
    """
    found = _HEAD.match(piece, 0, MOST_HEAD_BYTES)
    if found is None:
        return None
    environ = base.copy()
    for name, value in _FIELD.findall(found["fields"].decode("ascii")):
        variable = variable_of(name)
        if variable in environ or (variable in _NOT_PLAIN and value.lower() != "keep-alive"):
            return None
        environ[variable] = value.rstrip("\t ")
    length = environ.get("CONTENT_LENGTH", "0")
    if not _LENGTH.fullmatch(length):
        return None
    target = found["target"].decode("ascii")
    path, _, query = target.partition("?")
    if "%" in path:
        path = unquote_to_bytes(path).decode("latin-1")
    environ["RAW_URI"], environ["PATH_INFO"], environ["QUERY_STRING"] = target, path, query
    end = found.end() + int(length)
    if end <= len(piece):
        if end < len(piece):
            unreader.unread(piece[end:])
        environ["wsgi.input"] = io.BytesIO(piece[found.end() : end])
        return PlainRequest(environ, None)
    unreader.unread(piece[found.end() :])
    reader = LengthReader(unreader, int(length))
    environ["wsgi.input"] = Body(reader)
    return PlainRequest(environ, reader)


class Answer:
    """What an application answers: its ``start`` is WSGI's ``start_response``."""

    def start(self, status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
        """Take status and headers."""
        self._status, self._headers = status, headers

    def data(self, body: Iterable[bytes], date: str, *, goes_on: bool) -> bytes:
        """Return all bytes of the answer, to be sent at once; raises ValueError if a header brings lines of its own."""
        whole = b"".join(body)
        lines = [
            f"HTTP/1.1 {self._status}",
            f"Server: {SERVER}",
            f"Date: {date}",
            "Connection: keep-alive" if goes_on else "Connection: close",
            *[f"{name}: {value}" for name, value in self._headers if name != "content-length"],
            f"Content-Length: {len(whole)}\r\n\r\n",
        ]
        head = "\r\n".join(lines)
        if not head.count("\r") == head.count("\n") == len(lines) + 1:
            raise ValueError("a response header holds a line break")
        return head.encode("latin-1") + whole
