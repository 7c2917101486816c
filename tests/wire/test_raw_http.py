"""What no SDK sends, or only some: odd paths, content types and actions; bodies too large, cut off or in chunks."""

import http.client
import json
import re
from collections.abc import Callable
from urllib.parse import quote, urlencode, urlsplit

import pytest

from karin.sqs.message import Message
from karin.wsgi.endpoint import MOST_BODY_BYTES
from tests.wire.raw import FORM_TYPE, JSON_TYPE, ask, ask_get, ask_json, ask_query, query, read, talk
from tests.wire.sdk import (
    ACCOUNT,
    INVALID_ACTION,
    QUEUE_DOES_NOT_EXIST,
    Fault,
)

Waiting = Callable[[], list[Message]]
QUEUE_PATH = f"/{ACCOUNT}/work"
SEND = {"QueueUrl": "work", "MessageBody": "body"}
PATHS = ["/", "/pfx", "/pfx/", QUEUE_PATH, f"{QUEUE_PATH}/", f"/pfx{QUEUE_PATH}", "/a/b%2Fc/d//", "/%F0%9F%91%8B"]
TOO_LARGE = Fault("com.amazon.coral.service", "RequestEntityTooLargeException", "RequestEntityTooLarge", 413)


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


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data", JSON_TYPE])
def test_a_body_that_is_no_form_holds_no_parameters(work: str, waiting: Waiting, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    body = urlencode(query("SendMessage", **SEND)).encode()

    assert ask(work, "POST", "/", body, headers).status == 404
    assert ask(work, "POST", f"/?{body.decode()}", b"Action=PurgeQueue", headers).status == 200
    assert len(waiting()) == 1


def test_a_form_without_a_content_type_is_read(work: str) -> None:
    assert ask(work, "POST", "/", urlencode(query("GetQueueUrl", QueueName="work")).encode(), {}).status == 200


def test_a_path_that_is_not_utf_8_is_served(work: str) -> None:
    assert ask_json(work, "GetQueueUrl", {"QueueName": "work"}, path="/%FF%00" + quote("한")).status == 200


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


def test_two_targets_are_none(work: str, waiting: Waiting) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 40\r\n"
    target = b"X-Amz-Target: AmazonSQS.SendMessage\r\n"
    body = b'{"QueueUrl":"work","MessageBody":"twice"'.ljust(39) + b"}"

    answer = talk(work, head + target * 2 + b"\r\n" + body)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"com.amazon.coral.service#UnknownOperationException" in answer
    assert b"x-amzn-query-error: InvalidAction;Sender" in answer
    assert waiting() == []


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_no_method_is_a_fault_of_the_server(work: str, method: str) -> None:
    """AWS documents POST for JSON, and GET and POST for Query; what else a request says is read in the same way."""
    body, headers = b'{"QueueName":"work"}', {"Content-Type": JSON_TYPE, "X-Amz-Target": "AmazonSQS.GetQueueUrl"}
    in_url = f"/?{urlencode(query('GetQueueUrl', QueueName='work'))}"

    assert ask(work, method, "/", body, headers).json()["QueueUrl"].endswith(QUEUE_PATH)
    assert ask(work, method, in_url).texts()["QueueUrl"].endswith(QUEUE_PATH)


def test_a_head_request_is_answered_without_a_body_and_the_connection_goes_on(work: str) -> None:
    path = f"/?{urlencode(query('GetQueueUrl', QueueName='work'))}"
    connection = http.client.HTTPConnection(urlsplit(work).netloc, timeout=30)
    try:
        for method, has_body in (("HEAD", False), ("GET", True), ("HEAD", False)):
            connection.request(method, path)
            answer = read(connection)
            assert (answer.status, bool(answer.body)) == (200, has_body)
    finally:
        connection.close()


@pytest.mark.parametrize("headers", [{"X-Amz-Target": "AmazonSQS.SendMessage"}, {"Content-Type": FORM_TYPE}])
def test_a_body_beyond_the_limit_is_refused_and_the_connection_goes_on(work: str, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection(urlsplit(work).netloc, timeout=30)
    try:
        connection.request("POST", "/", b"x" * (MOST_BODY_BYTES + 1), headers)
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
        pieces = (b"x" * 65_536 for _ in range(MOST_BODY_BYTES // 65_536 + 1))
        connection.request("POST", "/", pieces, {"X-Amz-Target": "AmazonSQS.SendMessage"}, encode_chunked=True)
        read(connection).check(TOO_LARGE)
    finally:
        connection.close()


@pytest.mark.parametrize(("version", "is_chunked"), [(b"1.0", False), (b"1.1", False), (b"1.1", True)], ids=str)
def test_a_refused_body_is_read_before_the_connection_is_closed(work: str, version: bytes, is_chunked: bool) -> None:
    """A client that sends everything before it reads would otherwise find its connection reset, and no answer."""
    head = b"POST / HTTP/%s\r\nHost: x\r\nX-Amz-Target: AmazonSQS.SendMessage\r\nConnection: close\r\n" % version
    long = b"x" * (3 * MOST_BODY_BYTES)
    if is_chunked:
        request = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(long), long)
    else:
        request = head + b"Content-Length: %d\r\n\r\n" % len(long) + long

    answer = talk(work, request)

    assert re.match(rb"HTTP/1\.[01] 413 ", answer)
    assert b"com.amazon.coral.service#RequestEntityTooLargeException" in answer


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
