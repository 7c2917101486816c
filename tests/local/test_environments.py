"""Execution environments: real runtime processes, one call at a time each."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.local.support import is_running
from tests.support import wait_until


def result_of(answer: dict[str, Any]) -> Any:
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.loads(answer["Payload"].read())


def test_an_idle_environment_is_used_again(aws_lambda: Any) -> None:
    pids = {result_of(aws_lambda.invoke(FunctionName="echo"))["pid"] for _ in range(5)}
    assert len(pids) == 1


def test_two_calls_at_the_same_time_run_in_two_environments(aws_lambda: Any, tmp_path: Path) -> None:
    def call(me: str, other: str) -> Any:
        event = {"directory": str(tmp_path), "me": me, "other": other}
        return result_of(aws_lambda.invoke(FunctionName="meet", Payload=json.dumps(event)))

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.submit(call, "a", "b"), threads.submit(call, "b", "a")
        assert first.result() != second.result()


def test_an_idle_environment_that_died_is_replaced_without_the_caller_noticing(aws_lambda: Any) -> None:
    pid = result_of(aws_lambda.invoke(FunctionName="many-1"))["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_running(pid), "the runtime is dead")
    assert result_of(aws_lambda.invoke(FunctionName="many-1"))["pid"] != pid


def test_a_function_finds_lambdas_variables_and_its_own(aws_lambda: Any) -> None:
    found = result_of(aws_lambda.invoke(FunctionName="environment"))
    assert found["AWS_LAMBDA_FUNCTION_NAME"] == "environment"
    assert found["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert found["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "128"
    assert found["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/environment"
    assert found["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.11"
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "us-east-1"
    assert found["_HANDLER"] == "handlers.environment"
    assert found["LAMBDA_TASK_ROOT"] == found["PYTHONPATH"]
    assert Path(found["LAMBDA_TASK_ROOT"], "handlers.py").exists()
    assert found["GREETING"] == "hi"
    assert found["TZ"] == ":UTC"


def test_a_bootstrap_is_served_and_keeps_its_environment(aws_lambda: Any) -> None:
    for number in range(2):
        answer = aws_lambda.invoke(FunctionName="custom", Payload=json.dumps({"number": number}))
        assert result_of(answer) == {"seen": {"number": number}}


def test_an_answer_to_another_request_is_refused(aws_lambda: Any) -> None:
    answer = aws_lambda.invoke(FunctionName="custom", Payload=json.dumps({"wrong_id": True}))
    assert result_of(answer)["seen"]["status_for_wrong_id"] == 400
