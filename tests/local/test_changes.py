"""A function that changes while it is served: its code, its definition, and the calls that are under way meanwhile."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from karin.local.process import LocalLambda, LocalLambdaError
from tests.local.support import client
from tests.support import wait_until

CODE = """
import os, threading
from pathlib import Path

def handle(event, context):
    if "wait_for" in event:
        Path(event["wait_for"]).with_suffix(".began").touch()
        while not Path(event["wait_for"]).exists():
            threading.Event().wait(0.01)
    return {"edition": %d, "greeting": os.environ.get("GREETING"), "endpoint": os.environ.get("AWS_ENDPOINT_URL_SQS")}
"""


def write_definition(folder: Path, **more: object) -> Path:
    one = {"name": "one", "runtime": "python3.11", "code": "code", "handler": "one.handle", "timeout_seconds": 20}
    path = folder / "definition.json"
    path.write_text(json.dumps({"functions": [one | more], "sqs_endpoint": "http://127.0.0.1:4000"}))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "one.py").write_text(CODE % 1)
    write_definition(tmp_path)
    return tmp_path


class Caller:
    """Calls the function of a service."""

    def __init__(self, service: LocalLambda) -> None:
        self._lambda = client("lambda", service.url)

    def call(self, event: dict[str, Any] | None = None, name: str = "one") -> Any:
        answer = self._lambda.invoke(FunctionName=name, Payload=json.dumps(event or {}))
        return json.loads(answer["Payload"].read())


def test_changed_code_is_served_and_a_call_under_way_finishes_on_the_old(folder: Path) -> None:
    stderr = folder / "stderr"
    with stderr.open("wb") as copy, LocalLambda(folder / "definition.json", stderr=copy) as service:
        caller = Caller(service)
        assert caller.call()["edition"] == 1
        results: list[Any] = []
        go = folder / "go"
        slow = threading.Thread(target=lambda: results.append(Caller(service).call({"wait_for": str(go)})))
        slow.start()
        wait_until((folder / "go.began").exists, "the slow call has begun")
        (folder / "code" / "one.py").write_text(CODE % 22)
        # A process may have started with the new code before anyone looked whether it is new.
        noticed = "karin.local: one has changed: starting it anew"
        wait_until(lambda: caller.call()["edition"] == 22 and noticed in stderr.read_text(), "the change is noticed")
        go.touch()
        slow.join()
        assert results[0]["edition"] == 1
        assert {caller.call()["edition"] for _ in range(3)} == {22}


def test_a_change_in_what_is_not_code_starts_nothing_anew(folder: Path) -> None:
    with LocalLambda(folder / "definition.json") as service:
        caller = Caller(service)
        pid = caller.call()
        for name in ("notes.md", "node_modules/x/index.js", ".git/index", "__pycache__/one.py", "data.db"):
            path = folder / "code" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("new")
        assert caller.call() == pid
        assert len(service.invocations()) == 2


def test_a_definition_that_is_read_again_is_served_from_the_next_call_on(folder: Path) -> None:
    with LocalLambda(folder / "definition.json") as service:
        caller = Caller(service)
        assert caller.call() == {"edition": 1, "greeting": None, "endpoint": "http://127.0.0.1:4000"}
        write_definition(folder, environment={"GREETING": "hi", "AWS_ENDPOINT_URL_SQS": "https://elsewhere.example"})
        assert caller.call()["greeting"] is None
        service.read_again()
        assert caller.call() == {"edition": 1, "greeting": "hi", "endpoint": "http://127.0.0.1:4000"}
        write_definition(folder, name="two")
        service.read_again()
        assert caller.call(name="two")["edition"] == 1
        with pytest.raises(ClientError, match="Function not found"):
            caller.call()


def test_a_definition_that_is_wrong_is_told_and_the_old_one_stays(folder: Path) -> None:
    with LocalLambda(folder / "definition.json") as service:
        (folder / "code").rename(folder / "elsewhere")
        with pytest.raises(LocalLambdaError, match=r"its code directory .+ does not exist"):
            service.read_again()
        (folder / "elsewhere").rename(folder / "code")
        assert Caller(service).call()["edition"] == 1
