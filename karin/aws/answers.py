"""Reading the answer to one HTTP request.

Nearly all are plain: a head that arrives in one piece and tells how long the body is. Those are read here, since the
standard library makes an e-mail message of each head, which takes longer than all else of a call. It reads the others.
"""

import io
import re
import socket
from http.client import HTTPResponse, IncompleteRead
from typing import NamedTuple, cast

PIECE_BYTES = 64 * 1024
MOST_PIECE_BYTES = 1024 * 1024  # of a long body at once

_STATUS = re.compile(r"HTTP/1\.1 ([2-5]\d\d)(?: [^\r\n]*)?", re.ASCII)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_LENGTH = re.compile(r"\d{1,9}", re.ASCII)
_WITHOUT_BODY = (204, 304)


class Answer(NamedTuple):
    """An HTTP response, read to its end."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes


class Reading:
    """The answer that is to come over a socket; ``is_begun`` once its head is here."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.is_begun = False

    def read(self) -> tuple[Answer, bool]:
        """Return the answer, and whether the connection may be used again. Raises OSError, HTTPException."""
        piece = self._connection.recv(PIECE_BYTES)
        head, end, body = piece.partition(b"\r\n\r\n")
        plain = _plain(head.decode("latin-1")) if end else None
        if plain is None:
            return self._read_any(piece)
        self.is_begun = True
        status, headers = plain
        length = int(headers["content-length"])
        if len(body) < length:
            body = self._read_on(body, length)
        is_kept = len(body) == length and "close" not in headers.get("connection", "").lower()
        return Answer(status, headers, body[:length]), is_kept

    def _read_on(self, begun: bytes, length: int) -> bytes:
        pieces, left = [begun], length - len(begun)
        while left > 0:
            piece = self._connection.recv(min(left, MOST_PIECE_BYTES))
            if not piece:
                raise IncompleteRead(b"".join(pieces), left)
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def _read_any(self, begun: bytes) -> tuple[Answer, bool]:
        connection = cast("socket.socket", _Begun(self._connection, begun))
        with HTTPResponse(connection, method="POST") as response:
            response.begin()
            self.is_begun = True
            body = response.read()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, body), not response.will_close


def _plain(head: str) -> tuple[int, dict[str, str]] | None:
    """Return status and headers; None of a head that leaves anything open."""
    first, *lines = head.split("\r\n")
    found = _STATUS.fullmatch(first)
    if found is None or head.count("\n") != len(lines) or head.count("\r") != len(lines):
        return None
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or name in headers or not _NAME.fullmatch(name):
            return None
        headers[name] = value.lstrip(" \t")
    status = int(found[1])
    if status in _WITHOUT_BODY or "transfer-encoding" in headers:
        return None
    return (status, headers) if _LENGTH.fullmatch(headers.get("content-length", "")) else None


class _Begun(io.RawIOBase):
    """A socket of which something was read already, for the standard library to read from."""

    def __init__(self, connection: socket.socket, begun: bytes) -> None:
        super().__init__()
        self._connection = connection
        self._begun = begun

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        if not self._begun:
            return self._connection.recv_into(buffer)
        taken = min(len(buffer), len(self._begun))
        buffer[:taken] = self._begun[:taken]
        self._begun = self._begun[taken:]
        return taken
