"""Answers byte for byte, in both protocols, and the host that queue URLs carry."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from karin.sqs.message import Message
from tests.wire.raw import JSON_TYPE, Answer, ask_get, ask_json, ask_query, query, talk
from tests.wire.sdk import (
    ACCOUNT,
    INVALID_PARAMETER,
)

Waiting = Callable[[], list[Message]]
QUEUE_PATH = f"/{ACCOUNT}/work"
SEND = {"QueueUrl": "work", "MessageBody": "body"}
BODY = " \t\r\n\r<a b=\"c\" d='e'>&amp; ]]> \u0085\u2028 안녕 👋 \ufffd "
ESCAPED_BODY = (" \t&#xD;\n&#xD;&lt;a b=&quot;c&quot; d='e'&gt;&amp;amp; ]]&gt; \u0085\u2028 안녕 👋 \ufffd ").encode()
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_a_json_result_has_its_headers(work: str) -> None:
    answer = ask_json(work, "GetQueueUrl", {"QueueName": "work"})

    assert answer.headers["content-type"] == JSON_TYPE
    assert UUID.fullmatch(answer.headers["x-amzn-requestid"])
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert answer.headers["date"].endswith(" GMT")
    assert answer.headers["x-amzn-query-error"] is None


VOID = {
    "SetQueueAttributes": {"QueueUrl": "work", "Attributes": {"DelaySeconds": "1"}},
    "PurgeQueue": {"QueueUrl": "work"},
    "DeleteQueue": {"QueueUrl": "work"},
}


@pytest.mark.parametrize("action", VOID)
def test_an_action_without_a_result_has_an_empty_json_body(work: str, action: str) -> None:
    answer = ask_json(work, action, VOID[action])

    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "0")
    assert answer.headers["content-type"] == JSON_TYPE


@pytest.mark.parametrize("action", VOID)
def test_an_action_without_a_result_has_an_xml_answer_of_metadata(work: str, action: str) -> None:
    attribute = {"Attribute.1.Name": "DelaySeconds", "Attribute.1.Value": "1"}

    answer = ask_query(work, query(action, QueueUrl="work") | attribute)

    request_id = answer.headers["x-amzn-requestid"]
    assert UUID.fullmatch(request_id)
    assert answer.body.decode() == (
        f'<?xml version="1.0"?><{action}Response xmlns="http://queue.amazonaws.com/doc/2012-11-05/">'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    )


def test_an_xml_result_is_wrapped_as_its_action_says(work: str) -> None:
    answer = ask_query(work, query("GetQueueUrl", QueueName="work"))

    assert answer.headers["content-type"] == "text/xml"
    assert answer.body.decode() == (
        '<?xml version="1.0"?><GetQueueUrlResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">'
        f"<GetQueueUrlResult><QueueUrl>{work}{QUEUE_PATH}</QueueUrl></GetQueueUrlResult>"
        f"<ResponseMetadata><RequestId>{answer.headers['x-amzn-requestid']}</RequestId></ResponseMetadata>"
        "</GetQueueUrlResponse>"
    )


def test_an_empty_xml_result_is_an_empty_element(endpoint: str) -> None:
    assert b"<ListQueuesResult/>" in ask_query(endpoint, query("ListQueues")).body


def test_an_xml_error_has_the_form_of_sqs(endpoint: str) -> None:
    answer = ask_query(endpoint, query("GetQueueUrl", QueueName="nobody"))

    assert answer.status == 400
    assert answer.headers["x-amzn-query-error"] is None
    assert answer.body.decode() == (
        '<?xml version="1.0"?><ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error>'
        "<Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code>"
        "<Message>The specified queue does not exist for this wsdl version.</Message><Detail/></Error>"
        f"<RequestId>{answer.headers['x-amzn-requestid']}</RequestId></ErrorResponse>"
    )


def test_a_json_error_has_the_form_of_sqs(endpoint: str) -> None:
    answer = ask_json(endpoint, "GetQueueUrl", {"QueueName": "nobody"})

    assert answer.status == 400
    assert answer.headers["content-type"] == JSON_TYPE
    assert answer.headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert UUID.fullmatch(answer.headers["x-amzn-requestid"])
    assert answer.json() == {
        "__type": "com.amazonaws.sqs#QueueDoesNotExist",
        "message": "The specified queue does not exist.",
    }


def test_an_error_quotes_what_was_sent_without_breaking_its_form(work: str) -> None:
    value = "<a>&\"'\r\n]]> \x00\x0b 한 👋"

    said = ask_query(work, query("SendMessage", MessageGroupId=value, **SEND)).check(INVALID_PARAMETER)
    assert said.startswith("Value <a>&\"'\r\n]]> \ufffd\ufffd 한 👋 for parameter MessageGroupId is invalid.")

    said = ask_json(work, "SendMessage", SEND | {"MessageGroupId": value}).check(INVALID_PARAMETER)
    assert said.startswith(f"Value {value} for parameter MessageGroupId is invalid.")


def url_of(answer: Answer) -> str:
    found: str = answer.json()["QueueUrl"]
    return found


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ({"Host": "sqs.example.com"}, "http://sqs.example.com"),
        ({"Host": "sqs.example.com:8080"}, "http://sqs.example.com:8080"),
        ({"Host": "[::1]:4000"}, "http://[::1]:4000"),
        ({"Host": "inner", "X-Forwarded-Proto": "https"}, "https://inner"),
        ({"Host": "inner:80", "X-Forwarded-Host": "karin.example.com"}, "http://karin.example.com"),
        (
            {"Host": "inner", "X-Forwarded-Proto": "https, http", "X-Forwarded-Host": "outer.example.com, inner"},
            "https://outer.example.com",
        ),
    ],
    ids=str,
)
def test_queue_urls_carry_the_host_that_the_client_used(work: str, headers: dict[str, str], base: str) -> None:
    assert url_of(ask_json(work, "GetQueueUrl", {"QueueName": "work"}, headers=headers)) == f"{base}{QUEUE_PATH}"
    assert url_of(ask_json(work, "GetQueueUrl", {"QueueName": "work"}, "/pfx/", headers)) == f"{base}{QUEUE_PATH}"
    assert url_of(ask_json(work, "CreateQueue", {"QueueName": "work"}, headers=headers)) == f"{base}{QUEUE_PATH}"
    listed = ask_query(work, query("ListQueues"), headers=headers)
    assert listed.texts()["QueueUrl"] == f"{base}{QUEUE_PATH}"


def test_a_client_so_old_that_it_names_no_host_gets_a_url_all_the_same(work: str) -> None:
    answer = talk(work, b"GET /?Action=GetQueueUrl&QueueName=work HTTP/1.0\r\n\r\n")

    assert f"<QueueUrl>{work}{QUEUE_PATH}</QueueUrl>".encode() in answer


@pytest.mark.parametrize("is_json", [True, False], ids=["json", "query"])
def test_a_trace_header_of_the_request_travels_with_the_message(work: str, waiting: Waiting, is_json: bool) -> None:
    headers = {"X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793"}

    if is_json:
        answer = ask_json(work, "SendMessage", SEND, headers=headers)
        assert answer.json().keys() == {"MessageId", "MD5OfMessageBody"}
    else:
        assert ask_query(work, query("SendMessage", **SEND), headers=headers).status == 200

    assert [message.trace_header for message in waiting()] == ["Root=1-5759e988-bd862e3fe1be46a994272793"]


def ask_for_json(endpoint: str, **parameters: str) -> Answer:
    """Call an action of the Query protocol with a GET request that accepts JSON."""
    return ask_get(endpoint, parameters, headers={"Accept": "application/json"})


def test_a_query_that_accepts_json_is_answered_in_json(work: str) -> None:
    answer = ask_for_json(work, Action="ListQueues")

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert json.loads(answer.body) == {
        "ListQueuesResponse": {
            "ListQueuesResult": {"queueUrls": [f"{work}{QUEUE_PATH}"], "NextToken": None},
            "ResponseMetadata": {"RequestId": answer.headers["x-amzn-requestid"]},
        }
    }


def test_attributes_are_names_and_values_for_a_query_that_accepts_json(work: str) -> None:
    parameters = {"QueueUrl": "work", "AttributeName.1": "DelaySeconds"}
    answer = ask_for_json(work, Action="GetQueueAttributes", **parameters)

    result = json.loads(answer.body)["GetQueueAttributesResponse"]["GetQueueAttributesResult"]
    assert result == {"Attributes": [{"Name": "DelaySeconds", "Value": "0"}]}


def test_an_action_without_a_result_has_metadata_for_a_query_that_accepts_json(work: str) -> None:
    answer = ask_for_json(work, Action="PurgeQueue", QueueUrl="work")

    metadata = {"ResponseMetadata": {"RequestId": answer.headers["x-amzn-requestid"]}}
    assert json.loads(answer.body) == {"PurgeQueueResponse": metadata}


def test_an_error_is_json_for_a_query_that_accepts_json(work: str) -> None:
    answer = ask_for_json(work, Action="SendMessage", QueueUrl="nowhere", MessageBody="x")

    assert answer.status == 400
    error = json.loads(answer.body)["Error"]
    assert (error["Code"], error["Type"]) == ("AWS.SimpleQueueService.NonExistentQueue", "Sender")


def test_no_action_is_xml_even_for_a_query_that_accepts_json(work: str) -> None:
    answer = ask_for_json(work)

    assert (answer.status, answer.headers["content-type"]) == (404, "text/xml")
    assert answer.body == b"<UnknownOperationException/>"


def result_for_json(endpoint: str, action: str, **parameters: str) -> Any:
    """Return the result of an action that was called by a query which accepts JSON."""
    answer = ask_for_json(endpoint, Action=action, **parameters)
    assert answer.status == 200, answer
    return json.loads(answer.body)[f"{action}Response"][f"{action}Result"]


def test_received_messages_are_rendered_for_a_query_that_accepts_json(work: str) -> None:
    attributes = {"n": {"DataType": "Number", "StringValue": "1"}, "b": {"DataType": "Binary", "BinaryValue": "AQID"}}
    sent = ask_json(work, "SendMessage", {"QueueUrl": "work", "MessageBody": BODY, "MessageAttributes": attributes})
    asked = {"AttributeName.1": "ApproximateReceiveCount", "MessageAttributeName.1": "All"}

    [message] = result_for_json(work, "ReceiveMessage", QueueUrl="work", **asked)["messages"]

    assert message.pop("ReceiptHandle")
    message["MessageAttributes"].sort(key=lambda attribute: attribute["Name"])
    lists = {"stringListValues": None, "binaryListValues": None}
    assert message == {
        "MessageId": sent.json()["MessageId"],
        "MD5OfBody": sent.json()["MD5OfMessageBody"],
        "Body": BODY,
        "Attributes": [{"Name": "ApproximateReceiveCount", "Value": "1"}],
        "MD5OfMessageAttributes": sent.json()["MD5OfMessageAttributes"],
        "MessageAttributes": [
            {"Name": "b", "Value": {"DataType": "Binary", "StringValue": None, "BinaryValue": "AQID"} | lists},
            {"Name": "n", "Value": {"DataType": "Number", "StringValue": "1", "BinaryValue": None} | lists},
        ],
    }


def test_what_is_absent_is_null_for_a_query_that_accepts_json(work: str) -> None:
    assert result_for_json(work, "ReceiveMessage", QueueUrl="work") == {"messages": None}
    assert result_for_json(work, "ListQueueTags", QueueUrl="work") == {"Tags": None}
    assert result_for_json(work, "ListDeadLetterSourceQueues", QueueUrl="work") == {
        "queueUrls": None,
        "NextToken": None,
    }
    assert result_for_json(work, "ListQueues", QueueNamePrefix="nobody") == {"queueUrls": None, "NextToken": None}
    assert result_for_json(work, "GetQueueAttributes", QueueUrl="work") == {"Attributes": None}
    assert result_for_json(work, "SendMessage", QueueUrl="work", MessageBody="body")["SequenceNumber"] is None

    ask_json(work, "SendMessage", SEND)
    [message] = result_for_json(work, "ReceiveMessage", QueueUrl="work")["messages"]
    assert (message["Attributes"], message["MessageAttributes"], message["MD5OfMessageAttributes"]) == (None,) * 3


def test_a_batch_and_tags_are_rendered_for_a_query_that_accepts_json(work: str) -> None:
    ask_json(work, "TagQueue", {"QueueUrl": "work", "Tags": {"team": "blue"}})
    assert result_for_json(work, "ListQueueTags", QueueUrl="work") == {"Tags": [{"Key": "team", "Value": "blue"}]}

    entries = {
        "DeleteMessageBatchRequestEntry.1.Id": "a",
        "DeleteMessageBatchRequestEntry.1.ReceiptHandle": "x",
    }
    result = result_for_json(work, "DeleteMessageBatch", QueueUrl="work", **entries)
    assert result == {
        "successful": None,
        "failed": [
            {
                "Id": "a",
                "SenderFault": True,
                "Code": "ReceiptHandleIsInvalid",
                "Message": 'The input receipt handle "x" is not a valid receipt handle.',
            }
        ],
    }


EMPTY = {
    "ReceiveMessage": {"QueueUrl": "work"},
    "ListQueueTags": {"QueueUrl": "work"},
    "ListDeadLetterSourceQueues": {"QueueUrl": "work"},
    "GetQueueAttributes": {"QueueUrl": "work"},
    "ListQueues": {"QueueNamePrefix": "nobody"},
    "ListMessageMoveTasks": {"SourceArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:work"},
}


@pytest.mark.parametrize("action", EMPTY)
def test_a_result_with_nothing_in_it_has_no_members(work: str, action: str) -> None:
    assert ask_json(work, action, EMPTY[action]).body == b"{}"
    assert f"<{action}Result/>".encode() in ask_query(work, query(action, **EMPTY[action])).body


def test_text_in_xml_is_escaped_so_that_every_parser_reads_it_as_it_was(work: str) -> None:
    attribute = {"DataType": "String", "StringValue": BODY}
    ask_json(work, "SendMessage", SEND | {"MessageBody": BODY, "MessageAttributes": {"a": attribute}})

    answer = ask_query(work, query("ReceiveMessage", QueueUrl="work") | {"MessageAttributeName.1": "All"})

    assert answer.body.count(ESCAPED_BODY) == 2
    texts = answer.texts()
    assert (texts["Body"], texts["StringValue"]) == (BODY, BODY)


def test_what_is_told_of_a_queue_in_xml_is_escaped_too(work: str) -> None:
    tags = {BODY[:120]: BODY, "control": "a\x00b\x1f\ufffe"}
    policy = json.dumps({"Statement": [], "Id": "<&>\r\n"})
    ask_json(work, "TagQueue", {"QueueUrl": "work", "Tags": tags})
    ask_json(work, "SetQueueAttributes", {"QueueUrl": "work", "Attributes": {"Policy": policy}})

    listed = ask_query(work, query("ListQueueTags", QueueUrl="work")).xml()
    texts = [leaf.text for leaf in listed.iter() if leaf.tag.endswith(("}Key", "}Value"))]
    assert sorted(texts, key=str) == sorted([BODY[:120], BODY, "control", "a\ufffdb\ufffd\ufffd"])
    shown = ask_query(work, query("GetQueueAttributes", QueueUrl="work") | {"AttributeName.1": "Policy"})
    assert shown.texts()["Value"] == policy


def test_a_target_of_another_service_is_no_action(work: str) -> None:
    answer = ask_json(work, "", {}, headers={"X-Amz-Target": "ListQueues"})

    assert answer.status == 400
    assert answer.json()["__type"].endswith("#UnknownOperationException")
