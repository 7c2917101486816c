"""Answers of AWS and of what stands before it: whatever the form, they are read as the standard library reads them."""

import socket
import threading
from http.client import HTTPException, HTTPResponse, IncompleteRead

import pytest

from karin.aws.answers import Answer, Reading

PLAIN = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amz-Request-Id: a:b\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 429 \r\nContent-Length:\t3\r\nRetry-After: 7\r\n\r\n{ }",
    b"HTTP/1.1 500\r\nContent-Length: 1\r\nConnection: Close\r\n\r\nx",
    b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000,
]
OTHER = [
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 200 OK\r\nContent-Le",
    b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    b"HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nX-Bare: a\nContent-Length: 2\r\nX: b\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nno colon\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nX-Long: "
    + b"a" * 60_000
    + b"\r\nX-Second: "
    + b"b" * 60_000
    + b"\r\nContent-Length: 2\r\n\r\nok",
]
BROKEN = [b"", b"what is not HTTP\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n", b"\r\n\r\n"]
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"


def read_from(written: bytes, piece: int) -> tuple[Answer, bool, bool]:
    """Return what is read when an answer arrives in pieces of so many bytes, and whether the reading had begun."""
    ours, theirs = socket.socketpair()

    def write() -> None:
        with theirs:
            for start in range(0, len(written), piece):
                theirs.sendall(written[start : start + piece])

    ours.settimeout(10)
    writer = threading.Thread(target=write)
    writer.start()
    with ours:
        reading = Reading(ours)
        answer, is_kept = reading.read()
        writer.join()
    return answer, is_kept, reading.is_begun


def write_all(connection: socket.socket, written: bytes) -> None:
    with connection:
        connection.sendall(written)


def as_the_standard_library_has_it(written: bytes) -> tuple[Answer, bool]:
    ours, theirs = socket.socketpair()
    with ours:
        writer = threading.Thread(target=write_all, args=(theirs, written))
        writer.start()
        with HTTPResponse(ours, method="POST") as response:
            response.begin()
            body = response.read()
            headers = {name.lower(): value for name, value in response.getheaders()}
        writer.join()
        return Answer(response.status, headers, body), not response.will_close


@pytest.mark.parametrize("piece", [1_000_000, 7])
@pytest.mark.parametrize("written", PLAIN + OTHER, ids=range(len(PLAIN + OTHER)))
def test_an_answer_is_read_as_the_standard_library_reads_it(written: bytes, piece: int) -> None:
    answer, is_kept, is_begun = read_from(written, max(piece, len(written) // 500))
    assert (answer, is_kept) == as_the_standard_library_has_it(written)
    assert is_begun


@pytest.mark.parametrize("written", PLAIN, ids=range(len(PLAIN)))
def test_a_plain_answer_is_read_without_the_standard_library(written: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("karin.aws.answers.HTTPResponse", None)
    answer, _, _ = read_from(written, 1_000_000)
    assert answer.body == written.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("written", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_answer_is_an_error_before_anything_is_begun(written: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(written)
        theirs.close()
        reading = Reading(ours)
        with pytest.raises(HTTPException):
            reading.read()
    assert not reading.is_begun


def test_a_body_that_ends_early_is_an_error_after_the_answer_began() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(CUT)
        theirs.close()
        reading = Reading(ours)
        with pytest.raises(IncompleteRead, match=r"5 bytes read, 5 more expected"):
            reading.read()
    assert reading.is_begun


def test_a_connection_on_which_more_comes_than_was_announced_is_not_used_again() -> None:
    answer, is_kept, _ = read_from(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok more", 1_000_000)
    assert answer.body == b"ok"
    assert not is_kept
