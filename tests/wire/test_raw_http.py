"""What no SDK sends, or only some: paths, content types, broken bodies, odd parameters; and answers byte for byte."""

import http.client
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from karin.sqs.message import Message
from tests.wire.query_model import NAMESPACE
from tests.wire.raw import FORM_TYPE, JSON_TYPE, Answer, ask, ask_get, ask_json, ask_query, read, talk
from tests.wire.sdk import (
    ACCOUNT,
    INVALID_ACTION,
    INVALID_ATTRIBUTE_NAME,
    INVALID_PARAMETER,
    MALFORMED,
    QUEUE_DOES_NOT_EXIST,
    UNSUPPORTED,
    Fault,
)

Waiting = Callable[[], list[Message]]
QUEUE_PATH = f"/{ACCOUNT}/work"
PATHS = ["/", "/pfx", "/pfx/", QUEUE_PATH, f"{QUEUE_PATH}/", f"/pfx{QUEUE_PATH}", "/a/b%2Fc/d//", "/%F0%9F%91%8B"]
SEND = {"QueueUrl": "work", "MessageBody": "body"}
TOO_LARGE = Fault("com.amazon.coral.service", "RequestEntityTooLargeException", "RequestEntityTooLarge", 413)
MOST_BYTES = 8 * 1024 * 1024
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def work(endpoint: str) -> str:
    """Return the endpoint with a queue named ``work``."""
    assert ask_json(endpoint, "CreateQueue", {"QueueName": "work"}).status == 200
    return endpoint


def query(action: str, **parameters: str) -> dict[str, str]:
    return {"Action": action, "Version": "2012-11-05"} | parameters


# Paths and content types


@pytest.mark.parametrize("path", PATHS)
def test_any_path_serves_both_protocols(work: str, waiting: Waiting, path: str) -> None:
    assert ask_json(work, "SendMessage", SEND, path).json().keys() == {"MessageId", "MD5OfMessageBody"}
    assert ask_query(work, query("SendMessage", **SEND), path).texts()["MessageId"]
    assert ask_get(work, query("SendMessage", **SEND), path).texts()["MessageId"]
    assert len(waiting()) == 3


@pytest.mark.parametrize("path", [QUEUE_PATH, f"{QUEUE_PATH}/", f"/pfx{QUEUE_PATH}", f"/{ACCOUNT}/w%6Frk"])
def test_the_queue_is_taken_from_the_path_when_no_url_names_it(work: str, waiting: Waiting, path: str) -> None:
    assert ask_json(work, "SendMessage", {"MessageBody": "body"}, path).status == 200
    assert ask_query(work, query("SendMessage", MessageBody="body"), path).status == 200
    assert ask_query(work, query("SendMessage", MessageBody="body", QueueUrl=""), path).status == 200
    assert ask_get(work, query("SendMessage", MessageBody="body"), path).status == 200
    assert len(waiting()) == 4


def test_a_queue_url_overrides_the_path(work: str, waiting: Waiting) -> None:
    elsewhere = f"/{ACCOUNT}/nobody"

    assert ask_json(work, "SendMessage", SEND, elsewhere).status == 200
    assert ask_query(work, query("SendMessage", **SEND), elsewhere).status == 200
    ask_json(work, "SendMessage", SEND | {"QueueUrl": elsewhere}, QUEUE_PATH).check(QUEUE_DOES_NOT_EXIST)
    ask_query(work, query("PurgeQueue", QueueUrl=elsewhere), QUEUE_PATH).check(QUEUE_DOES_NOT_EXIST)
    assert len(waiting()) == 2


@pytest.mark.parametrize("action", ["CreateQueue", "ListQueues"])
@pytest.mark.parametrize("path", [QUEUE_PATH, f"/pfx{QUEUE_PATH}"])
def test_the_path_of_a_queue_neither_creates_nor_lists_queues(work: str, action: str, path: str) -> None:
    text = f"The action {action} is not valid for this endpoint."

    assert ask_json(work, action, {"QueueName": "new"}, path).check(INVALID_ACTION) == text
    assert ask_query(work, query(action, QueueName="new"), path).check(INVALID_ACTION) == text
    assert ask_get(work, query(action, QueueName="new"), path).check(INVALID_ACTION) == text


def test_the_path_of_a_queue_finds_any_queue(work: str) -> None:
    assert ask_json(work, "GetQueueUrl", {"QueueName": "work"}, f"/{ACCOUNT}/other").status == 200
    assert ask_get(work, query("GetQueueUrl", QueueName="work"), f"/{ACCOUNT}/other").status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        JSON_TYPE,
        f"{JSON_TYPE}; charset=utf-8",
        "Application/X-AMZ-JSON-1.0",
        "application/x-amz-json-1.1",
        "application/json",
        "text/plain",
    ],
)
def test_a_target_makes_a_request_json_whatever_its_content_type(work: str, content_type: str) -> None:
    answer = ask_json(work, "SendMessage", SEND, headers={"Content-Type": content_type})

    assert answer.status == 200
    assert answer.json().keys() == {"MessageId", "MD5OfMessageBody"}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "Application/X-WWW-Form-URLEncoded;charset=utf-8",
    ],
)
def test_a_form_is_read_whatever_the_spelling_of_its_content_type(
    work: str, waiting: Waiting, content_type: str
) -> None:
    body = "한글 & <x> + %"
    answer = ask_query(
        work, query("SendMessage", QueueUrl="work", MessageBody=body), headers={"Content-Type": content_type}
    )

    assert answer.status == 200
    assert [message.body for message in waiting()] == [body]


def test_header_names_have_no_case(work: str) -> None:
    answer = ask(
        work, "POST", "/", b'{"QueueName":"work"}', {"x-amz-target": "AmazonSQS.GetQueueUrl", "content-type": JSON_TYPE}
    )

    assert answer.json()["QueueUrl"].endswith(QUEUE_PATH)


def test_the_version_does_not_matter(work: str) -> None:
    for version in ({}, {"Version": "2009-02-01"}):
        assert ask_query(work, {"Action": "GetQueueUrl", "QueueName": "work"} | version).status == 200


# The action


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("GET", "/", None, {}),
        ("GET", QUEUE_PATH, None, {}),
        ("GET", "/?Version=2012-11-05", None, {"Accept": "application/json"}),
        ("POST", "/", b"", {}),
        ("POST", "/", b"Version=2012-11-05", {"Content-Type": FORM_TYPE}),
        ("POST", "/", b'{"QueueName":"x"}', {"Content-Type": "application/json"}),
        ("POST", "/", b'{"QueueName":"x"}', {"Content-Type": JSON_TYPE}),
        ("PUT", "/", b"Action=ListQueues", {"Content-Type": FORM_TYPE}),
        ("DELETE", "/", None, {}),
        ("OPTIONS", "/", None, {}),
    ],
    ids=str,
)
def test_without_an_action_nothing_is_found(
    endpoint: str, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> None:
    answer = ask(endpoint, method, path, body, headers)

    assert (answer.status, answer.body) == (404, b"<UnknownOperationException/>")
    assert answer.headers["content-type"] == "text/xml"


@pytest.mark.parametrize("action", ["FooBar", "sendmessage", "Send<Message>&", "한글", "../x", " SendMessage"])
def test_an_unknown_action_is_named_in_the_error(work: str, action: str) -> None:
    text = f"The action {action} is not valid for this endpoint."

    assert ask_query(work, query(action)).check(INVALID_ACTION) == text
    assert ask_get(work, query(action), QUEUE_PATH).check(INVALID_ACTION) == text


@pytest.mark.parametrize(
    "target", ["AmazonSQS.FooBar", "AmazonSQS.", "DynamoDB_20120810.ListTables", "", "AmazonSQS.SendMessage.x"]
)
def test_an_unknown_target_is_refused_in_json(work: str, target: str) -> None:
    answer = ask(work, "POST", "/", b"{}", {"Content-Type": JSON_TYPE, "X-Amz-Target": target})

    answer.check(INVALID_ACTION)


def test_the_target_wins_over_an_action_in_the_url(work: str) -> None:
    answer = ask_json(work, "GetQueueUrl", {"QueueName": "work"}, path="/?Action=ListQueues")

    assert answer.json().keys() == {"QueueUrl"}


# JSON bodies


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"}",
        b"x",
        b"[]",
        b'[{"QueueUrl":"work"}]',
        b'"text"',
        b"5",
        b"true",
        b'{"QueueUrl":}',
        b'{"QueueUrl":"work"',
        b"{'QueueUrl':'work'}",
        b'{"QueueUrl":"work"} x',
        b'{"QueueUrl":"\xff\xfe"}',
        b"\xff\xfe{\x00}\x00",
        b'{"QueueUrl":"a\x00b"}',
        b'{"MessageBody":"\\ud800"}',
        b'{"MessageBody":"\\udc00\\ud800 "}',
        b'{"MessageBody":"\\u12"}',
        b"[" * 100_000,
        b'{"MessageAttributes":' * 50_000,
        b'{"x":' * 100_000,
        b'{"DelaySeconds":NaN}',
        b'{"DelaySeconds":1e999}',
        b'{"DelaySeconds":' + b"9" * 10_000 + b"}",
    ],
    ids=lambda body: str(body)[:40],
)
def test_a_body_that_is_no_json_object_is_malformed(work: str, body: bytes) -> None:
    ask_json(work, "SendMessage", body).check(MALFORMED)


LIST_FOUND = "Start of list found where not expected"
MAP_FOUND = "Start of structure or map found where not expected."
NO_INTEGER = "STRING_VALUE can not be converted to an Integer"
NO_STRING = "NUMBER_VALUE can not be converted to a String"


@pytest.mark.parametrize(
    ("action", "members", "text"),
    [
        ("SendMessage", {"MessageBody": ["x"]}, LIST_FOUND),
        ("SendMessage", {"MessageBody": {"x": 1}}, MAP_FOUND),
        ("SendMessage", {"MessageBody": 5}, NO_STRING),
        ("SendMessage", {"MessageBody": 5.5}, NO_STRING),
        ("SendMessage", {"DelaySeconds": "5"}, NO_INTEGER),
        ("SendMessage", {"DelaySeconds": []}, LIST_FOUND),
        ("SendMessage", {"DelaySeconds": {}}, MAP_FOUND),
        ("SendMessage", {"MessageAttributes": []}, LIST_FOUND),
        ("SendMessage", {"MessageAttributes": {"a": []}}, LIST_FOUND),
        ("SendMessage", {"MessageAttributes": {"a": {"StringValue": 5}}}, NO_STRING),
        ("SendMessage", {"QueueUrl": 5}, NO_STRING),
        ("SendMessageBatch", {"Entries": {}}, MAP_FOUND),
        ("SendMessageBatch", {"Entries": [[]]}, LIST_FOUND),
        ("SendMessageBatch", {"Entries": [{"Id": 5}]}, NO_STRING),
        ("SendMessageBatch", {"Entries": [{"Id": "a", "DelaySeconds": "x"}]}, NO_INTEGER),
        ("CreateQueue", {"QueueName": 5}, NO_STRING),
        ("CreateQueue", {"Attributes": []}, LIST_FOUND),
        ("CreateQueue", {"Attributes": {"DelaySeconds": {}}}, MAP_FOUND),
        ("CreateQueue", {"tags": {"a": 5}}, NO_STRING),
        ("GetQueueAttributes", {"AttributeNames": {}}, MAP_FOUND),
        ("GetQueueAttributes", {"AttributeNames": [5]}, NO_STRING),
        ("ListQueues", {"MaxResults": "5"}, NO_INTEGER),
    ],
    ids=str,
)
def test_a_member_of_the_wrong_type_is_malformed(work: str, action: str, members: dict[str, Any], text: str) -> None:
    assert ask_json(work, action, members).check(MALFORMED) == text


@pytest.mark.parametrize(
    ("action", "members"),
    [
        ("SendMessage", {"MessageBody": True}),
        ("SendMessage", {"DelaySeconds": 1.5}),
        ("SendMessage", {"DelaySeconds": True}),
        ("SendMessage", {"MessageAttributes": "x"}),
        ("SendMessage", {"MessageAttributes": {"a": {"BinaryValue": "!!"}}}),
        ("SendMessage", {"MessageAttributes": {"a": {"BinaryValue": 5}}}),
        ("SendMessageBatch", {"Entries": "x"}),
        ("SendMessageBatch", {"Entries": ["x"]}),
        ("GetQueueAttributes", {"AttributeNames": "All"}),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_read_is_malformed(work: str, action: str, members: dict[str, Any]) -> None:
    ask_json(work, action, members).check(MALFORMED)


def test_unknown_and_null_members_are_ignored(work: str, waiting: Waiting) -> None:
    nulls = dict.fromkeys(
        (
            "DelaySeconds",
            "MessageAttributes",
            "MessageSystemAttributes",
            "MessageDeduplicationId",
            "MessageGroupId",
        )
    )

    answer = ask_json(work, "SendMessage", SEND | nulls | {"Unknown": {"a": [1, None]}, "messageBody": 5})

    assert answer.json().keys() == {"MessageId", "MD5OfMessageBody"}
    assert len(waiting()) == 1


def test_queue_attributes_may_be_json_numbers_and_booleans(work: str) -> None:
    given = {"DelaySeconds": 7, "SqsManagedSseEnabled": False}
    assert ask_json(work, "SetQueueAttributes", {"QueueUrl": "work", "Attributes": given}).status == 200

    answer = ask_json(work, "GetQueueAttributes", {"QueueUrl": "work", "AttributeNames": list(given)})
    assert answer.json() == {"Attributes": {"DelaySeconds": "7", "SqsManagedSseEnabled": "false"}}


@pytest.mark.parametrize("action", ["ListQueues", "SendMessage", "CreateQueue", "GetQueueUrl"])
def test_an_empty_json_body_is_an_empty_request(work: str, action: str) -> None:
    empty, braces = (ask_json(work, action, body) for body in (b"", b"{}"))

    assert (empty.status, empty.body) == (braces.status, braces.body)
    assert empty.status == (200 if action == "ListQueues" else 400)


def test_a_json_body_may_escape_every_character(work: str, waiting: Waiting) -> None:
    body = "".join(f"\\u{ord(letter):04x}" for letter in "한" * (1_048_576 // 3))

    answer = ask_json(work, "SendMessage", f'{{"QueueUrl":"work","MessageBody":"{body}"}}'.encode())

    assert answer.status == 200
    assert [message.body for message in waiting()] == ["한" * (1_048_576 // 3)]


# Query parameters


def test_list_items_are_taken_by_their_numbers(work: str) -> None:
    entries = [
        pair
        for place in (10, 2, 33, 1)
        for pair in (
            (f"SendMessageBatchRequestEntry.{place}.Id", f"id-{place}"),
            (f"SendMessageBatchRequestEntry.{place}.MessageBody", "body"),
        )
    ]

    answer = ask_query(work, [("Action", "SendMessageBatch"), ("QueueUrl", "work"), *entries])

    ids = [leaf.text for leaf in answer.xml().iter(f"{{{NAMESPACE}}}Id")]
    assert ids == ["id-1", "id-2", "id-10", "id-33"]


def test_maps_are_taken_by_their_numbers_too(work: str) -> None:
    parameters = query("SetQueueAttributes", QueueUrl="work") | {
        "Attribute.10.Name": "DelaySeconds",
        "Attribute.10.Value": "7",
        "Attribute.3.Value": "60",
        "Attribute.3.Name": "VisibilityTimeout",
    }
    assert ask_query(work, parameters).status == 200

    names = {"AttributeName.7": "DelaySeconds", "AttributeName.0": "VisibilityTimeout"}
    answer = ask_get(work, query("GetQueueAttributes", QueueUrl="work") | names)
    assert sorted(leaf.text or "" for leaf in answer.xml().iter(f"{{{NAMESPACE}}}Value")) == ["60", "7"]


def test_a_lone_list_item_needs_no_number(work: str) -> None:
    answer = ask_query(work, query("GetQueueAttributes", QueueUrl="work", AttributeName="VisibilityTimeout"))

    assert (answer.texts()["Name"], answer.texts()["Value"]) == ("VisibilityTimeout", "30")


def test_list_values_of_an_attribute_are_not_supported(work: str) -> None:
    attribute = {
        "MessageAttribute.1.Name": "a",
        "MessageAttribute.1.Value.DataType": "String",
        "MessageAttribute.1.Value.StringListValue.1": "x",
    }

    ask_query(work, query("SendMessage", **SEND) | attribute).check(UNSUPPORTED)


def test_an_attribute_without_a_name_is_unknown(work: str) -> None:
    answer = ask_query(work, query("SetQueueAttributes", QueueUrl="work") | {"Attribute.1.Value": "5"})

    assert answer.check(INVALID_ATTRIBUTE_NAME) == "Unknown Attribute ."


@pytest.mark.parametrize(
    "parameters",
    [
        [("AttributeName.1", "All"), ("AttributeName.1.x", "y")],
        [("AttributeName.1.x", "y"), ("AttributeName.1", "All")],
        [("AttributeName", "All"), ("AttributeName.1", "All")],
        [("AttributeName.1", "All"), ("AttributeName", "All")],
        [("QueueUrl.1", "work")],
    ],
    ids=str,
)
def test_parameters_that_contradict_each_other_are_malformed(work: str, parameters: list[tuple[str, str]]) -> None:
    ask_query(work, [("Action", "GetQueueAttributes"), ("QueueUrl", "work"), *parameters]).check(MALFORMED)


def test_the_same_parameter_twice_is_no_error(work: str) -> None:
    answer = ask_query(work, [("Action", "GetQueueUrl"), ("QueueName", "work"), ("QueueName", "work")])

    assert answer.texts()["QueueUrl"].endswith(QUEUE_PATH)


@pytest.mark.parametrize("seconds", ["x", "", "1.5", "--1"])
def test_a_number_that_is_none_is_malformed(work: str, seconds: str) -> None:
    ask_query(work, query("SendMessage", DelaySeconds=seconds, **SEND)).check(MALFORMED)


@pytest.mark.parametrize("number", ["1" * 5000, "x", "1x", "-1", "²", "٣", "1.2"], ids=lambda number: number[:5])
def test_an_odd_place_in_a_list_is_no_fault_of_the_server(work: str, number: str) -> None:
    answer = ask_query(
        work, [("Action", "GetQueueAttributes"), ("QueueUrl", "work"), (f"AttributeName.{number}", "All")]
    )

    assert answer.status in (200, 400)


def test_too_many_parameters_are_malformed(work: str) -> None:
    parameters = [("Action", "ListQueues"), *((f"p{number}", "x") for number in range(2001))]

    ask_query(work, parameters).check(MALFORMED)
    assert ask_query(work, parameters[:2000]).status == 200


@pytest.mark.parametrize("body", [b"Action=SendMessage&MessageBody=%FF", b"Action=SendMessage&MessageBody=\xff"])
def test_parameters_that_are_not_utf_8_are_malformed(work: str, body: bytes) -> None:
    ask(work, "POST", QUEUE_PATH, body, {"Content-Type": FORM_TYPE}).check(MALFORMED)


def test_a_url_that_is_not_utf_8_is_malformed(work: str) -> None:
    ask(work, "GET", f"{QUEUE_PATH}?Action=SendMessage&MessageBody=%FF").check(MALFORMED)


def test_a_get_request_carries_a_message_in_its_url(work: str, waiting: Waiting) -> None:
    body = "안녕 <&>\r\n+ %"
    attribute = {
        "MessageAttribute.1.Name": "blob",
        "MessageAttribute.1.Value.DataType": "Binary",
        "MessageAttribute.1.Value.BinaryValue": "AQID",
    }

    answer = ask_get(work, query("SendMessage", MessageBody=body, DelaySeconds="5") | attribute, QUEUE_PATH)

    assert answer.status == 200
    [message] = waiting()
    assert (message.body, message.attributes["blob"].binary_value) == (body, b"\x01\x02\x03")


def test_parameters_of_url_and_form_are_taken_together(work: str) -> None:
    answer = ask(work, "POST", "/?Action=GetQueueUrl", b"QueueName=work", {"Content-Type": FORM_TYPE})

    assert answer.texts()["QueueUrl"].endswith(QUEUE_PATH)


def test_text_that_looks_like_another_type_stays_text(work: str, waiting: Waiting) -> None:
    for body in ("null", "true", "5", "1e5"):
        assert ask_query(work, query("SendMessage", QueueUrl="work", MessageBody=body)).status == 200

    assert sorted(message.body for message in waiting()) == ["1e5", "5", "null", "true"]


# Bodies too large, cut off or in chunks


@pytest.mark.parametrize("headers", [{"X-Amz-Target": "AmazonSQS.SendMessage"}, {"Content-Type": FORM_TYPE}])
def test_a_body_beyond_the_limit_is_refused_and_the_connection_goes_on(work: str, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection(urlsplit(work).netloc, timeout=30)
    try:
        connection.request("POST", "/", b"x" * (MOST_BYTES + 1), headers)
        answer = read(connection)
        answer.check(TOO_LARGE)

        connection.request("GET", f"/?{urlencode(query('GetQueueUrl', QueueName='work'))}")
        assert read(connection).status == 200
    finally:
        connection.close()


@pytest.mark.parametrize("is_json", [True, False], ids=["json", "query"])
def test_a_chunked_body_is_read(work: str, waiting: Waiting, is_json: bool) -> None:
    body = json.dumps(SEND).encode() if is_json else urlencode(query("SendMessage", **SEND)).encode()
    headers = {"X-Amz-Target": "AmazonSQS.SendMessage"} if is_json else {"Content-Type": FORM_TYPE}
    connection = http.client.HTTPConnection(urlsplit(work).netloc, timeout=30)
    try:
        for _ in range(2):  # also over the same connection
            pieces = (bytes([byte]) for byte in body)
            connection.request("POST", "/", pieces, headers, encode_chunked=True)
            assert read(connection).status == 200
    finally:
        connection.close()
    assert len(waiting()) == 2


def test_a_chunked_body_beyond_the_limit_is_refused(work: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(work).netloc, timeout=30)
    try:
        pieces = (b"x" * 65_536 for _ in range(MOST_BYTES // 65_536 + 1))
        connection.request("POST", "/", pieces, {"X-Amz-Target": "AmazonSQS.SendMessage"}, encode_chunked=True)
        read(connection).check(TOO_LARGE)
    finally:
        connection.close()


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n"


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 100\r\n\r\n{}",
        b"Content-Length: x\r\n\r\n{}",
        b"Content-Length: -1\r\n\r\n{}",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}x0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"Transfer-Encoding: gzip\r\n\r\n{}",
        b"X-Amz-Target\r\n\r\n",
        b": x\r\n\r\n",
        b"X: " + b"x" * 20_000 + b"\r\n\r\n",
        b"Expect: nonsense\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=lambda rest: str(rest)[:40],
)
def test_broken_http_is_the_fault_of_the_sender(work: str, rest: bytes) -> None:
    answer = talk(work, HEAD + rest)

    assert re.match(rb"HTTP/1\.[01] (200|4\d\d) |$", answer), answer


@pytest.mark.parametrize(
    "line", [b"\x00\x01\x02", b"GET", b"GET  HTTP/1.1", b"FOO / HTTP/1.1", b"GET / HTTP/9.9", b"GET /" + b"x" * 9000]
)
def test_a_broken_request_line_is_the_fault_of_the_sender(work: str, line: bytes) -> None:
    answer = talk(work, line + b"\r\nHost: x\r\n\r\n")

    assert re.match(rb"HTTP/1\.[01] 4\d\d |$", answer), answer


# Answers


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


def test_a_path_that_is_not_utf_8_is_served(work: str) -> None:
    assert ask_json(work, "GetQueueUrl", {"QueueName": "work"}, path="/%FF%00" + quote("한")).status == 200
