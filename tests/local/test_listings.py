"""What a deployment's readers ask: functions, mappings, URLs and queue attributes, through boto3."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from karin.local.process import LocalLambda
from tests.local.support import ACCOUNT, REGION, ask

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}"


def test_functions_come_in_pages_of_at_most_fifty(aws_lambda: Any) -> None:
    first = aws_lambda.list_functions(MaxItems=10_000)
    second = aws_lambda.list_functions(Marker=first["NextMarker"])
    assert len(first["Functions"]) == 50
    assert "NextMarker" not in second
    names = [function["FunctionName"] for function in first["Functions"] + second["Functions"]]
    assert len(names) == len(set(names)) == 92
    pages = aws_lambda.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 7})
    assert [function["FunctionName"] for page in pages for function in page["Functions"]] == names


def test_a_function_is_described_as_lambda_does(aws_lambda: Any) -> None:
    found = aws_lambda.list_functions(MaxItems=1)["Functions"][0]
    assert found["FunctionName"] == "echo"
    assert found["FunctionArn"] == f"{ARN}:echo"
    assert (found["Runtime"], found["Handler"]) == ("python3.11", "handlers.echo")
    assert (found["Timeout"], found["MemorySize"], found["PackageType"]) == (30, 128, "Zip")
    assert "State" not in found


def test_a_functions_configuration_says_that_it_is_active(aws_lambda: Any) -> None:
    found = aws_lambda.get_function_configuration(FunctionName="environment:live")
    assert found["FunctionArn"] == f"{ARN}:environment:live"
    assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Successful")
    assert found["Environment"]["Variables"]["GREETING"] == "hi"


def test_a_functions_url_is_listed_with_how_it_is_guarded(service: LocalLambda, aws_lambda: Any) -> None:
    (found,) = aws_lambda.list_function_url_configs(FunctionName="signed")["FunctionUrlConfigs"]
    assert found["FunctionUrl"] == f"{service.urls_url}/signed/"
    assert (found["FunctionArn"], found["AuthType"]) == (f"{ARN}:signed", "AWS_IAM")


def test_a_function_without_a_url_has_none_and_an_unknown_one_is_not_found(aws_lambda: Any) -> None:
    assert aws_lambda.list_function_url_configs(FunctionName="echo")["FunctionUrlConfigs"] == []
    for operation in (aws_lambda.list_function_url_configs, aws_lambda.get_function_configuration):
        with pytest.raises(aws_lambda.exceptions.ResourceNotFoundException):
            operation(FunctionName="nobody")


@pytest.mark.parametrize("wrong", ["MaxItems=0", "MaxItems=x", "MaxItems=10001", "Marker=x"])
def test_a_wrong_page_is_refused(service: LocalLambda, wrong: str) -> None:
    status, headers, _ = ask(service.url, f"/2015-03-31/functions?{wrong}", method="GET")
    assert (status, headers["x-amzn-ErrorType"]) == (400, "InvalidParameterValueException")


def test_mappings_come_in_pages_of_at_most_a_hundred(aws_lambda: Any) -> None:
    first = aws_lambda.list_event_source_mappings()
    second = aws_lambda.list_event_source_mappings(Marker=first["NextMarker"])
    found = first["EventSourceMappings"] + second["EventSourceMappings"]
    assert len(first["EventSourceMappings"]) == 100
    assert len({mapping["UUID"] for mapping in found}) == len(found) == 122


def test_a_mapping_is_described_as_lambda_does(aws_lambda: Any) -> None:
    (found,) = aws_lambda.list_event_source_mappings(EventSourceArn=f"{QUEUE_ARN}:work")["EventSourceMappings"]
    assert found["FunctionArn"] == f"{ARN}:echo:live"
    assert (found["State"], found["BatchSize"], found["MaximumBatchingWindowInSeconds"]) == ("Disabled", 50, 2)
    assert found["ScalingConfig"] == {"MaximumConcurrency": 5}
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert found["FilterCriteria"] == {"Filters": [{"Pattern": '{"body":{"a":[1]}}'}]}
    assert found["LastModified"].tzinfo is not None


def test_mappings_can_be_asked_for_by_function(aws_lambda: Any) -> None:
    (found,) = aws_lambda.list_event_source_mappings(FunctionName="write")["EventSourceMappings"]
    assert (found["EventSourceArn"], found["State"]) == (f"{QUEUE_ARN}:orders.fifo", "Enabled")
    aliased = aws_lambda.list_event_source_mappings(FunctionName=f"{ARN}:echo:live")["EventSourceMappings"]
    assert [mapping["EventSourceArn"] for mapping in aliased] == [f"{QUEUE_ARN}:work"]


def test_a_queues_attributes_are_the_definitions_over_sqs_defaults(service: LocalLambda, sqs: Any) -> None:
    url = sqs.get_queue_url(QueueName="work")["QueueUrl"]
    assert url == f"{service.url}/{ACCOUNT}/work"
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert found["VisibilityTimeout"] == "90"
    assert found["MessageRetentionPeriod"] == "345600"
    assert found["QueueArn"] == f"{QUEUE_ARN}:work"
    assert "FifoQueue" not in found


def test_a_queue_of_any_host_is_meant_by_its_last_segments(sqs: Any) -> None:
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/orders.fifo"
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["FifoQueue", "DelaySeconds"])["Attributes"]
    assert found == {"FifoQueue": "true", "DelaySeconds": "0"}
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url)


@pytest.mark.parametrize("account", [ACCOUNT, "999999999999"])
def test_an_unknown_queue_does_not_exist(sqs: Any, account: str) -> None:
    name = "nowhere" if account == ACCOUNT else "work"
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as caught:
        sqs.get_queue_attributes(QueueUrl=f"http://host/{account}/{name}", AttributeNames=["All"])
    assert caught.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)


def test_other_actions_of_sqs_and_unknown_attributes_are_refused(sqs: Any) -> None:
    with pytest.raises(ClientError, match="The action ListQueues is not served"):
        sqs.list_queues()
    with pytest.raises(sqs.exceptions.InvalidAttributeName):
        sqs.get_queue_attributes(QueueUrl=f"http://host/{ACCOUNT}/work", AttributeNames=["Colour"])
