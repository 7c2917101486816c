"""A server in front of SQS that kills whoever speaks to it, at the worst moment."""

import http.client
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class Killer:
    """Passes requests on; ``handles`` are the receipt handles that answers have told.

    The caller is killed at the ``at``-th request of an action: before that is passed on, or when it was answered and
    the caller has not heard of that yet.
    """

    def __init__(self, target: str, action: str, at: int, *, before: bool) -> None:
        self.target = urlsplit(target).netloc
        self.action = action
        self.at = at
        self.before = before
        self.pid = 0
        self.seen = 0
        self.handles: list[str] = []

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Pass a request on, unless its time has come."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        is_it = request.headers.get("X-Amz-Target", "").endswith(f".{self.action}")
        self.seen += is_it
        is_time = is_it and self.seen == self.at and self.pid
        if is_time and self.before:
            self.kill()
            return
        connection = http.client.HTTPConnection(self.target, timeout=30)
        connection.request(request.command, request.path, body, dict(request.headers))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self.note(content)
        if is_time:
            self.kill()
            return
        request.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def kill(self) -> None:
        """End the caller as the kernel would."""
        os.kill(self.pid, signal.SIGKILL)

    def note(self, content: bytes) -> None:
        """Keep the receipt handles of an answer."""
        try:
            told: Any = json.loads(content)
        except ValueError:
            return
        self.handles += [one["ReceiptHandle"] for one in told.get("Messages", ()) if isinstance(told, dict)]


@contextmanager
def killer_before(target: str, action: str, at: int, *, before: bool) -> Iterator[tuple[Killer, str]]:
    """Run one; yield it and its URL."""
    killer = Killer(target, action, at, before=before)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            killer.answer(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield killer, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
