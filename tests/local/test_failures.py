"""The ways in which a function can fail, and what its caller is told."""

import json
import re
from typing import Any

import pytest

from karin.local.process import LocalLambda


def failure_of(answer: dict[str, Any]) -> Any:
    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    return json.loads(answer["Payload"].read())


def test_an_exception_is_answered_with_its_type_message_and_trace(aws_lambda: Any) -> None:
    answer = aws_lambda.invoke(FunctionName="fail")
    failure = failure_of(answer)
    assert failure["errorType"] == "ValueError"
    assert failure["errorMessage"] == "no good"
    assert failure["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert "handlers.py" in failure["stackTrace"][0]


def test_a_function_that_outlives_its_timeout_is_ended_and_the_next_call_finds_a_new_one(aws_lambda: Any) -> None:
    for _ in range(2):
        answer = aws_lambda.invoke(FunctionName="hang")
        failure, request_id = failure_of(answer), answer["ResponseMetadata"]["RequestId"]
        expected = rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z {request_id} Task timed out after 1\.00 seconds"
        assert failure["errorType"] == "Sandbox.Timedout"
        assert re.fullmatch(expected, failure["errorMessage"])


@pytest.mark.parametrize(
    ("status", "reason"), [(3, "exited with error: exit status 3"), (0, "exited without providing a reason")]
)
def test_a_runtime_that_ends_in_the_middle_of_a_call_is_an_exit_error(
    aws_lambda: Any, status: int, reason: str
) -> None:
    answer = aws_lambda.invoke(FunctionName="leave", Payload=json.dumps({"status": status}))
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert failure_of(answer) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {request_id} Error: Runtime {reason}",
    }


def test_a_module_that_cannot_be_imported_is_answered_with_the_import_error(aws_lambda: Any) -> None:
    for _ in range(2):
        answer = aws_lambda.invoke(FunctionName="broken")
        failure = failure_of(answer)
        assert failure["errorType"] == "Runtime.ImportModuleError"
        assert failure["errorMessage"] == "Unable to import module 'broken': No module named 'no_such_module'"
        assert failure["requestId"] == answer["ResponseMetadata"]["RequestId"]


def test_a_runtime_that_ends_while_it_starts_is_an_exit_error(aws_lambda: Any) -> None:
    failure = failure_of(aws_lambda.invoke(FunctionName="quits"))
    assert failure["errorType"] == "Runtime.ExitError"
    assert failure["errorMessage"].endswith("Error: Runtime exited with error: exit status 7")


def test_a_missing_bootstrap_is_an_invalid_entrypoint(aws_lambda: Any) -> None:
    failure = failure_of(aws_lambda.invoke(FunctionName="no-bootstrap"))
    assert failure["errorType"] == "Runtime.InvalidEntrypoint"
    assert "bootstrap: No such file or directory" in failure["errorMessage"]


def test_a_result_over_six_megabytes_is_an_error(aws_lambda: Any) -> None:
    failure = failure_of(aws_lambda.invoke(FunctionName="too-long"))
    assert failure["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_record_says_what_went_wrong_in_one_line(service: LocalLambda, aws_lambda: Any) -> None:
    answer = aws_lambda.invoke(FunctionName="fail", Payload=json.dumps({"Records": [{"messageId": "m-9"}]}))
    answer["Payload"].read()
    record = service.invocations()[-1]
    assert record.request_id == answer["ResponseMetadata"]["RequestId"]
    assert (record.function, record.message_ids, record.error) == ("fail", ("m-9",), "ValueError: no good")
    assert record.received_at_ms <= record.finished_at_ms
    assert "[ERROR] ValueError: no good\nTraceback" in record.log
    assert "START" not in record.log
    assert service.invocations(after=record.sequence) == ()
