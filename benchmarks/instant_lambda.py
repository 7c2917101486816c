"""A Lambda service whose only function answers at once, in a process of its own: what is left is karin's own time.

``python -m benchmarks.instant_lambda QUEUE[:BATCH_SIZE[:WINDOW_SECONDS]]...`` prints its URL, then one line per
message it was handed: ``message_id late_ms arrived_at_ms``. A message is late from its send plus the delay in seconds
with which its body begins.
"""

import json
import sys
import threading
import time
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

import msgspec

ACCOUNT = "000000000000"
FUNCTION_ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:instant"
PRINTED_EVERY_SECONDS = 0.02  # whoever reads would else be woken by each call, and take its time from what is measured


class _Attributes(msgspec.Struct):
    sent: str = msgspec.field(name="SentTimestamp")


class _Record(msgspec.Struct):
    message_id: str = msgspec.field(name="messageId")
    body: str
    attributes: _Attributes


class _Event(msgspec.Struct):
    records: list[_Record] = msgspec.field(name="Records")


_read_event = msgspec.json.Decoder(_Event).decode


class Printer:
    """Prints what was handed over, a little later and much at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._any = threading.Event()
        self._lines: list[str] = []

    def start(self) -> None:
        """Begin to print."""
        threading.Thread(target=self._print, daemon=True).start()

    def note(self, event: bytes, arrived_at_ms: float) -> None:
        """Have the messages of a call printed."""
        lines = []
        for record in _read_event(event).records:
            due_at_ms = int(record.attributes.sent) + delay_seconds(record.body) * 1000
            lines.append(f"{record.message_id} {arrived_at_ms - due_at_ms:.3f} {arrived_at_ms:.3f}\n")
        with self._lock:
            self._lines += lines
        if not self._any.is_set():
            self._any.set()

    def _print(self) -> None:
        pause = threading.Event()
        while self._any.wait():
            pause.wait(PRINTED_EVERY_SECONDS)
            self._any.clear()
            with self._lock:
                lines, self._lines = self._lines, []
            sys.stdout.write("".join(lines))
            sys.stdout.flush()


class Handler(StreamRequestHandler):
    """Answers the few calls that karin makes; http.server would take most of the time that a call takes here."""

    wbufsize = -1  # head and body in one segment
    disable_nagle_algorithm = True
    mappings: tuple[dict[str, Any], ...] = ()
    printer = Printer()

    def handle(self) -> None:
        """Answer one request after the other."""
        while first := self.rfile.readline():
            arrived_at_ms = time.time_ns() / 1e6
            method, path, _ = first.decode("latin-1").split(" ", 2)
            length = 0
            while (line := self.rfile.readline().strip().lower()) != b"":
                name, _, value = line.partition(b":")
                if name == b"content-length":
                    length = int(value)
                elif name == b"expect":
                    self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                    self.wfile.flush()
            body = self.rfile.read(length)
            if "/invocations" in path:
                self.printer.note(body, arrived_at_ms)
                self._answer(b"null")
            else:
                self._answer(json.dumps(self._listed(method, path)).encode())

    def _listed(self, method: str, path: str) -> dict[str, Any]:
        """Return what is answered to a listing, or to GetQueueAttributes."""
        if method == "POST":
            return {"Attributes": {"VisibilityTimeout": "30"}}
        if "/event-source-mappings" in path:
            return {"EventSourceMappings": self.mappings}
        if "/urls" in path:
            return {"FunctionUrlConfigs": []}
        return {"Functions": [{"FunctionName": "instant", "FunctionArn": FUNCTION_ARN, "Timeout": 3}]}

    def _answer(self, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)
        self.wfile.flush()


class Server(ThreadingTCPServer):
    """The service; a hundred connections may come at once, and none of them is to be turned away."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 1_024

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of what went wrong, but not that a client was killed while it was connected."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def delay_seconds(body: str) -> int:
    """Return the delay with which a message was sent, as its body says; filler may follow."""
    return int(body.split(" ", 1)[0])


def mapping(queue: str, batch_size: str = "10", window_seconds: str = "0") -> dict[str, Any]:
    """Return a queue's mapping as AWS lists it."""
    return {
        "UUID": queue,
        "EventSourceArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}",
        "FunctionArn": FUNCTION_ARN,
        "State": "Disabled",
        "BatchSize": int(batch_size),
        "MaximumBatchingWindowInSeconds": int(window_seconds),
    }


def main() -> None:
    """Serve until killed."""
    Handler.mappings = tuple(mapping(*argument.split(":")) for argument in sys.argv[1:])
    server = Server(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    Handler.printer.start()
    server.serve_forever()


if __name__ == "__main__":
    main()
