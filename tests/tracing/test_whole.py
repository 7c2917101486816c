"""A whole karin sends spans to a collector, and the function sees the trace that began with the sender."""

import gzip
import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.local_http import LocalServer, Quiet
from tests.support import short_folder, wait_until
from tests.system.whole import running_karin

TRACE, PARENT = "5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8"
XRAY = f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={PARENT};Sampled=1"
HANDLER = """
import os

def handle(event, _context):
    for record in event["Records"]:
        print(record["body"], os.environ.get("_X_AMZN_TRACE_ID"), record["attributes"]["AWSTraceHeader"], flush=True)
"""


class Collector(LocalServer):
    """Takes spans as OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(_Export)
        self.spans: list[tuple[dict[str, str], Span]] = []

    def named(self, name: str) -> list[Span]:
        """Return the spans of a name."""
        return [span for _, span in self.spans if span.name == name]


class _Export(Quiet, BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = {one.key: one.value.string_value for one in of_resource.resource.attributes}
            for scope in of_resource.scope_spans:
                self.server.spans += [(resource, span) for span in scope.spans]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        (folder / "handler.py").write_text(HANDLER)
        (folder / "definition.json").write_text(
            json.dumps({
                "functions": [{"name": "tell", "runtime": "python3.11", "code": ".", "handler": "handler.handle"}],
                "queues": [{"name": "hello"}],
                "mappings": [{"queue": "hello", "function": "tell"}],
            })
        )  # fmt: skip
        yield folder


def with_header(client: Any, name: str, value: str) -> Any:
    """Have a client of boto3 send a header with its sends."""

    def add(request: Any, **_: Any) -> None:
        request.headers[name] = value

    client.meta.events.register("before-send.sqs.SendMessage", add)
    return client


def test_sender_send_delivery_and_function_are_one_trace(folder: Path) -> None:
    # What is exported by the end only is exported at the end, too.
    with Collector() as collector:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "600000"}
        with running_karin(folder / "definition.json", **variables) as karin:
            with_header(karin.client(), "X-Amzn-Trace-Id", XRAY).send_message(QueueUrl="hello", MessageBody="xray")
            traceparent = f"00-{TRACE[::-1]}-{PARENT}-01"
            with_header(karin.client(), "traceparent", traceparent).send_message(QueueUrl="hello", MessageBody="w3c")
            wait_until(lambda: len(karin.printed().split("Root=")) == 5, "both messages have come", 60)
            printed = karin.printed()
            assert collector.spans == []
        sends, deliveries = collector.named("send hello"), collector.named("process hello")
    assert {span.trace_id.hex() for span in sends} == {TRACE, TRACE[::-1]}
    assert {span.parent_span_id.hex() for span in sends} == {PARENT}
    parts = {(resource["service.name"], resource["karin.part"]) for resource, _ in collector.spans}
    assert parts == {("karin", "endpoint"), ("karin", "scheduler")}
    for send in sends:
        linked = [one for one in deliveries if send.span_id in {link.span_id for link in one.links}]
        assert len(linked) == 1
        seen = re.search(rf"{'xray' if send.trace_id.hex() == TRACE else 'w3c'} Root=1-(\S+) Root=1-(\S+)", printed)
        assert seen is not None
        of_call, of_message = (text.replace("-", "", 1) for text in seen.groups())
        assert of_message == f"{send.trace_id.hex()};Parent={send.span_id.hex()};Sampled=1"
        assert of_call == f"{linked[0].trace_id.hex()};Parent={linked[0].span_id.hex()};Sampled=1"
        if len(linked[0].links) == 1:  # else both messages came in one call
            assert (linked[0].trace_id, linked[0].parent_span_id) == (send.trace_id, send.span_id)
