"""One local Lambda service for the tests that leave it as it was, with real clients."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from karin.local.process import LocalLambda
from tests.local.support import client, function, node, write_definition

COMMONJS = (
    "echo_node",
    "by_callback",
    "waits",
    "at_once",
    "fails_by_callback",
    "throws",
    "rejects_text",
    "writes",
    "crashes",
    "rejects_unseen",
    "never",
    "hangs_node",
    "nested.inner.handler",
    "not_json",
    "succeeds_old",
    "environment_node",
)
MODULE = ("esm", "awaited", "default_one")
DEFINITION: dict[str, object] = {
    "functions": [
        function("echo", "handlers.echo", timeout_seconds=30),
        function("fail", "handlers.fail"),
        function("hang", "handlers.hang", timeout_seconds=1),
        function("leave", "handlers.leave"),
        function("write", "handlers.write"),
        function("environment", "handlers.environment", environment={"GREETING": "hi", "TZ": "Asia/Seoul"}),
        function("meet", "handlers.meet", timeout_seconds=10),
        function("too-long", "handlers.too_long", timeout_seconds=20),
        function("broken", "broken.handle"),
        function("quits", "quits.handle"),
        function("custom", "", runtime="provided.al2023"),
        function("no-bootstrap", "", runtime="provided.al2023", code="."),
        function("ruby", "index.handler", runtime="ruby3.4"),
        *(node(name, f"common.{name}") for name in COMMONJS),
        *(node(name, f"module.{name}") for name in MODULE),
        node("missing-module", "no/such/file.handler"),
        node("missing-export", "common.nothing"),
        node("missing-dependency", "needs.handler"),
        node("wrong-syntax", "syntax.handler"),
        node("quits-node", "quits.handler"),
        node("bad-handler", "common"),
        function("web", "handlers.web", url={}),
        function("signed", "handlers.echo_event", url={"auth_type": "AWS_IAM"}),
        function("shared", "handlers.web", url={"cors": {"origins": ["https://app.example"], "credentials": True}}),
        function("web-fails", "handlers.fail", url={}),
        *(function(f"many-{number}", "handlers.echo") for number in range(50)),
    ],
    "queues": [
        {"name": "work", "attributes": {"VisibilityTimeout": "90"}},
        {"name": "orders.fifo"},
        *({"name": f"q-{number}"} for number in range(120)),
    ],
    "mappings": [
        {
            "queue": "work",
            "function": "echo:live",
            "batch_size": 50,
            "window_seconds": 2,
            "max_concurrency": 5,
            "function_response_types": ["ReportBatchItemFailures"],
            "filters": ['{"body":{"a":[1]}}'],
        },
        {"queue": "orders.fifo", "function": "write", "enabled": True},
        *({"queue": f"q-{number}", "function": "echo"} for number in range(120)),
    ],
}


@pytest.fixture(scope="session")
def has_node() -> None:
    """Skip what needs Node.js where there is none; in CI there must be."""
    if shutil.which("node") is None:
        if os.environ.get("CI") == "true":  # noqa: TID251
            pytest.fail("there is no node on PATH")
        pytest.skip("there is no node on PATH")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLambda]:
    definition = write_definition(tmp_path_factory.mktemp("local"), DEFINITION)
    with LocalLambda(definition, urls="127.0.0.1:0") as running:
        yield running


@pytest.fixture(scope="session")
def aws_lambda(service: LocalLambda) -> Iterator[Any]:
    made = client("lambda", service.url)
    yield made
    made.close()


@pytest.fixture(scope="session")
def sqs(service: LocalLambda) -> Iterator[Any]:
    made = client("sqs", service.url)
    yield made
    made.close()
