"""One local Lambda service for the tests that leave it as it was, with real clients."""

from collections.abc import Iterator
from typing import Any

import pytest

from karin.local.process import LocalLambda
from tests.local.support import client, function, write_definition

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
        function("node", "index.handler", runtime="nodejs20.x"),
        *(function(f"many-{number}", "handlers.echo") for number in range(60)),
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
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLambda]:
    with LocalLambda(write_definition(tmp_path_factory.mktemp("local"), DEFINITION)) as running:
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
