"""A real HTTP server in place of AWS: the listings of Lambda and the attributes of SQS, as a test writes them."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from karin.mapping.model import LambdaFunction
from tests.local_http import LocalServer, Quiet

REGION = "eu-west-1"
ACCOUNT = "123456789012"
FIRST, SECOND = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
KMS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"
FUNCTIONS, MAPPINGS = "/2015-03-31/functions", "/2015-03-31/event-source-mappings"
Answer = tuple[int, Any]


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def queue_arn(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:sqs:{REGION}:{account}:{name}"


def function(name: str, **fields: Any) -> dict[str, Any]:
    return {"FunctionName": name, "FunctionArn": function_arn(name), **fields}


def mapping(uuid: str, queue: str = "q", **fields: Any) -> dict[str, Any]:
    entry = {"UUID": uuid, "EventSourceArn": queue_arn(queue), "FunctionArn": function_arn("f"), "State": "Disabled"}
    return {**entry, **fields}


class ControlPlane(LocalServer):
    """The listings of Lambda and the attributes of SQS, as a test writes them."""

    def __init__(self) -> None:
        super().__init__(Handler)
        self.answers: dict[str, list[Answer]] = {}  # by path: one answer per page, a marker is a page's number
        self.attributes: dict[str, Answer] = {}  # by queue name
        self.calls: list[str] = []
        self.throttled = 0  # how many of the next GETs are too many
        self.list_functions()
        self.list_mappings()

    def list_functions(self, *pages: list[dict[str, Any]]) -> None:
        self.answers[FUNCTIONS] = [(200, {"Functions": page}) for page in pages or ([],)]

    def list_mappings(self, *pages: list[dict[str, Any]]) -> None:
        self.answers[MAPPINGS] = [(200, {"EventSourceMappings": page}) for page in pages or ([],)]

    def list_urls(self, name: str, *pages: list[dict[str, Any]]) -> None:
        self.answers[urls_path(name)] = [(200, {"FunctionUrlConfigs": page}) for page in pages]

    def refuse(self, path: str, status: int, code: str) -> None:
        self.answers[path] = [(status, refusal(code))]


def urls_path(name: str) -> str:
    return f"/2021-10-31/functions/{name}/urls"


def refusal(code: str) -> dict[str, str]:
    return {"__type": code, "message": "no"}


class Handler(Quiet, BaseHTTPRequestHandler):
    """Serve pages; whatever is not the last one has a NextMarker, however short it is."""

    server: ControlPlane

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.server.calls.append(self.path)
        if self.server.throttled:
            self.server.throttled -= 1
            self._answer(429, refusal("TooManyRequestsException") | {"Reason": "CallerRateLimitExceeded"})
            return
        pages = self.server.answers.get(url.path.rstrip("/")) or [(404, refusal("ResourceNotFoundException"))]
        number = int(parse_qs(url.query).get("Marker", ["0"])[0])
        status, body = pages[number]
        self._answer(status, {**body, "NextMarker": str(number + 1)} if number + 1 < len(pages) else body)

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append(request["QueueUrl"])
        self._answer(*self.server.attributes.get(request["QueueUrl"].split("/")[-1], (200, {})))

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if "__type" in body:
            self.send_header("x-amzn-errortype", body["__type"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def url_entry(url: str, auth_type: str = "NONE", qualifier: str = "") -> dict[str, Any]:
    return {
        "FunctionUrl": url, "AuthType": auth_type, "FunctionArn": function_arn("b") + qualifier,
        "CreationTime": "2026-01-01T00:00:00Z", "LastModifiedTime": "2026-01-01T00:00:00Z", "Surprise": 1,
    }  # fmt: skip


def redrive_policy(target_arn: str) -> dict[str, str]:
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": target_arn, "maxReceiveCount": 3})}


def of(name: str) -> LambdaFunction:
    return LambdaFunction(name, function_arn(name))
