"""Requests without an SDK, and answers taken apart."""

import http.client
import json
import socket
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from email.message import Message
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from tests.wire.query_model import NAMESPACE
from tests.wire.sdk import CORAL, SQS, Fault

JSON_TYPE = "application/x-amz-json-1.0"
FORM_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
Pairs = Mapping[str, str] | Sequence[tuple[str, str]]


class Answer(NamedTuple):
    """An HTTP response."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        """Return the body of a JSON answer."""
        assert self.headers["content-type"] == JSON_TYPE
        return json.loads(self.body)

    def xml(self) -> ET.Element:
        """Return the root of an XML answer."""
        assert self.headers["content-type"] == "text/xml"
        return ET.fromstring(self.body)  # noqa: S314 - karin's own answer

    def texts(self) -> dict[str, str]:
        """Return the leaves of an XML answer: name -> text, without the namespace."""
        return {
            leaf.tag.removeprefix(f"{{{NAMESPACE}}}"): leaf.text or "" for leaf in self.xml().iter() if not len(leaf)
        }

    def check(self, fault: Fault) -> str:
        """Assert that this is a well-formed error of that kind in either protocol; return its text."""
        assert (self.status, self.fault()) == (fault.status, (fault.code, fault.shape)[: len(self.fault())]), self
        return self.text()

    def fault(self) -> tuple[str, ...]:
        """Return an error's code, and in JSON its shape; asserts that it is well-formed."""
        assert self.headers["x-amzn-requestid"]
        kind = "Sender" if self.status < 500 else "Receiver"
        if self.headers["content-type"] == JSON_TYPE:
            body = self.json()
            assert body.keys() == {"__type", "message"}
            namespace, _, shape = body["__type"].partition("#")
            assert namespace in (SQS, CORAL)
            code, _, who = self.headers["x-amzn-query-error"].partition(";")
            assert who == kind
            return code, shape
        root = self.xml()
        assert root.tag == f"{{{NAMESPACE}}}ErrorResponse"
        names = [[child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in parent] for parent in (root, root[0])]
        assert names == [["Error", "RequestId"], ["Type", "Code", "Message", "Detail"]]
        texts = self.texts()
        assert (texts["Type"], texts["Detail"]) == (kind, "")
        assert texts["RequestId"] == self.headers["x-amzn-requestid"]
        return (texts["Code"],)

    def text(self) -> str:
        """Return an error's text."""
        if self.headers["content-type"] == JSON_TYPE:
            said: str = self.json()["message"]
            return said
        return self.texts()["Message"]


def ask(
    endpoint: str, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """Send one request as it is and return the answer."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=30)
    try:
        connection.request(method, path, body, dict(headers or {}))
        return read(connection)
    finally:
        connection.close()


def read(connection: http.client.HTTPConnection) -> Answer:
    """Return the answer that a connection is about to give."""
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())


def ask_json(
    endpoint: str, action: str, parameters: object, path: str = "/", headers: Mapping[str, str] | None = None
) -> Answer:
    """Call an action in JSON 1.0; parameters that are bytes are sent as they are."""
    body = parameters if isinstance(parameters, bytes) else json.dumps(parameters).encode()
    given = {"Content-Type": JSON_TYPE, "X-Amz-Target": f"AmazonSQS.{action}"} | dict(headers or {})
    return ask(endpoint, "POST", path, body, given)


def query(action: str, **parameters: str) -> dict[str, str]:
    """Return the parameters of a Query request."""
    return {"Action": action, "Version": "2012-11-05"} | parameters


def ask_query(endpoint: str, parameters: Pairs, path: str = "/", headers: Mapping[str, str] | None = None) -> Answer:
    """Call an action with a form."""
    return ask(
        endpoint, "POST", path, urlencode(parameters).encode(), {"Content-Type": FORM_TYPE} | dict(headers or {})
    )


def ask_get(endpoint: str, parameters: Pairs, path: str = "/", headers: Mapping[str, str] | None = None) -> Answer:
    """Call an action with parameters in the URL."""
    return ask(endpoint, "GET", f"{path}?{urlencode(parameters)}", headers=headers)


def talk(endpoint: str, request: bytes) -> bytes:
    """Send bytes, end the sending side, and return all that comes back."""
    parts = urlsplit(endpoint)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))
