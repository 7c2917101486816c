"""Requests that two servers could read differently, what is written down of them, and what is told to strangers."""

import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from karin.wsgi.bodies import MOST_DRAINED_BYTES
from karin.wsgi.client_socket import MOST_HEAD_BYTES
from tests.wire.raw import ask, ask_json, ask_query, query, talk
from tests.wire.sdk import Protocol
from tests.wire.signing import SECRET, TOKEN, sign, unsigned
from tests.wire.strangers import Fort, running_fort

PATH = f"/{TOKEN}/".encode()
START = b"POST " + PATH + b"?Action=ListQueues HTTP/1.1\r\nHost: x\r\n"
SMUGGLED = b"GET " + PATH + b"?Action=ListQueues HTTP/1.1\r\nHost: x\r\n\r\n"
ANSWERS = re.compile(rb"HTTP/1\.[01] \d\d\d ")


@pytest.fixture(scope="module")
def shared_fort(private_store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fort]:
    """Run an endpoint with keys and a token; in the end its log has one clean line for each thing it says."""
    with running_fort(private_store_url, tmp_path_factory.mktemp("fort")) as fort:
        yield fort
    said = fort.log.read_text(encoding="utf-8")
    assert TOKEN not in said
    assert SECRET not in said
    assert "Traceback" not in said
    assert not re.search(r"[^\x20-\x7e\n]", said)
    assert "FORGED" not in [line[:6] for line in said.splitlines()]


@pytest.fixture
def fort(shared_fort: Fort, store_url: str) -> Fort:
    """Return the endpoint, with an empty store."""
    return shared_fort


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED),
        b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
        b"Content-Length: 0, 0\r\n\r\n",
        b"Content-Length: +0\r\n\r\n",
        b"Content-Length: 0x0\r\n\r\n",
        b"Content-Length: \xb2\r\n\r\n",
        b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: gzip\r\n\r\n",
        b"Content-Length : 0\r\n\r\n",
        b" Content-Length: 0\r\n\r\n",
        b"X: y\r\n Content-Length: 0\r\n\r\n",
        b"X: y\r\n\tz\r\n\r\n",
        b"X: y\nContent-Length: 0\r\n\r\n",
        b"X: y\rContent-Length: 0\r\n\r\n",
        b"X: y\x00z\r\n\r\n",
        b"X\x00: y\r\n\r\n",
        b"Host: y\r\n\r\n",
        b"\n",
    ],
    ids=repr,
)
def test_a_request_that_can_be_read_in_two_ways_is_refused_and_ends_the_connection(fort: Fort, rest: bytes) -> None:
    answer = talk(fort.url, START + rest + SMUGGLED)

    assert re.match(rb"HTTP/1\.1 (400|501) ", answer), answer
    assert len(ANSWERS.findall(answer)) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"2\n{}\r\n0\r\n\r\n",
        b"2;\r{}\r\n0\r\n\r\n",
        b"0x2\r\n{}\r\n0\r\n\r\n",
        b"+2\r\n{}\r\n0\r\n\r\n",
        b" 2\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}0\r\n\r\n",
        b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n",
    ],
    ids=repr,
)
def test_chunks_that_can_be_read_in_two_ways_end_the_connection(fort: Fort, body: bytes) -> None:
    answer = talk(fort.url, START + b"Transfer-Encoding: chunked\r\n\r\n" + body + SMUGGLED)

    assert re.match(rb"HTTP/1\.1 400 ", answer), answer
    assert len(ANSWERS.findall(answer)) == 1


@pytest.mark.parametrize(
    "request_head",
    [
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"GET /\xe9 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n"[:-2] + b"\x1b[31mFORGED: x\r\n\r\n",
        b"FORGED\x1b[2J / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX\x1b]0;FORGED\x07: y\r\n\r\n",
        b"GET / HTTP/1.1\rFORGED line\r\n\r\n",
    ],
    ids=repr,
)
def test_no_such_request_is_served_or_forges_a_line_of_the_log(fort: Fort, request_head: bytes) -> None:
    answer = talk(fort.url, request_head + SMUGGLED)

    assert re.match(rb"HTTP/1\.1 4\d\d |$", answer), answer
    assert len(ANSWERS.findall(answer)) <= 1


def test_a_body_that_was_refused_is_not_read_as_the_next_request(fort: Fort) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n"

    answer = talk(fort.url, head + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED)
    assert re.findall(rb"HTTP/1\.1 \d+", answer) == [b"HTTP/1.1 403"]
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)
    answer = talk(fort.url, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk)
    assert re.findall(rb"HTTP/1\.1 \d+", answer) == [b"HTTP/1.1 403"]


@pytest.mark.parametrize(
    "rest",
    [
        b"Transfer-Encoding: chunked\r\n\r\nno length\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (2 * MOST_HEAD_BYTES, b"x" * 2 * MOST_HEAD_BYTES),
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nno trailer\r\n\r\n",
        b"Content-Length: %d\r\n\r\n%s" % (MOST_DRAINED_BYTES + 1, b"x" * 2 * MOST_HEAD_BYTES),
    ],
    ids=["no chunk", "long chunk", "no trailer", "long"],
)
def test_a_request_has_one_answer_also_when_the_rest_of_its_body_cannot_be_read(fort: Fort, rest: bytes) -> None:
    """A proxy that keeps its connections would take a second one for the answer to somebody else's request."""
    with socket.create_connection((urlsplit(fort.url).hostname, urlsplit(fort.url).port), 30) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n" + rest)
        answer = b""
        with suppress(ConnectionResetError):  # it was not all read
            while piece := connection.recv(65_536):
                answer += piece
    assert re.findall(rb"HTTP/1\.1 \d+", answer) == [b"HTTP/1.1 403"]


def test_what_strangers_are_told_holds_no_secret(fort: Fort, protocol: Protocol) -> None:
    answers = [
        ask(fort.url, "GET", "/healthz"),
        unsigned(protocol).send(fort.url),
        unsigned(protocol, f"/{TOKEN[:-1]}x/").send(fort.url),
        sign(unsigned(protocol), fort.url, secret="a-wrong-secret").send(fort.url),
        ask(fort.url, "GET", "/healthz/../%00"),
    ]

    for answer in answers:
        told = answer.body.decode() + str(answer.headers)
        assert TOKEN not in told
        assert SECRET not in told
        assert "Traceback" not in told
        assert not re.search(r"redis|unix:|/tmp/|store\.sock|\.py", told)


def test_process_titles_hold_no_secret(fort: Fort) -> None:
    for pid in fort.pids:
        for name in ("cmdline", "comm"):
            shown = Path(f"/proc/{pid}/{name}").read_bytes()
            assert TOKEN.encode() not in shown
            assert SECRET.encode() not in shown
        assert Path(f"/proc/{pid}/environ").stat().st_uid == os.getuid()


@pytest.mark.parametrize("text", ["</Message><Code>x</Code>", "]]>&lt;", "\"'<!--", "\r\n\x85\u2028", "<?xml?>&#0;"])
def test_xml_cannot_be_injected_into(fort: Fort, text: str) -> None:
    path = f"/{TOKEN}/"
    assert ask_json(fort.url, "CreateQueue", {"QueueName": "work"}, path).status == 200
    sent = query("SendMessage", QueueUrl="work", MessageBody=text)
    assert ask_query(fort.url, sent, path).status == 200

    received = ask_query(fort.url, query("ReceiveMessage", QueueUrl="work"), path)
    assert received.texts()["Body"] == text
    for action, parameters in (
        (text, {}),
        ("GetQueueUrl", {"QueueName": text}),
        ("DeleteMessage", {"QueueUrl": "work", "ReceiptHandle": text}),
        ("SendMessage", {"QueueUrl": "work", "MessageBody": "x", "DelaySeconds": text}),
    ):
        refused = ask_query(fort.url, query(action, **parameters), path)
        assert refused.fault()
        assert set(refused.texts()) == {"Type", "Code", "Message", "Detail", "RequestId"}


@pytest.mark.parametrize("host", ["a<b", 'x"y&z', "a b"])
def test_a_host_is_no_way_into_an_answer(fort: Fort, host: str) -> None:
    path, headers = f"/{TOKEN}/", {"X-Forwarded-Host": host, "X-Forwarded-Proto": "<x>"}
    assert ask_json(fort.url, "CreateQueue", {"QueueName": "work"}, path).status == 200

    in_xml = ask_query(fort.url, query("GetQueueUrl", QueueName="work"), path, headers)
    assert in_xml.texts()["QueueUrl"].startswith(f"<x>://{host}/{TOKEN}/")
    in_json = ask_json(fort.url, "GetQueueUrl", {"QueueName": "work"}, path, headers)
    assert json.loads(in_json.body)["QueueUrl"] == in_xml.texts()["QueueUrl"]
