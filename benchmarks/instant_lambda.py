"""A Lambda service whose only function answers at once, in a process of its own: what is left is karin's own time.

``python -m benchmarks.instant_lambda QUEUE...`` prints its URL, then one line per message it was handed:
``message_id late_ms``, counted from the send plus the delay in seconds that the body says.
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
    queues: tuple[str, ...] = ()
    batch_size = 10
    printing = threading.Lock()

    def do_POST(self) -> None:
        """Answer Invoke and GetQueueAttributes."""
        arrived_at_ms = time.time_ns() / 1e6
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "/invocations" in self.path:
            with self.printing:
                for record in body["Records"]:
                    due_at_ms = int(record["attributes"]["SentTimestamp"]) + int(record["body"]) * 1000
                    print(record["messageId"], f"{arrived_at_ms - due_at_ms:.3f}")
                sys.stdout.flush()
            self._answer(b"null")
        else:
            self._answer({"Attributes": {"VisibilityTimeout": "30"}})

    def do_GET(self) -> None:
        """Answer the listings."""
        if "/event-source-mappings" in self.path:
            self._answer({"EventSourceMappings": [self._mapping(queue) for queue in self.queues]})
        elif "/urls" in self.path:
            self._answer({"FunctionUrlConfigs": []})
        else:
            self._answer({"Functions": [{"FunctionName": "instant", "FunctionArn": FUNCTION_ARN, "Timeout": 3}]})

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _mapping(self, queue: str) -> dict[str, Any]:
        return {
            "UUID": queue,
            "EventSourceArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}",
            "FunctionArn": FUNCTION_ARN,
            "State": "Disabled",
            "BatchSize": self.batch_size,
        }

    def _answer(self, body: dict[str, Any] | bytes) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main() -> None:
    """Serve until killed."""
    Handler.queues = tuple(sys.argv[1:])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
