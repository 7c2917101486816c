"""The list of functions and each of them under its name: a real endpoint that calls a local Lambda service."""

import base64
import http.client
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from karin.local.process import LocalLambda
from karin.mapping.model import FunctionUrl, LambdaFunction, Snapshot
from karin.store.store import Store
from karin.wsgi.functions import page
from karin.wsgi.functions.known import Reachable, reachable
from tests.local.support import ACCOUNT, REGION, function, write_definition
from tests.processes import running_endpoint, running_store
from tests.support import short_folder

KEY, SECRET = "AKIDPAGES", "of-the-pages-1234"
DEFINITION: dict[str, object] = {
    "functions": [
        function("web", "handlers.web", url={}),
        function("signed", "handlers.echo_event", url={"auth_type": "AWS_IAM"}),
        function("web-fails", "handlers.fail", url={}),
        function("quiet", "handlers.echo"),
    ],
    "queues": [],
    "mappings": [],
}
EVIL = '"><script>alert(1)</script>'


def arn(name: str) -> str:
    """Return a function's ARN."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def deployed(name: str, auth_type: str = "NONE", *, host: str = "", alias: str = "") -> LambdaFunction:
    """Return a function with a URL, as a sync has it."""
    url = FunctionUrl(f"https://{host or name}.lambda-url.{REGION}.on.aws/", auth_type, arn(name) + alias)
    return LambdaFunction(name, arn(name), timeout_seconds=5, urls=(url,))


SNAPSHOT = Snapshot(
    1,
    ACCOUNT,
    REGION,
    functions=(
        deployed("web"),
        deployed("signed", "AWS_IAM"),
        deployed("web-fails"),
        deployed("gone"),
        deployed(f"odd{EVIL}", host=EVIL),
        LambdaFunction("quiet", arn("quiet")),
    ),
)


@dataclass
class Pages:
    """An endpoint with the pages of functions."""

    url: str
    log: Path

    def ask(
        self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, method: str = ""
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Send a request; return status, headers and body."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def event(self, *asked: Any, **more: Any) -> Any:
        """Send a request to a function that answers with the event it got."""
        status, _, body = self.ask(*asked, **more)
        assert status == 200, body
        return json.loads(body)

    def returned(self, result: Any) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Have a function return something; return what its caller gets."""
        return self.ask("/f/web/", json.dumps({"return": result}).encode(), {"Content-Type": "application/json"})


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    folder = tmp_path_factory.mktemp("pages")
    log = folder / "log"
    with (
        LocalLambda(write_definition(folder, DEFINITION), stderr=subprocess.DEVNULL) as service,
        short_folder() as home,
        running_store(home) as store_url,
    ):
        store = Store.open(store_url, max_connections=1)
        store.deployment.replace_snapshot(SNAPSHOT)
        keys = {"KARIN_INDEX": "1", "KARIN_ACCESS_KEYS": f"{KEY}:{SECRET}", "KARIN_MAX_CONCURRENCY": "3"}
        with running_endpoint(store_url, log, AWS_ENDPOINT_URL_LAMBDA=service.url, AWS_REGION=REGION, **keys) as url:
            yield Pages(url, log)
    said = log.read_text(encoding="utf-8")
    assert "Traceback" not in said
    assert "own fault" not in said


def test_the_list_has_each_function_with_a_url_once_and_nothing_that_could_run(pages: Pages) -> None:
    status, headers, body = pages.ask("/")

    text = body.decode()
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    public, signed = text.split("Signed requests only")
    assert re.findall(r'<a class="name" href="(/f/[^"]+)">([^<]+)</a>', public) == [
        ("/f/gone/", "gone"),
        (f"/f/odd{quote(EVIL, safe='')}/", f"odd{escape(EVIL)}"),
        ("/f/web/", "web"),
        ("/f/web-fails/", "web-fails"),
    ]
    assert "https://signed.lambda-url" in signed
    assert "href" not in signed
    assert "quiet" not in text
    assert "<script" not in text
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")


def test_the_address_without_a_path_is_still_that_of_sqs(pages: Pages) -> None:
    json_headers = {"X-Amz-Target": "AmazonSQS.ListQueues", "Content-Type": "application/x-amz-json-1.0"}
    for status, _, body in (
        pages.ask("/", b"{}", json_headers),
        pages.ask("/?Action=ListQueues&Version=2012-11-05"),
        pages.ask("/", None, json_headers),
        pages.ask("/web/", b""),
    ):
        assert status in (400, 403), body
        assert b"<!doctype" not in body
    assert pages.ask("/", method="HEAD")[::2] == (200, b"")


def test_a_request_becomes_an_event_as_at_the_functions_own_url(pages: Pages) -> None:
    headers = {"X-Thing": "a", "Cookie": "s=1; t=2", "User-Agent": "me", "Content-Type": "application/json"}
    body = b'{"n": 1}'

    status, answered, told = pages.ask("/f/web/a%20b/c?x=1&x=2&y=%26", body, headers, "PUT")

    event = json.loads(told)
    host = f"web.lambda-url.{REGION}.on.aws"
    assert (status, answered["X-Seen"], answered.get_all("Set-Cookie")) == (200, "true", ["a=1", "b=2"])
    assert (event["version"], event["rawPath"], event["rawQueryString"]) == ("2.0", "/a%20b/c", "x=1&x=2&y=%26")
    assert (event["cookies"], event["queryStringParameters"]) == (["s=1", "t=2"], {"x": "1,2", "y": "&"})
    assert (event["body"], event["isBase64Encoded"]) == (body.decode(), False)
    assert {name: event["headers"][name] for name in ("x-thing", "host", "x-forwarded-host", "x-forwarded-for")} == {
        "x-thing": "a",
        "host": host,
        "x-forwarded-host": urlsplit(pages.url).netloc,
        "x-forwarded-for": "127.0.0.1",
    }
    context = event["requestContext"]
    assert (context["accountId"], context["apiId"], context["domainName"]) == ("anonymous", "web", host)
    assert (context["http"]["method"], context["http"]["sourceIp"]) == ("PUT", "127.0.0.1")
    binary = pages.event("/f/web/", None, {"Content-Type": "image/png"}, method="POST")
    assert "body" not in binary


def test_an_answer_is_what_the_function_says_and_nothing_else(pages: Pages) -> None:
    raw = base64.b64encode(b"\x00\xff").decode()
    status, headers, body = pages.returned(
        {
            "statusCode": 201,
            "headers": {"Content-Type": "image/png", "Connection": "close", "Content-Length": "9"},
            "body": raw,
            "isBase64Encoded": True,
        }
    )
    assert (status, headers["Content-Type"], body) == (201, "image/png", b"\x00\xff")
    assert {name.lower() for name in headers} == {"server", "date", "connection", "content-type", "content-length"}
    assert pages.returned("plain")[::2] == (200, b"plain")
    assert pages.returned({"a": 1})[::2] == (200, b'{"a": 1}')
    assert pages.returned({"statusCode": 200, "headers": {"X": "a\r\nSet-Cookie: b=1"}})[0] == 502
    status, headers, body = pages.returned({"statusCode": 302, "headers": {"location": "/elsewhere"}})
    assert (status, headers["Location"], body) == (302, "/elsewhere", b"")


@pytest.mark.parametrize("name", ["web-fails", "gone"])
def test_a_function_that_fails_or_is_not_there_is_502_as_at_its_own_url(pages: Pages, name: str) -> None:
    assert pages.ask(f"/f/{name}/")[::2] == (502, b"Internal Server Error")


def test_what_is_not_forwarded_is_told_on_a_plain_page(pages: Pages) -> None:
    for path, status, text in (
        ("/f/nothing/", 404, "No function with this name"),
        ("/f/quiet/", 404, 'href="/f/web/"'),
        (f"/f/{quote(EVIL, safe='')}/", 404, "No function"),
        ("/f/signed/", 403, "AWS_IAM"),
        ("/f//", 404, "No function"),
    ):
        found, headers, body = pages.ask(path)
        assert (found, text in body.decode(), b"<script" in body) == (status, True, False), path
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert pages.ask("/f/nothing/", b"x" * 100_000)[0] == 404


def test_a_name_without_a_slash_leads_to_where_its_links_work(pages: Pages) -> None:
    status, headers, _ = pages.ask("/f/web?x=1")
    assert (status, headers["Location"]) == (308, "/f/web/?x=1")


def test_a_body_that_no_call_can_have_is_refused(pages: Pages) -> None:
    assert pages.ask("/f/web/", b"x" * (6 * 1024 * 1024 + 1))[0] == 413
    just_too_long_once_encoded = b"\xff" * (5 * 1024 * 1024)
    assert pages.ask("/f/web/", just_too_long_once_encoded)[0] == 413


def test_an_alias_has_a_name_of_its_own() -> None:
    both = Snapshot(1, ACCOUNT, REGION, functions=(deployed("web", alias=":live"), deployed("api")))
    assert list(reachable(both)) == ["api", "web:live"]
    assert reachable(None) == {}


def test_an_address_that_is_none_of_the_web_is_no_link() -> None:
    odd = Reachable("web", FunctionUrl("javascript:alert(1)", "NONE", arn("web")), 3)
    assert 'href="javascript' not in page.index([odd])
    assert "No function has a URL" in page.index([])


def test_without_the_setting_none_of_it_is_loaded_and_the_answer_is_that_of_sqs(endpoint: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=30)
    for path in ("/", "/f/web/"):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (404, b"<UnknownOperationException/>")
    connection.close()
    loaded = (
        "import sys, karin.wsgi.app; print([n for n in sys.modules if n.startswith(('karin.aws', 'karin.wsgi.fun'))])"
    )
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
