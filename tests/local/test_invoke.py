"""Invoke, as boto3 sees it."""

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from karin.local.process import LocalLambda
from tests.local.support import ACCOUNT, REGION, ask
from tests.support import wait_until

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"


def payload_of(answer: dict[str, Any]) -> Any:
    return json.loads(answer["Payload"].read())


def test_a_function_gets_its_event_and_its_result_is_answered(aws_lambda: Any) -> None:
    answer = aws_lambda.invoke(FunctionName="echo", Payload=json.dumps({"text": "안녕"}))
    result = payload_of(answer)
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer
    assert "LogResult" not in answer
    assert result["event"] == {"text": "안녕"}
    assert result["request_id"] == answer["ResponseMetadata"]["RequestId"]
    assert 25_000 < result["remaining_ms"] <= 30_000


def test_a_call_without_payload_gives_the_function_an_empty_object(aws_lambda: Any) -> None:
    assert payload_of(aws_lambda.invoke(FunctionName="echo"))["event"] == {}


@pytest.mark.parametrize(
    ("reference", "arn"),
    [
        ("echo", f"{ARN}:echo"),
        ("echo:live", f"{ARN}:echo:live"),
        (f"{ARN}:echo", f"{ARN}:echo"),
        (f"{ARN}:echo:live", f"{ARN}:echo:live"),
        (f"{ARN}:echo:$LATEST", f"{ARN}:echo:$LATEST"),
        (f"{ACCOUNT}:function:echo", f"{ARN}:echo"),
    ],
)
def test_a_function_answers_to_its_name_and_arn_with_or_without_an_alias(
    aws_lambda: Any, reference: str, arn: str
) -> None:
    assert payload_of(aws_lambda.invoke(FunctionName=reference))["arn"] == arn


def test_a_qualifier_may_stand_apart_from_the_name(aws_lambda: Any) -> None:
    assert payload_of(aws_lambda.invoke(FunctionName="echo", Qualifier="live"))["arn"] == f"{ARN}:echo:live"


def test_the_client_context_reaches_the_function(aws_lambda: Any) -> None:
    context = base64.b64encode(json.dumps({"custom": {"a": 1}}).encode()).decode()
    assert payload_of(aws_lambda.invoke(FunctionName="echo", ClientContext=context))["client_context"] == {"a": 1}


def test_an_event_is_accepted_at_once_and_carried_out_later(service: LocalLambda, aws_lambda: Any) -> None:
    records = {"Records": [{"messageId": "m-1"}, {"messageId": "m-2"}]}
    answer = aws_lambda.invoke(FunctionName="write", InvocationType="Event", Payload=json.dumps(records))
    assert answer["StatusCode"] == 202
    assert answer["Payload"].read() == b""
    request_id = answer["ResponseMetadata"]["RequestId"]

    def is_done() -> bool:
        return any(it.request_id == request_id for it in service.invocations())

    wait_until(is_done, "the event has been handled")
    record = next(it for it in service.invocations() if it.request_id == request_id)
    assert record.message_ids == ("m-1", "m-2")


def test_a_dry_run_only_looks_whether_the_function_exists(service: LocalLambda, aws_lambda: Any) -> None:
    before = len(service.invocations())
    assert aws_lambda.invoke(FunctionName="echo", InvocationType="DryRun")["StatusCode"] == 204
    assert len(service.invocations()) == before
    with pytest.raises(aws_lambda.exceptions.ResourceNotFoundException):
        aws_lambda.invoke(FunctionName="nobody", InvocationType="DryRun")


@pytest.mark.parametrize("account", [ACCOUNT, "999999999999"])
def test_an_unknown_function_is_not_found(aws_lambda: Any, account: str) -> None:
    name = "nobody" if account == ACCOUNT else "echo"
    arn = f"arn:aws:lambda:{REGION}:{account}:function:{name}"
    with pytest.raises(aws_lambda.exceptions.ResourceNotFoundException) as caught:
        aws_lambda.invoke(FunctionName=arn)
    assert caught.value.response["Error"]["Message"] == f"Function not found: {arn}"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert caught.value.response["Type"] == "User"


@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
def test_a_payload_over_the_limit_is_refused(aws_lambda: Any, kind: str) -> None:
    limit = 6_291_456 if kind == "RequestResponse" else 1_048_576
    with pytest.raises(aws_lambda.exceptions.RequestTooLargeException) as caught:
        aws_lambda.invoke(FunctionName="echo", InvocationType=kind, Payload=b'"' + b"x" * (limit - 1) + b'"')
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_a_payload_of_exactly_the_limit_is_served(aws_lambda: Any) -> None:
    answer = aws_lambda.invoke(FunctionName="write", Payload=b'{"a":"' + b"x" * (6_291_456 - 8) + b'"}')
    assert "FunctionError" not in answer


@pytest.mark.parametrize("payload", [b"{", b"hello", b'"\xff"', b"[" * 100_000])
def test_a_payload_that_is_not_json_is_refused(aws_lambda: Any, payload: bytes) -> None:
    with pytest.raises(aws_lambda.exceptions.InvalidRequestContentException) as caught:
        aws_lambda.invoke(FunctionName="echo", Payload=payload)
    assert "Could not parse request body into json" in caught.value.response["Error"]["Message"]


def test_errors_have_the_shape_of_the_rest_api(service: LocalLambda) -> None:
    status, headers, body = ask(service.url, "/2015-03-31/functions/nobody/invocations", b"{}")
    assert (status, headers["x-amzn-ErrorType"]) == (404, "ResourceNotFoundException")
    assert body == {"Type": "User", "Message": f"Function not found: {ARN}:nobody"}
    assert headers["x-amzn-RequestId"]


@pytest.mark.parametrize("path", ["/2015-03-31/layers", "/2015-03-31/event-source-mappings"])
def test_what_is_not_served_is_said_so(service: LocalLambda, path: str) -> None:
    status, headers, body = ask(service.url, path, b"{}")
    assert (status, headers["x-amzn-ErrorType"]) == (404, "UnknownOperationException")
    assert body["Message"] == f"POST {path} is not served here"


def test_a_name_that_is_none_and_a_type_that_is_none_are_refused(service: LocalLambda) -> None:
    status, headers, _ = ask(service.url, "/2015-03-31/functions/a%20b/invocations", b"{}")
    assert (status, headers["x-amzn-ErrorType"]) == (400, "ValidationException")
    odd = {"X-Amz-Invocation-Type": "Later"}
    status, headers, _ = ask(service.url, "/2015-03-31/functions/echo/invocations", b"{}", odd)
    assert (status, headers["x-amzn-ErrorType"]) == (400, "InvalidParameterValueException")


def test_a_function_of_another_runtime_is_refused_with_the_reason(aws_lambda: Any) -> None:
    reason = "function ruby: ruby3.4 is not served, only python\\*, nodejs\\* and provided\\*"
    with pytest.raises(ClientError, match=reason) as caught:
        aws_lambda.invoke(FunctionName="ruby")
    assert caught.value.response["Error"]["Code"] == "InvalidRuntimeException"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://127.0.0.1:4001"}, 200),
    ],
)
def test_a_page_of_another_site_calls_nothing(service: LocalLambda, headers: dict[str, str], status: int) -> None:
    before = service.invocations()[-1:]
    answered, told, _ = ask(service.url, "/2015-03-31/functions/echo/invocations", b"{}", headers)
    assert answered == status
    assert told["x-amzn-ErrorType"] == ("AccessDeniedException" if status == 403 else None)
    assert (service.invocations()[-1:] == before) is (status == 403)
