"""Clients that are slow, silent or many: none holds a connection for ever, and nobody else has to wait for them."""

import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from karin.wsgi.bodies import BODY_SECONDS, DRAIN_SECONDS
from karin.wsgi.client_socket import ANSWER_SECONDS, HEAD_SECONDS, MOST_HEAD_BYTES
from karin.wsgi.gunicorn_config import keepalive
from tests.support import wait_until
from tests.wire import impatient
from tests.wire.raw import ask_json
from tests.wire.signing import TOKEN, Request, sign
from tests.wire.strangers import MIB, Fort, ended, running_fort

TARGET = "X-Amz-Target: AmazonSQS.ListQueues\r\n"
CROWD = 1_300  # more than a worker serves at once
MARGIN_SECONDS = 10  # that a busy machine may be late


@pytest.fixture
def hasty(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fort]:
    """Run one whose limits are short."""
    with running_fort(store_url, tmp_path_factory.mktemp("fort"), impatient=True) as fort:
        yield fort


@pytest.fixture
def fort(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fort]:
    """Run an endpoint with keys and a token."""
    with running_fort(store_url, tmp_path_factory.mktemp("fort")) as fort:
        yield fort


def list_queues(fort: Fort) -> float:
    """Ask as a caller does; return how many seconds the answer took."""
    began = datetime.now(UTC)
    assert ask_json(fort.url, "ListQueues", {}, f"/{TOKEN}/").status == 200
    return (datetime.now(UTC) - began).total_seconds()


def drip(connection: socket.socket, stop: threading.Event) -> None:
    """Send a byte now and then until the other side has enough."""
    while not stop.wait(0.3):
        try:
            connection.sendall(b"x")
        except OSError:
            return


def test_slow_and_silent_clients_are_let_go_when_their_time_is_up_and_not_before(hasty: Fort) -> None:
    """All at once, since each takes its time: a head in drips or cut off, a body in drips or missing, or nothing."""
    signed = sign(Request("POST", "/", {"X-Amz-Target": "AmazonSQS.ListQueues"}, b"{}"), hasty.url)
    known = "".join(f"{name}: {value}\r\n" for name, value in signed.headers.items())
    host = f"Host: {hasty.url.removeprefix('http://')}\r\n"
    refused = f"POST / HTTP/1.1\r\n{host}{TARGET}Content-Length: 9000\r\nConnection: close\r\n\r\n"
    called = f"POST /{TOKEN}/ HTTP/1.1\r\n{host}{TARGET}"
    starts = {
        "a head in drips": ("POST / HTTP/1.1\r\nX-Slow: ", True, impatient.HEAD_SECONDS),
        "half a head": ("POST / HTTP/1.1\r\nHost: x\r\n", False, impatient.HEAD_SECONDS),
        "half a request line": ("PO", False, impatient.HEAD_SECONDS),
        "a stranger's body in drips": (refused, True, impatient.DRAIN_SECONDS),
        "a body in drips": (f"{called}Content-Length: 9000\r\n\r\n", True, impatient.BODY_SECONDS),
        "no body": (f"POST / HTTP/1.1\r\n{host}{known}Content-Length: 9000\r\n\r\n", False, impatient.BODY_SECONDS),
        "half a chunk": (f"{called}Transfer-Encoding: chunked\r\n\r\nff\r\nx", True, impatient.BODY_SECONDS),
        "nothing": ("", False, impatient.keepalive),
        "nothing more": ("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", False, impatient.keepalive),
    }
    stop = threading.Event()
    with ExitStack() as open_connections:
        began = datetime.now(UTC)
        connections = {}
        for name, (start, in_drips, _) in starts.items():
            connection = connections[name] = open_connections.enter_context(hasty.connect())
            connection.sendall(start.encode())
            if in_drips:
                threading.Thread(target=drip, args=(connection, stop), daemon=True).start()
        for name, (_, _, limit) in sorted(starts.items(), key=lambda item: item[1][2]):
            answer = ended(connections[name], limit + MARGIN_SECONDS)
            took = (datetime.now(UTC) - began).total_seconds()
            assert limit - 0.1 < took < limit + MARGIN_SECONDS, name
            assert not answer.startswith(b"HTTP/1.1 200") or name == "nothing more", name
            assert list_queues(hasty) < MARGIN_SECONDS
        stop.set()
    said = hasty.log.read_text(encoding="utf-8")
    assert "Traceback" not in said
    assert "own fault" not in said


def test_the_limits_are_those_that_the_page_on_security_names() -> None:
    """Tests shorten them, so that what is really waited for is compared here."""
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    rows = dict(line.strip("| ").split(" | ")[:2] for line in page.splitlines() if line.count(" | ") == 2)

    assert rows["a head in drips"] == f"{HEAD_SECONDS} s from its first byte; {keepalive} s of silence"
    assert rows["a body in drips"] == f"{BODY_SECONDS} s; {DRAIN_SECONDS} s when it is refused"
    assert rows["an answer that nobody takes"] == f"{ANSWER_SECONDS} s"


def test_a_head_that_is_too_long_is_refused(fort: Fort) -> None:
    fields = "".join(f"X-{number}: {'x' * 4000}\r\n" for number in range(MOST_HEAD_BYTES // 4000 + 2))
    with fort.connect() as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n".encode())
        assert ended(connection, MARGIN_SECONDS)[:12] in (b"HTTP/1.1 431", b"")


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nX: " + b"x" * 7000], ids=["idle", "half a head"])
def test_idle_connections_do_not_keep_callers_out(fort: Fort, start: bytes) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * CROWD)), hard))
    before = fort.forget_peak()
    with ExitStack() as connections:
        for number in range(CROWD):
            connection = connections.enter_context(fort.connect())
            if start:
                connection.sendall(start)
            if number % 100 == 99:
                assert list_queues(fort) < MARGIN_SECONDS / 2
        grown = (fort.memory("VmHWM") - before) / MIB
        print(f"worker: {before / MIB:.0f} MiB, {grown:.0f} MiB more with {CROWD} connections")
        assert grown < 90
        assert list_queues(fort) < MARGIN_SECONDS / 2
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_client_that_keeps_its_connection_is_served_beside_a_crowd(fort: Fort) -> None:
    """Whoever waits for messages is never the one that makes room."""
    assert ask_json(fort.url, "CreateQueue", {"QueueName": "work"}, f"/{TOKEN}/").status == 200
    answers: list[int] = []

    def wait() -> None:
        waiting = {"QueueUrl": "work", "WaitTimeSeconds": 20}
        answers.append(len(ask_json(fort.url, "ReceiveMessage", waiting, f"/{TOKEN}/").json().get("Messages", [])))

    waiter = threading.Thread(target=wait)
    waiter.start()
    wait_until(lambda: list_queues(fort) >= 0, "the endpoint answers")
    with ExitStack() as connections:
        for _ in range(CROWD):
            connections.enter_context(fort.connect())
        sent = {"QueueUrl": "work", "MessageBody": "body"}
        assert ask_json(fort.url, "SendMessage", sent, f"/{TOKEN}/").status == 200
        waiter.join(30)
    assert answers == [1]


def test_an_answer_that_nobody_takes_is_dropped(hasty: Fort) -> None:
    assert ask_json(hasty.url, "CreateQueue", {"QueueName": "work"}, f"/{TOKEN}/").status == 200
    for _ in range(2):
        sent = {"QueueUrl": "work", "MessageBody": '"' * MIB}  # each quote takes two bytes
        assert ask_json(hasty.url, "SendMessage", sent, f"/{TOKEN}/").status == 200
    body = b'{"QueueUrl":"work","MaxNumberOfMessages":10}'
    head = f"POST /{TOKEN}/ HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\n"
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        parts = urlsplit(hasty.url)
        connection.connect((parts.hostname, parts.port))
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        assert connection.recv(12) == b"HTTP/1.1 200"
        began = datetime.now(UTC)
        assert hasty.holds(connection)
        wait_until(lambda: not hasty.holds(connection), "it hangs up", impatient.ANSWER_SECONDS + MARGIN_SECONDS)
        assert (datetime.now(UTC) - began).total_seconds() > impatient.ANSWER_SECONDS - 0.5
        answer = ended(connection, MARGIN_SECONDS)
    assert len(answer) < 4 * MIB
    assert "Traceback" not in hasty.log.read_text(encoding="utf-8")
