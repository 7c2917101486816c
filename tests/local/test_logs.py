"""The log of an invocation: the tail its caller may ask for, and the copy on stderr."""

import base64
import json
import re
from pathlib import Path
from typing import Any

from karin.local.process import LocalLambda
from tests.local.support import client, function, write_definition
from tests.support import wait_until


def tail_of(answer: dict[str, Any]) -> str:
    answer["Payload"].read()
    return base64.b64decode(answer["LogResult"]).decode()


def test_the_tail_is_the_log_of_this_invocation_in_lambdas_format(aws_lambda: Any) -> None:
    aws_lambda.invoke(FunctionName="write")["Payload"].read()
    answer = aws_lambda.invoke(FunctionName="write", LogType="Tail")
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert re.fullmatch(
        rf"START RequestId: {request_id} Version: \$LATEST\n"
        r"to stdout\nto stderr\n"
        rf"END RequestId: {request_id}\n"
        rf"REPORT RequestId: {request_id}\tDuration: \d+\.\d\d ms\tBilled Duration: [1-9]\d* ms\t"
        r"Memory Size: 128 MB\tMax Memory Used: \d+ MB\t\n",
        tail_of(answer),
    )


def test_a_first_invocation_reports_how_long_the_runtime_took_to_start(aws_lambda: Any) -> None:
    answer = aws_lambda.invoke(FunctionName="many-0", LogType="Tail")
    assert re.search(r"\tInit Duration: [1-9]\d*\.\d\d ms\t\n$", tail_of(answer))


def test_the_tail_is_at_most_four_kilobytes_and_ends_with_the_report(aws_lambda: Any) -> None:
    answer = aws_lambda.invoke(FunctionName="write", LogType="Tail", Payload=json.dumps({"length": 200_000}))
    tail = tail_of(answer)
    assert len(tail) == 4096
    assert tail.startswith("xxx")
    assert "REPORT RequestId" in tail


def test_a_timeout_and_an_exit_stand_in_the_log_after_what_the_function_wrote(aws_lambda: Any) -> None:
    late = tail_of(aws_lambda.invoke(FunctionName="hang", LogType="Tail"))
    assert re.search(r"before the timeout\n\S+ \S+ Task timed out after 1\.00 seconds\n\nEND", late)
    assert "\tStatus: timeout\t\n" in late
    gone = tail_of(aws_lambda.invoke(FunctionName="leave", LogType="Tail", Payload=b'{"status":3}'))
    assert re.search(r"leaving\nRequestId: \S+ Error: Runtime exited with error: exit status 3\n", gone)
    assert "\tStatus: error\tError Type: Runtime.ExitError\t\n" in gone


def test_a_functions_output_is_copied_to_stderr_under_its_name(tmp_path: Path) -> None:
    definition = write_definition(tmp_path, {"functions": [function("write", "handlers.write")]})
    stderr = tmp_path / "stderr"
    with stderr.open("wb") as copy, LocalLambda(definition, stderr=copy) as service:
        aws_lambda = client("lambda", service.url)
        aws_lambda.invoke(FunctionName="write")["Payload"].read()
        aws_lambda.close()
        wait_until(lambda: stderr.read_text() == "write: to stdout\nwrite: to stderr\n", "both lines are there")
