"""A Lambda service in which everything can go wrong: a small HTTP server whose functions do as they are told."""

import json
import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote

from tests.local_http import LocalServer, Quiet
from tests.store.support import ACCOUNT

REGION = "us-east-1"
TIMEOUT_SECONDS = 1

Behaviour = Callable[["Request"], None]


class BrokenLambda(LocalServer):
    """Serves one function for each queue, under the same name; each has a behaviour, which may be changed at any time.

    A context manager; ``calls`` are the events of each function's calls, in order.
    """

    request_queue_size = 128

    def __init__(self, behaviours: dict[str, Behaviour], **of_mapping: object) -> None:
        super().__init__(Request)
        self.behaviours = behaviours
        self.of_mapping = of_mapping  # fields of every mapping, as AWS names them
        self.timeout_seconds = TIMEOUT_SECONDS
        self.keeps_events = True  # or only counts the calls
        self.calls: dict[str, list[dict[str, Any]]] = {name: [] for name in behaviours}
        self.ended = threading.Event()

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        super().__exit__()

    def attributes(self, queue: str) -> dict[str, str]:  # noqa: ARG002 - for those that inherit from it
        """Return a queue's attributes as AWS tells them."""
        return {"VisibilityTimeout": "1"}

    def call(self, request: "Request", name: str, event: bytes) -> None:
        """Call a function: have a request answered that brings it an event."""
        request.event_bytes = len(event)
        self.calls[name].append(json.loads(event) if self.keeps_events else {})
        self.behaviours[name](request)

    def receive_counts(self, name: str) -> list[list[int]]:
        """Return how often each message was received, for each call of a function."""
        return [
            [int(record["attributes"]["ApproximateReceiveCount"]) for record in event["Records"]]
            for event in self.calls[name]
        ]

    def function(self, name: str) -> dict[str, Any]:
        """Return a function as AWS lists it."""
        return {
            "FunctionName": name,
            "FunctionArn": arn(name).removesuffix(":live"),
            "Timeout": self.timeout_seconds,
            "SomethingOfNextYear": True,
        }

    def mapping(self, name: str) -> dict[str, Any]:
        """Return a function's mapping as AWS lists it."""
        return {
            "UUID": name,
            "EventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
            "FunctionArn": arn(name),
            "State": "Disabled",
            "BatchSize": 10,
            "SomethingOfNextYear": {"Nested": [1]},
            **self.of_mapping,
        }


class Request(Quiet, BaseHTTPRequestHandler):
    """One request; behaviours answer it with the methods below."""

    server: BrokenLambda
    event_bytes = 0

    def do_GET(self) -> None:
        """Answer the listings."""
        if "/event-source-mappings" in self.path:
            self._list("EventSourceMappings", [self.server.mapping(name) for name in self.server.behaviours])
        elif "/urls" in self.path:
            self._list("FunctionUrlConfigs", [])
        else:
            self._list("Functions", [self.server.function(name) for name in self.server.behaviours])

    def do_POST(self) -> None:
        """Call a function, or tell a queue's attributes."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "/invocations" not in self.path:
            queue = str(json.loads(body)["QueueUrl"]).rpartition("/")[2]
            self.answer(200, {"Attributes": self.server.attributes(queue)})
            return
        name = unquote(self.path).split(":function:")[1].split("/")[0].split(":")[0]
        self.server.call(self, name, body)

    def answer(self, status: int, body: object, missing_bytes: int = 0, **headers: str) -> None:
        """Answer with JSON, or with less of it than the head promises."""
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("x-amzn-RequestId", "request-1")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data) + missing_bytes))
        self.end_headers()
        self.wfile.write(data)

    def _list(self, field: str, elements: list[dict[str, Any]]) -> None:
        self.answer(200, {field: elements})


def succeed(request: Request) -> None:
    """Do what it should."""
    request.answer(200, None)


def refuse(status: int, code: str) -> Behaviour:
    """Return AWS's refusal to call the function."""
    return lambda request: request.answer(status, {"Message": "because"}, x_amzn_errortype=code)


def fail(request: Request) -> None:
    """Raise an exception in the function."""
    request.answer(200, {"errorType": "KeyError", "errorMessage": "'id'"}, X_Amz_Function_Error="Unhandled")


def report_nonsense(request: Request) -> None:
    """Answer with what is no partial batch response."""
    request.answer(200, {"batchItemFailures": [{"itemIdentifier": "a stranger"}]})


def drop(request: Request) -> None:
    """Reset the connection in the middle of the call."""
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.close_connection = True


def garble(request: Request) -> None:
    """Answer with what is not HTTP."""
    request.wfile.write(b"this is not HTTP\r\n\r\n")
    request.close_connection = True


def truncate(request: Request) -> None:
    """Answer, and hang up before the end."""
    request.answer(200, {"batchItemFailures": []}, missing_bytes=10)
    request.close_connection = True


def hang(request: Request) -> None:
    """Never answer."""
    request.server.ended.wait(60)
    request.close_connection = True


def refuse_large(most_bytes: int) -> Behaviour:
    """Return a function for which AWS takes no longer events than these."""
    too_large = refuse(413, "RequestTooLargeException")
    return lambda request: too_large(request) if request.event_bytes > most_bytes else succeed(request)


def first(*behaviours: Behaviour) -> Behaviour:
    """Return behaviours one after the other; the last goes on."""
    left = list(behaviours)

    def next_of_them(request: Request) -> None:
        behaviour = left.pop(0) if len(left) > 1 else left[0]
        behaviour(request)

    return next_of_them


def arn(name: str) -> str:
    """Return a function's ARN, here with an alias."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:live"
