"""Requests as an SDK signs and sends them, for wrk to send again: a script that goes through some hundreds of them.

Each has a body, a date and a signature of its own; AWS takes a signature for 15 minutes, and so does karin.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from benchmarks.harness import client

DISTINCT = 500
BODY = "0 s of delay, message {number}, of ordinary length, as people send them"
SCRIPT = """
local requests = {%s}
local next_one = 0
request = function()
  next_one = next_one %% #requests + 1
  return requests[next_one]
end
"""


@contextmanager
def single_sends(url: str, *queue_urls: str) -> Iterator[str]:
    """Write the script of distinct SendMessage requests to queues in turn; yield its path."""

    def send(sqs: Any, number: int) -> None:
        queue_url = queue_urls[number % len(queue_urls)]
        sqs.send_message(QueueUrl=queue_url, MessageBody=BODY.format(number=number))

    with _script(url, send) as path:
        yield path


@contextmanager
def batch_sends(url: str, queue_url: str, size: int) -> Iterator[str]:
    """Write the script of distinct SendMessageBatch requests of so many messages; yield its path."""

    def send(sqs: Any, number: int) -> None:
        entries = [
            {"Id": str(place), "MessageBody": BODY.format(number=number * size + place)} for place in range(size)
        ]
        sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)

    with _script(url, send) as path:
        yield path


@contextmanager
def _script(url: str, send: Callable[[Any, int], object]) -> Iterator[str]:
    sqs = client(url)
    taken: list[str] = []

    def take(request: Any, **_: Any) -> AWSResponse:
        taken.append(_as_lua(request))
        return AWSResponse(request.url, 200, HTTPHeaders(), _Nothing())

    sqs.meta.events.register("before-send.sqs", take)
    for number in range(DISTINCT):
        send(sqs, number)
    assert len(set(taken)) == DISTINCT
    with NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % ",\n".join(taken))
        script.flush()
        yield script.name


def _as_lua(request: Any) -> str:
    """Return all bytes of a request as a Lua string; JSON's escapes are Lua's too as long as all is ASCII."""
    parts = urlsplit(request.url)
    head = f"{request.method} {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n".encode()
    for name, value in request.headers.items():
        head += b"%b: %b\r\n" % (name.encode(), value if isinstance(value, bytes) else value.encode())
    return json.dumps((head + b"\r\n" + request.body).decode("ascii"))


class _Nothing:
    """The body of an answer that botocore takes for one."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield b"{}"
