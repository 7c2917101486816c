"""Functions written for Node.js: how they are found, called, and how they fail, as Lambda tells it."""

import base64
import json
import re
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("has_node")


def result_of(answer: dict[str, Any]) -> Any:
    payload = answer["Payload"].read()
    assert "FunctionError" not in answer, payload
    return json.loads(payload)


def failure_of(answer: dict[str, Any]) -> Any:
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    return json.loads(answer["Payload"].read())


def test_a_function_finds_its_event_and_what_the_context_says_of_the_call(aws_lambda: Any) -> None:
    context = base64.b64encode(json.dumps({"custom": {"a": "b"}}).encode()).decode()
    answer = aws_lambda.invoke(FunctionName="echo_node", Payload=b'{"n":1}', ClientContext=context)
    found = result_of(answer)
    assert found["event"] == {"n": 1}
    assert found["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert found["arn"] == "arn:aws:lambda:us-east-1:000000000000:function:echo_node"
    assert (found["name"], found["memory"], found["custom"]) == ("echo_node", "128", {"a": "b"})
    assert 0 < found["remainingMs"] <= 3_000


def test_an_idle_process_is_used_again(aws_lambda: Any) -> None:
    pids = {result_of(aws_lambda.invoke(FunctionName="echo_node"))["pid"] for _ in range(3)}
    assert len(pids) == 1


def test_lambdas_variables_are_there(aws_lambda: Any) -> None:
    found = result_of(aws_lambda.invoke(FunctionName="environment_node"))
    assert found["AWS_EXECUTION_ENV"] == "AWS_Lambda_nodejs20.x"
    assert found["_HANDLER"] == "common.environment_node"
    assert found["AWS_LAMBDA_FUNCTION_NAME"] == "environment_node"


@pytest.mark.parametrize(
    ("name", "event", "result"),
    [
        ("by_callback", {"number": 3}, {"answered": 3}),
        ("waits", {}, ["later"]),
        ("at_once", {}, []),
        ("succeeds_old", {}, "old"),
        ("never", {}, None),
        ("nested-inner-handler", {}, "deep"),
        ("esm", {}, "ready"),
        ("awaited", {"a": 1}, {"a": 1}),
        ("default_one", {}, "default"),
    ],
)
def test_every_way_of_answering_is_an_answer(aws_lambda: Any, name: str, event: object, result: object) -> None:
    for _ in range(2):
        assert result_of(aws_lambda.invoke(FunctionName=name, Payload=json.dumps(event))) == result


@pytest.mark.parametrize(
    ("name", "error_type", "message"),
    [
        ("throws", "TypeError", "no good"),
        ("fails_by_callback", "RangeError", "too far"),
        ("rejects_text", "string", "only text"),
        ("not_json", "Error", r"Unable to stringify response body: .*BigInt"),
        ("crashes", "Error", "from nowhere"),
        ("rejects_unseen", r"Runtime\.UnhandledPromiseRejection", "Error: unseen"),
        ("missing-module", r"Runtime\.ImportModuleError", "Error: Cannot find module 'file'"),
        ("missing-dependency", r"Runtime\.ImportModuleError", r"(?s)Error: Cannot find module 'no-such-package'.*"),
        ("missing-export", r"Runtime\.HandlerNotFound", r"common\.nothing is undefined or not exported"),
        ("bad-handler", r"Runtime\.MalformedHandlerName", "Bad handler common"),
        ("wrong-syntax", r"Runtime\.UserCodeSyntaxError", "SyntaxError: .*"),
    ],
)
def test_every_failure_has_type_message_and_trace_and_may_be_tried_again(
    aws_lambda: Any, name: str, error_type: str, message: str
) -> None:
    for _ in range(2):
        failure = failure_of(aws_lambda.invoke(FunctionName=name))
        assert re.fullmatch(error_type, failure["errorType"])
        assert re.fullmatch(message, failure["errorMessage"])
        assert isinstance(failure["trace"], list)
    if name == "throws":
        assert failure["trace"][0] == "TypeError: no good"
        assert "common.js" in failure["trace"][1]


def test_a_process_that_ends_while_it_starts_is_an_exit_error(aws_lambda: Any) -> None:
    failure = failure_of(aws_lambda.invoke(FunctionName="quits-node"))
    assert failure["errorType"] == "Runtime.ExitError"
    assert failure["errorMessage"].endswith("Error: Runtime exited with error: exit status 7")


def test_a_function_that_waits_for_ever_times_out(aws_lambda: Any) -> None:
    failure = failure_of(aws_lambda.invoke(FunctionName="hangs_node"))
    assert failure["errorType"] == "Sandbox.Timedout"
    assert failure["errorMessage"].endswith("Task timed out after 3.00 seconds")


def test_what_it_logs_stands_in_the_tail_with_time_request_and_level(aws_lambda: Any) -> None:
    answer = aws_lambda.invoke(FunctionName="writes", LogType="Tail")
    answer["Payload"].read()
    request_id = answer["ResponseMetadata"]["RequestId"]
    log = base64.b64decode(answer["LogResult"]).decode()
    instant = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    written = (
        rf"{instant}\t{request_id}\tINFO\ttwo\nlines {{ a: 1 }}\n{instant}\t{request_id}\tERROR\tan error\nplain\n"
    )
    assert re.search(written, log)


def test_an_error_is_logged_with_its_own_fields(aws_lambda: Any) -> None:
    answer = aws_lambda.invoke(FunctionName="throws", LogType="Tail")
    answer["Payload"].read()
    log = base64.b64decode(answer["LogResult"]).decode()
    found = re.search(r"\tERROR\tInvoke Error \t(.*)", log)
    assert found
    logged = json.loads(found[1])
    assert (logged["errorType"], logged["errorMessage"], logged["code"]) == ("TypeError", "no good", "E_CODE")
    assert logged["stack"][0] == "TypeError: no good"
