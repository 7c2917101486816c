"""Plain requests: whatever the endpoint reads by itself, gunicorn's own parser reads alike, to the last byte."""

import socket
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData
from gunicorn.http.parser import RequestParser
from hypothesis import given
from hypothesis import strategies as st

from karin.wsgi.bodies import SMALL_BYTES
from karin.wsgi.plain_http import (
    LONGEST_NAME,
    MOST_FIELDS,
    MOST_HEAD_BYTES,
    MOST_NAMES,
    NAMES,
    PlainRequest,
    read_request,
    written,
)
from karin.wsgi.request import HttpAnswer, HttpRequest

ADDRESS = ("192.0.2.1", 4000)  # of nobody whose word gunicorn takes for a scheme
SEND = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonSQS.SendMessage\r\nContent-Length: 2\r\n\r\n{}"
FIELDS = (
    b"Host: x", b"Host: y", b"host:x", b"X-Amz-Target: AmazonSQS.SendMessage", b"X-Amz-Target:\tA B\t ", b"Empty:",
    b"Content-Type: a", b"Content-Type: b", b"Content-Length: 0", b"Content-Length: 2", b"content-length: 5",
    b"Content-Length: 2, 2", b"Content-Length: +2", b"Content-Length: 0x2", b"Content-Length:", b"Content-Length: 02",
    b"Content-Length: 99999999999999", b"Content-Length: \xb2", b"Transfer-Encoding: chunked", b"Expect: 100-continue",
    b"Transfer-Encoding: identity", b"Transfer_Encoding: chunked", b"Transfer-Encoding : chunked", b"Upgrade: h2c",
    b"Connection: keep-alive", b"Connection: close", b"Connection: Keep-Alive", b"Connection: upgrade", b" folded: x",
    b"X: a\x00b", b"X: \x7f", b"X: \xe9", b"X: a\rb", b"X: a\nb", b"X_Y: a", b"X-Y: a", b": x", b"no colon", b"X Y: a",
    b"X-Forwarded-Proto: https", b"X-Forwarded-Ssl: on", b"X-Forwarded-Protocol: ssl", b"Script-Name: /a",
    b"Long: " + b"x" * 9000, b"", b"\r", b"Proxy: x",
)  # fmt: skip
LINES = (
    b"POST / HTTP/1.1", b"POST /a%2fb/?c=%20d HTTP/1.1", b"POST /%ff?x HTTP/1.1", b"POST //host/a HTTP/1.1",
    b"POST /a#b HTTP/1.1", b"POST http://h/a HTTP/1.1", b"POST * HTTP/1.1", b"POST /?a?b#c HTTP/1.1",
    b"POST /\xe9 HTTP/1.1", b"GET / HTTP/1.1", b"POST / HTTP/1.0", b"POST / HTTP/2.0", b"POST  / HTTP/1.1",
    b"post / HTTP/1.1", b"POST / HTTP/1.1 ", b"POST /a b HTTP/1.1", b"POST /;p?q HTTP/1.1", b"",
    b"POST /" + b"x" * 8200 + b" HTTP/1.1",
)  # fmt: skip
ENDS = (b"\r\n", b"\n", b"\r")


def as_gunicorn_reads(piece: bytes) -> tuple[dict[str, Any], bytes, bytes]:
    """Return environment, body and what follows; raises whatever gunicorn does to a request that it refuses."""
    config = Config()
    config.set("limit_request_line", 8190)
    parser = RequestParser(config, iter([piece]), ADDRESS)
    request = next(parser)
    with socket.socket() as unused:
        _, environ = wsgi.create(request, unused, ADDRESS, ADDRESS, config)
    body = request.body.read()
    return environ, body, parser.unreader.take_buffered()


def check(piece: bytes) -> PlainRequest | None:
    """Assert that gunicorn reads a request alike, if it is read at all."""
    plain = read_request(piece)
    if plain is None:
        return None
    environ, body, rest = as_gunicorn_reads(piece)
    own, gunicorns = plain.http, HttpRequest.from_environ(environ)
    assert (own.method, own.raw_path, own.query_string, own.scheme) == (
        *(gunicorns.method, gunicorns.raw_path, gunicorns.query_string, gunicorns.scheme),
    )
    assert dict(own.headers) == dict(gunicorns.headers)
    assert (piece[plain.start : plain.end], piece[plain.end :]) == (body, rest)
    return plain


def requests() -> st.SearchStrategy[bytes]:
    """Return requests that are mostly nearly right."""
    line = st.one_of(st.just(LINES[0]), st.sampled_from(LINES))
    fields = st.lists(st.sampled_from(FIELDS), max_size=6)
    end = st.one_of(st.just(ENDS[0]), st.just(ENDS[0]), st.just(ENDS[0]), st.sampled_from(ENDS))

    def joined(parts: tuple[bytes, list[bytes], list[bytes], bytes]) -> bytes:
        first, others, ends, body = parts
        lines = [first, *others, b""]
        return b"".join(one + end for one, end in zip(lines, ends[: len(lines)], strict=True)) + body

    ends = st.lists(end, min_size=8, max_size=8)
    return st.tuples(line, fields, ends, st.sampled_from((b"", b"{}", b"{}" + SEND, b"abcdefgh"))).map(joined)


@given(requests())
def test_nothing_is_read_that_gunicorn_refuses_or_reads_otherwise(piece: bytes) -> None:
    check(piece)


@pytest.mark.parametrize("line", LINES, ids=lambda line: str(line)[:40])
def test_no_line_is_read_otherwise(line: bytes) -> None:
    for field in FIELDS:
        check(b"%s\r\nHost: x\r\n%s\r\n\r\n{}" % (line, field))
        check(b"%s\r\n%s\r\nContent-Length: 2\r\n\r\n{}" % (line, field))


@pytest.mark.parametrize(
    "piece",
    [
        SEND,
        SEND + SEND,  # sent ahead
        SEND.replace(b"Host", b"Connection: keep-alive\r\nHost"),
        SEND.replace(b"POST /", b"POST /000000000000/a%20queue?x=%20"),
        SEND.replace(b"Content-Length: 2\r\n", b"").removesuffix(b"{}"),
        SEND.replace(b"Host: x", b"Host: x\r\nX-Forwarded-Proto: https"),
        SEND.replace(b"Host: x", b"Host:  x "),
    ],
)
def test_what_sdks_send_is_plain(piece: bytes) -> None:
    assert check(piece) is not None


@pytest.mark.parametrize(
    "piece",
    [
        SEND[:-3],  # the head is not all there
        SEND.replace(b"Host", b"Connection: close\r\nHost"),
        SEND.replace(b"Host", b"Transfer-Encoding: chunked\r\nHost"),
        SEND.replace(b"Content-Length: 2", b"Content-Length: 2\r\nContent-Length: 2"),
        SEND.replace(b"Content-Length: 2", b"Expect: 100-continue\r\nContent-Length: 2"),
        SEND.replace(b"Host: x", b"Host: " + b"x" * MOST_HEAD_BYTES),
        SEND.replace(b"Host: x\r\n", b"".join(b"X-%d: x\r\n" % number for number in range(MOST_FIELDS))),
        SEND.replace(b"POST", b"GET"),
        SEND.replace(b"Host: x\r\n", b""),
        SEND.replace(b"Host: x", b"Host:"),
        SEND.replace(b"Content-Length: 2", b"Content-Length: %d" % (SMALL_BYTES + 1)),
    ],
)
def test_anything_else_is_left_to_gunicorn(piece: bytes) -> None:
    assert check(piece) is None


def test_only_so_many_names_that_strangers_make_up_are_kept() -> None:
    long = b"x" * (LONGEST_NAME + 1)

    for name in (long, *(b"X-Name-%d" % number for number in range(MOST_NAMES + 1))):
        plain = check(SEND.replace(b"Content-Length", name + b": a\r\nContent-Length"))
        assert plain is not None
        assert plain.http.headers[name.decode().lower()] == "a"

    assert len(NAMES) <= MOST_NAMES
    assert long.decode() not in NAMES


def test_a_body_that_is_on_its_way_ends_beyond_its_piece() -> None:
    request = read_request(SEND[:-1])

    assert request is not None
    assert (request.start, request.end) == (len(SEND) - 2, len(SEND))


def answered(headers: dict[str, str], body: bytes = b"{}", *, goes_on: bool = True) -> bytes:
    return written(HttpAnswer(200, "text/xml", body, headers), "Fri, 27 Nov 2026 12:00:00 GMT", goes_on=goes_on)


def test_an_answer_is_one_piece_of_known_length() -> None:
    head, _, body = answered({"x-amzn-RequestId": "a"}).partition(b"\r\n\r\n")

    assert body == b"{}"
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 200 OK",
        b"Server: gunicorn",
        b"Date: Fri, 27 Nov 2026 12:00:00 GMT",
        b"Connection: keep-alive",
        b"Content-Type: text/xml",
        b"x-amzn-RequestId: a",
        b"Content-Length: 2",
    ]
    assert b"\r\nConnection: close\r\n" in answered({}, goes_on=False)


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "\n", "\r"])
def test_no_header_brings_lines_of_its_own(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        answered({"x": value})


def test_gunicorn_refuses_what_ends_early_or_is_broken() -> None:
    """The comparison above is worth something only if gunicorn does refuse."""
    with pytest.raises(NoMoreData):
        as_gunicorn_reads(SEND[:-5])
