"""A Lambda service whose only function answers at once, in a process of its own: what is left is karin's own time.

``python -m benchmarks.instant_lambda QUEUE[:BATCH_SIZE[:WINDOW_SECONDS]]...`` prints its URL, then one line per
message it was handed: ``message_id late_ms arrived_at_ms``. A message is late from its send plus the delay in seconds
with which its body begins.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ACCOUNT = "000000000000"
FUNCTION_ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:instant"


class Handler(BaseHTTPRequestHandler):
    """The few calls that karin makes."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment
    disable_nagle_algorithm = True
    mappings: tuple[dict[str, Any], ...] = ()
    printing = threading.Lock()

    def do_POST(self) -> None:
        """Answer Invoke and GetQueueAttributes."""
        arrived_at_ms = time.time_ns() / 1e6
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "/invocations" in self.path:
            with self.printing:
                for record in body["Records"]:
                    due_at_ms = int(record["attributes"]["SentTimestamp"]) + delay_seconds(record["body"]) * 1000
                    print(record["messageId"], f"{arrived_at_ms - due_at_ms:.3f} {arrived_at_ms:.3f}")
                sys.stdout.flush()
            self._answer(b"null")
        else:
            self._answer({"Attributes": {"VisibilityTimeout": "30"}})

    def do_GET(self) -> None:
        """Answer the listings."""
        if "/event-source-mappings" in self.path:
            self._answer({"EventSourceMappings": self.mappings})
        elif "/urls" in self.path:
            self._answer({"FunctionUrlConfigs": []})
        else:
            self._answer({"Functions": [{"FunctionName": "instant", "FunctionArn": FUNCTION_ARN, "Timeout": 3}]})

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, body: dict[str, Any] | bytes) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Server(ThreadingHTTPServer):
    """The service; a hundred connections may come at once, and none of them is to be turned away."""

    daemon_threads = True
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
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
