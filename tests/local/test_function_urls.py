"""Function URLs: what a request becomes for the function, and its result for the caller (payload format 2.0)."""

import base64
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from karin.local.process import LocalLambda
from karin.mapping.url_event import answer_of, broken


def call(
    service: LocalLambda, path: str, body: bytes = b"", headers: dict[str, str] | None = None, method: str = "POST"
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Send a request to the functions' URLs; returns status, headers and body."""
    connection = http.client.HTTPConnection(urlsplit(service.urls_url).netloc, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def answered(service: LocalLambda, result: Any) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Have the function return a result, and tell what its caller got."""
    return call(service, "/web/", json.dumps({"return": result}).encode(), {"Content-Type": "application/json"})


def event_of(answer: tuple[int, http.client.HTTPMessage, bytes]) -> Any:
    assert answer[0] == 200, answer
    return json.loads(answer[2])


def test_a_request_becomes_an_event_of_format_two(service: LocalLambda) -> None:
    headers = {"X-Thing": "a", "Cookie": "s=1; t=2", "User-Agent": "me", "Content-Type": "application/json"}
    answer = call(service, "/web/a%20b/c?x=1&x=2&y=%26&z", b'{"n": 1}', headers, "PUT")
    assert answer[1]["X-Seen"] == "true"
    assert answer[1].get_all("Set-Cookie") == ["a=1", "b=2"]
    event = event_of(answer)
    host = urlsplit(service.urls_url).netloc
    assert (event["version"], event["routeKey"]) == ("2.0", "$default")
    assert (event["rawPath"], event["rawQueryString"]) == ("/a%20b/c", "x=1&x=2&y=%26&z")
    assert event["queryStringParameters"] == {"x": "1,2", "y": "&", "z": ""}
    assert event["cookies"] == ["s=1", "t=2"]
    assert (event["headers"]["x-thing"], event["headers"]["host"]) == ("a", host)
    assert "cookie" not in event["headers"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"n": 1}', False)
    context = event["requestContext"]
    assert (context["accountId"], context["domainName"], context["stage"]) == ("anonymous", host, "$default")
    assert context["http"] | {"sourceIp": ""} == {
        "method": "PUT",
        "path": "/a%20b/c",
        "protocol": "HTTP/1.1",
        "sourceIp": "",
        "userAgent": "me",
    }
    assert context["requestId"] == service.invocations()[-1].request_id


def test_a_request_without_query_cookies_and_body_has_none_of_them(service: LocalLambda) -> None:
    event = event_of(call(service, "/web", method="GET"))
    assert event["rawPath"] == "/"
    assert not {"queryStringParameters", "cookies", "body"} & set(event)


def test_a_body_that_is_not_text_comes_in_base64(service: LocalLambda) -> None:
    event = event_of(call(service, "/signed/", b"\x00\xff", {"Content-Type": "application/octet-stream"}))
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"\x00\xff"


def test_a_url_that_asks_for_a_signature_tells_the_function_who_signed(service: LocalLambda) -> None:
    headers = {"Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/lambda/aws4_request"}
    event = event_of(call(service, "/signed/", b"", headers))
    assert event["requestContext"]["authorizer"]["iam"]["accessKey"] == "AKIDEXAMPLE"
    assert event["requestContext"]["accountId"] == "000000000000"


@pytest.mark.parametrize(
    ("result", "status", "content_type", "body"),
    [
        ({"message": "hi"}, 200, "application/json", b'{"message": "hi"}'),
        ("plain", 200, "application/json", b"plain"),
        (None, 200, "application/json", b"null"),
        ({"statusCode": 404, "body": "gone"}, 404, "application/json", b"gone"),
        ({"statusCode": "201"}, 201, "application/json", b""),
        ({"statusCode": 200, "headers": {"Content-Type": "text/html"}, "body": "<p>"}, 200, "text/html", b"<p>"),
        ({"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}, 200, "application/json", b"\x00\xff"),
        ({"statusCode": 200, "body": "?", "isBase64Encoded": True}, 502, "application/json", b"Internal Server Error"),
        ({"statusCode": "many"}, 502, "application/json", b"Internal Server Error"),
        ({"statusCode": 99}, 502, "application/json", b"Internal Server Error"),
        ({"statusCode": 200, "headers": {"a": "b\r\nc: d"}}, 502, "application/json", b"Internal Server Error"),
        ({"statusCode": 200, "headers": {"a b": "c"}}, 502, "application/json", b"Internal Server Error"),
        ({"statusCode": 200, "cookies": ["\ud55c"]}, 502, "application/json", b"Internal Server Error"),
    ],
)
def test_a_result_becomes_an_answer(
    service: LocalLambda, result: Any, status: int, content_type: str, body: bytes
) -> None:
    got = answered(service, result)
    assert (got[0], got[1]["Content-Type"], got[2]) == (status, content_type, body)


@pytest.mark.parametrize("payload", [b"\xff", b'"\xff"', b'{"statusCode":"\xff"}', b"[" * 10_000, b"{"])
def test_a_result_that_is_no_json_is_a_bad_gateway(payload: bytes) -> None:
    assert answer_of(payload) == broken()


def test_a_function_that_fails_is_a_bad_gateway(service: LocalLambda) -> None:
    status, _, body = call(service, "/web-fails/")
    assert (status, body) == (502, b"Internal Server Error")


@pytest.mark.parametrize("path", ["/", "/echo/", "/nobody/x"])
def test_a_path_without_a_functions_url_tells_which_there_are(service: LocalLambda, path: str) -> None:
    status, _, body = call(service, path, method="GET")
    assert status == 404
    assert "/web/" in json.loads(body)["Message"]


def test_a_browser_is_told_what_it_may_do_without_calling_the_function(service: LocalLambda) -> None:
    before = service.invocations()[-1:]
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    status, headers, _ = call(service, "/shared/", headers=asked, method="OPTIONS")
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert headers["Access-Control-Allow-Credentials"] == "true"
    assert headers["Access-Control-Allow-Methods"] == "*"
    assert service.invocations()[-1:] == before
    _, headers, _ = call(service, "/shared/", headers={"Origin": "https://app.example"})
    assert headers["Access-Control-Allow-Origin"] == "https://app.example"
    _, headers, _ = call(service, "/shared/", headers={"Origin": "https://other.example"})
    assert headers["Access-Control-Allow-Origin"] is None
