"""The service as a process: how it starts, how it ends, and that nothing survives it."""

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from karin.local.hello import DEFINITION as HELLO
from karin.local.process import LocalLambda, LocalLambdaError
from tests.local.support import client, function, is_running, write_definition
from tests.support import wait_until


def call_with_child(service: LocalLambda, pids: Path, *, hang: bool) -> threading.Thread:
    """Call the function that starts a child; returns the thread that waits for the answer."""

    def call() -> None:
        aws_lambda = client("lambda", service.url)
        event = {"pids": str(pids), "hang": hang}
        try:
            aws_lambda.invoke(FunctionName="with-child", Payload=json.dumps(event))["Payload"].read()
        except Exception as error:  # noqa: BLE001 - the service is ended under it, on purpose
            print(error)
        finally:
            aws_lambda.close()

    thread = threading.Thread(target=call)
    thread.start()
    return thread


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    functions = [
        function("with-child", "handlers.with_child", timeout_seconds=60),
        function("environment", "handlers.environment"),
    ]
    return write_definition(tmp_path, {"functions": functions})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("hang", [True, False])
def test_a_signal_ends_service_and_runtimes_within_two_seconds(
    definition: Path, tmp_path: Path, number: signal.Signals, hang: bool
) -> None:
    service = LocalLambda(definition)
    service.start()
    pids = tmp_path / "pids"
    thread = call_with_child(service, pids, hang=hang)
    wait_until(lambda: pids.exists() and " " in pids.read_text(), "the function runs")
    runtime, child = map(int, pids.read_text().split())
    if not hang:
        thread.join()
    service_pid, told_at = service.pid, time.monotonic()
    os.kill(service_pid, number)
    wait_until(lambda: not is_running(service_pid), "the service has ended", timeout_s=2)
    assert time.monotonic() - told_at < 2
    assert not is_running(runtime)
    assert not is_running(child)
    thread.join()
    service.stop()


def test_a_runtime_does_not_outlive_a_service_that_was_killed(definition: Path, tmp_path: Path) -> None:
    service = LocalLambda(definition)
    service.start()
    pids = tmp_path / "pids"
    thread = call_with_child(service, pids, hang=True)
    wait_until(lambda: pids.exists() and " " in pids.read_text(), "the function runs")
    runtime, child = map(int, pids.read_text().split())
    os.kill(service.pid, signal.SIGKILL)
    try:
        wait_until(lambda: not is_running(runtime), "the runtime has ended with the service")
    finally:
        os.kill(child, signal.SIGKILL)  # what a function itself starts is beyond the kernel's help
    thread.join()
    service.stop()


def test_a_function_does_not_see_karins_own_settings(definition: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:secret@host")
    monkeypatch.setenv("KARIN_ACCESS_KEYS", "id:secret")
    monkeypatch.setenv("OF_THE_USER", "kept")
    with LocalLambda(definition) as service:
        aws_lambda = client("lambda", service.url)
        found: dict[str, Any] = json.loads(aws_lambda.invoke(FunctionName="environment")["Payload"].read())
        aws_lambda.close()
    assert "REDIS_URL" not in found
    assert not [name for name in found if name.startswith("KARIN_")]
    assert found["OF_THE_USER"] == "kept"


def test_the_demos_function_prints_each_body_on_a_line() -> None:
    with LocalLambda(HELLO) as service:
        aws_lambda = client("lambda", service.url)
        records = [{"messageId": "1", "body": "hello"}, {"messageId": "2", "body": "world"}]
        answer = aws_lambda.invoke(FunctionName="hello", Payload=json.dumps({"Records": records}))
        assert answer["Payload"].read() == b"null"
        aws_lambda.close()
        (record,) = service.invocations()
    assert (record.sequence, record.function, record.message_ids) == (1, "hello", ("1", "2"))
    assert (record.error, record.log) == (None, "hello\nworld\n")


def test_a_service_that_is_slow_is_not_said_to_have_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("karin.local.process.START_SECONDS", 0)
    with pytest.raises(LocalLambdaError, match="does not listen after 0 s"):
        LocalLambda(HELLO).start()


@pytest.mark.parametrize("path", ["/nowhere.json", str(HELLO)])
def test_a_service_that_cannot_start_is_reported(path: str, capfd: pytest.CaptureFixture[str]) -> None:
    with LocalLambda(HELLO) as first:
        bind = first.url.removeprefix("http://")
        with pytest.raises(LocalLambdaError, match="its line on stderr says why"):
            LocalLambda(Path(path), bind=bind).start()
    said = capfd.readouterr().err
    assert said in (
        "karin.local: /nowhere.json: cannot be read: No such file or directory\n",
        f"karin.local: cannot listen on {bind}: Address already in use\n",
    )


def test_a_function_that_cannot_be_served_is_named_at_the_start(tmp_path: Path) -> None:
    ruby = function("ruby", "index.handler", runtime="ruby3.4")
    definition = write_definition(tmp_path, {"functions": [ruby]})
    stderr = tmp_path / "stderr"
    with stderr.open("wb") as copy, LocalLambda(definition, stderr=copy):
        pass
    expected = "karin.local: function ruby: ruby3.4 is not served, only python*, nodejs* and provided*\n"
    assert stderr.read_text() == expected


def test_stopping_twice_does_no_harm() -> None:
    service = LocalLambda(HELLO, stderr=subprocess.DEVNULL)
    service.start()
    service.stop()
    service.stop()
    with pytest.raises(LocalLambdaError, match="is not running"):
        _ = service.pid
