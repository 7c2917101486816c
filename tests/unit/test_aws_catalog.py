"""Reading listings page by page, and what is said when a part of them is refused, against a real HTTP server."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.retries.standard import ExponentialBackoff

from karin.aws.catalog import AwsCatalog, CatalogUnavailable
from karin.mapping.model import FunctionUrl, LambdaFunction, MappedQueue, Mapping
from karin.sqs.names import QueueId
from tests.aws_environ import point_aws_at

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


class ControlPlane(ThreadingHTTPServer):
    """The listings of Lambda and the attributes of SQS, as a test writes them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, list[Answer]] = {}  # by path: one answer per page, a marker is a page's number
        self.attributes: dict[str, Answer] = {}  # by queue name
        self.calls: list[str] = []
        self.throttled = 0  # how many of the next GETs are too many
        self.list_functions()
        self.list_mappings()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

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


class Handler(BaseHTTPRequestHandler):
    """Serve pages; whatever is not the last one has a NextMarker, however short it is."""

    protocol_version = "HTTP/1.1"
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

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if "__type" in body:
            self.send_header("x-amzn-errortype", body["__type"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlPlane]:
    server = ControlPlane()
    point_aws_at(monkeypatch, LAMBDA=server.url, SQS=f"{server.url}/")
    yield server
    server.shutdown()
    server.server_close()


def test_pages_are_read_to_the_end_however_short_they_are(aws: ControlPlane) -> None:
    aws.list_functions([function("a"), function("b")], [], [function("c")])
    aws.list_mappings([mapping("1")], [], [mapping("2", "p")], [mapping("3")])

    snapshot = AwsCatalog().read(1_700_000_000_000, REGION)

    assert [found.name for found in snapshot.functions] == ["a", "b", "c"]
    assert [found.uuid for found in snapshot.mappings] == ["1", "2", "3"]
    assert snapshot.queues == tuple(MappedQueue(queue_arn(name), {}, 1_700_000_000_000) for name in "pq")
    assert (snapshot.synced_at_ms, snapshot.region, snapshot.warnings) == (1_700_000_000_000, REGION, ())
    assert not [call for call in aws.calls if "FunctionName=" in call]
    assert len(aws.calls) == 3 + 4 + 2  # a page each, and a queue each: nothing by function


def url_entry(url: str, auth_type: str = "NONE", qualifier: str = "") -> dict[str, Any]:
    return {
        "FunctionUrl": url, "AuthType": auth_type, "FunctionArn": function_arn("b") + qualifier,
        "CreationTime": "2026-01-01T00:00:00Z", "LastModifiedTime": "2026-01-01T00:00:00Z", "Surprise": 1,
    }  # fmt: skip


def test_what_karin_needs_is_kept_and_what_it_does_not_know_is_ignored(aws: ControlPlane) -> None:
    aws.list_functions([
        function(
            "f", Runtime="python3.13", Timeout=900, MemorySize=512, LoggingConfig={"LogGroup": "/mine"}, Surprise={},
            RevisionId="r-1", LastModified="2026-01-01T00:00:00.000+0000",
        ),
        function("g", LoggingConfig={"LogFormat": "JSON"}, LastModified="2026-01-02T00:00:00.000+0000"),
    ])  # fmt: skip
    aws.list_mappings([
        mapping(
            "1", FunctionArn=function_arn("f") + ":live", BatchSize=100, MaximumBatchingWindowInSeconds=5,
            ScalingConfig={"MaximumConcurrency": 2}, FunctionResponseTypes=["ReportBatchItemFailures"],
            FilterCriteria={"Filters": [{"Pattern": '{"body":{"a":[1]}}'}, {"Pattern": '{"body":{"b":[1]}}'}]},
            LastModified=1_700_000_000.5, Surprise=[1],
        ),
        mapping("2", ScalingConfig={}, FilterCriteria={}, State="Disabling"),
        mapping("3", EventSourceArn=f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s"),
        {"UUID": "4", "SelfManagedEventSource": {"Endpoints": {}}, "State": "Enabled"},
    ])  # fmt: skip
    aws.attributes["q"] = 200, {"Attributes": {"VisibilityTimeout": "60", "Surprise": "1"}}

    snapshot = AwsCatalog().read(1, REGION)

    assert snapshot.functions == (
        LambdaFunction("f", function_arn("f"), "python3.13", 900, 512, "/mine", revision="r-1"),
        LambdaFunction("g", function_arn("g"), "", 3, 128, "/aws/lambda/g", revision="2026-01-02T00:00:00.000+0000"),
    )
    assert snapshot.mappings == (
        Mapping(
            "1", queue_arn("q"), function_arn("f") + ":live", "Disabled", 100, 5, 2, ("ReportBatchItemFailures",),
            ('{"body":{"a":[1]}}', '{"body":{"b":[1]}}'),
        ),
        Mapping("2", queue_arn("q"), function_arn("f"), "Disabling"),
    )  # fmt: skip
    assert snapshot.queues == (MappedQueue(queue_arn("q"), {"VisibilityTimeout": "60", "Surprise": "1"}, 1),)
    assert f"{aws.url}/{ACCOUNT}/q" in aws.calls
    assert snapshot.warnings == ()


def test_a_queue_of_another_region_is_kept_as_aws_has_it(aws: ControlPlane) -> None:
    arn = f"arn:aws:sqs:us-west-2:{ACCOUNT}:far"
    aws.list_mappings([mapping("1", EventSourceArn=arn)])

    snapshot = AwsCatalog().read(1, REGION)

    assert (snapshot.region, snapshot.mappings[0].region, snapshot.queues[0].arn) == (REGION, "us-west-2", arn)


def test_the_account_is_the_one_that_owns_most_mapped_queues(aws: ControlPlane) -> None:
    other = "999999999999"
    catalog = AwsCatalog()
    assert catalog.read(1, REGION).account_id == "000000000000"

    aws.list_functions([function("f")])
    assert catalog.read(1, REGION).account_id == ACCOUNT

    aws.list_mappings([
        mapping("1"),
        mapping("2", EventSourceArn=queue_arn("a", other)),
        mapping("3", EventSourceArn=queue_arn("b", other)),
    ])  # fmt: skip
    assert catalog.read(1, REGION).account_id == other


@pytest.mark.parametrize("criteria", [None, {"Filters": [{"Pattern": None}]}])
@pytest.mark.parametrize("refused", [True, False])
def test_filters_that_stay_encrypted_keep_karin_from_delivering(
    aws: ControlPlane, criteria: dict[str, Any] | None, refused: bool
) -> None:
    entry = mapping(FIRST, KMSKeyArn=KMS_KEY, FilterCriteria=criteria)
    aws.list_mappings([entry])
    if refused:
        aws.refuse(f"{MAPPINGS}/{FIRST}", 403, "AccessDeniedException")
    else:
        aws.answers[f"{MAPPINGS}/{FIRST}"] = [
            (200, {**entry, "FilterCriteriaError": {"ErrorCode": "KMSAccessDeniedException"}})
        ]

    snapshot = AwsCatalog().read(1, REGION)

    assert not snapshot.mappings[0].is_served
    assert not snapshot.mappings[0].filters_readable


def test_encrypted_filters_are_read_where_the_key_may_be_used(aws: ControlPlane) -> None:
    entries = [mapping(FIRST, KMSKeyArn=KMS_KEY), mapping(SECOND, KMSKeyArn=KMS_KEY)]
    aws.list_mappings(entries)
    aws.answers[f"{MAPPINGS}/{FIRST}"] = [
        (200, {**entries[0], "FilterCriteria": {"Filters": [{"Pattern": '{"body":["x"]}'}]}})
    ]
    aws.answers[f"{MAPPINGS}/{SECOND}"] = [(200, entries[1])]

    snapshot = AwsCatalog().read(1, REGION)

    assert [found.filters for found in snapshot.mappings] == [('{"body":["x"]}',), ()]
    assert all(found.is_served for found in snapshot.mappings)


def test_a_queue_that_aws_does_not_describe_costs_its_attributes_and_a_warning(aws: ControlPlane) -> None:
    aws.list_mappings([mapping("1", "denied"), mapping("2", "fine"), mapping("3", "missing")])
    aws.attributes |= {
        "denied": (403, refusal("com.amazon.coral.service#AccessDeniedException")),
        "fine": (200, {"Attributes": {"DelaySeconds": "1"}}),
        "missing": (400, refusal("com.amazonaws.sqs#QueueDoesNotExist")),
    }

    snapshot = AwsCatalog().read(1, REGION)

    assert [queue.attributes for queue in snapshot.queues] == [None, {"DelaySeconds": "1"}, None]
    consequence = "karin uses SQS defaults"
    said = "AWS did not tell its attributes"
    allow, deploy = "allow sqs:GetQueueAttributes", "deploy the queue or remove its mapping"
    assert snapshot.warnings == (
        f"queue {ACCOUNT}/denied: {said} (AccessDeniedException: {allow}); {consequence}",
        f"queue {ACCOUNT}/missing: {said} (QueueDoesNotExist: {deploy}); {consequence}",
    )


def redrive_policy(target_arn: str) -> dict[str, str]:
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": target_arn, "maxReceiveCount": 3})}


def test_the_dead_letter_queues_that_mapped_queues_name_are_read_too_and_come_first(aws: ControlPlane) -> None:
    aws.list_mappings([mapping("1", "a"), mapping("2", "b"), mapping("3", "c"), mapping("4", "self")])
    attributes = {
        "a": redrive_policy(queue_arn("dead")),
        "b": redrive_policy(queue_arn("dead")),
        "c": redrive_policy(queue_arn("a")),  # it is mapped itself
        "self": redrive_policy(queue_arn("self")),
        "dead": redrive_policy(queue_arn("dead-of-dead")),  # nobody delivers from it, so nothing moves on
    }
    aws.attributes |= {name: (200, {"Attributes": given}) for name, given in attributes.items()}

    snapshot = AwsCatalog().read(1, REGION)

    names = ["dead", "a", "b", "c", "self"]
    assert snapshot.queues == tuple(MappedQueue(queue_arn(name), attributes[name], 1) for name in names)
    assert snapshot.warnings == ()
    assert sum(call.endswith("/dead") for call in aws.calls) == 1
    assert snapshot.mappings_of(QueueId(ACCOUNT, "dead")) == ()


def test_queues_that_are_known_are_not_asked_about_again(aws: ControlPlane) -> None:
    aws.list_mappings([mapping("1", "a"), mapping("2", "b")])
    known = [MappedQueue(queue_arn("a"), redrive_policy(queue_arn("dead")), 5), MappedQueue(queue_arn("dead"), {}, 5)]

    snapshot = AwsCatalog().read(9, REGION, known)

    assert snapshot.queues == (known[1], known[0], MappedQueue(queue_arn("b"), {}, 9))
    assert [call for call in aws.calls if call.endswith(("/a", "/b", "/dead"))] == [f"{aws.url}/{ACCOUNT}/b"]


def test_a_dead_letter_queue_that_aws_does_not_describe_is_kept_with_a_warning(aws: ControlPlane) -> None:
    aws.list_mappings([mapping("1", "a")])
    aws.attributes |= {
        "a": (200, {"Attributes": redrive_policy(queue_arn("dead"))}),
        "dead": (403, refusal("com.amazon.coral.service#AccessDeniedException")),
    }

    snapshot = AwsCatalog().read(1, REGION)

    assert [(queue.arn, queue.attributes is None) for queue in snapshot.queues] == [
        (queue_arn("dead"), True), (queue_arn("a"), False),
    ]  # fmt: skip
    [warning] = snapshot.warnings
    assert warning.startswith(f"queue {ACCOUNT}/dead: AWS did not tell its attributes (AccessDeniedException")


@pytest.mark.parametrize(
    "policy",
    ["", "no json", "[]", "7", "{}", '{"deadLetterTargetArn":7}', '{"deadLetterTargetArn":"arn:aws:sns:x:1:y"}'],
)
def test_a_redrive_policy_that_names_no_queue_is_passed_over(aws: ControlPlane, policy: str) -> None:
    aws.list_mappings([mapping("1", "a")])
    aws.attributes["a"] = 200, {"Attributes": {"RedrivePolicy": policy}}

    assert [queue.arn for queue in AwsCatalog().read(1, REGION).queues] == [queue_arn("a")]


def test_urls_are_read_page_by_page_and_by_function(aws: ControlPlane) -> None:
    aws.list_urls("a", [])
    aws.list_urls("b", [url_entry("https://b/")], [], [url_entry("https://live.b/", "AWS_IAM", ":live")])

    functions, warning = AwsCatalog().read_urls([of("a"), of("b")], 7, REGION)

    assert warning is None
    assert [(found.name, found.urls_read_at_ms) for found in functions] == [("a", 7), ("b", 7)]
    assert functions[0].urls == ()
    assert functions[1].urls == (
        FunctionUrl("https://b/", "NONE", function_arn("b")),
        FunctionUrl("https://live.b/", "AWS_IAM", function_arn("b") + ":live"),
    )


def of(name: str) -> LambdaFunction:
    return LambdaFunction(name, function_arn(name))


def test_function_urls_that_may_not_be_listed_cost_one_warning(aws: ControlPlane) -> None:
    aws.refuse(urls_path("a"), 403, "AccessDeniedException")
    aws.list_urls("b", [url_entry("https://b/")])
    aws.refuse(urls_path("c"), 403, "AccessDeniedException")

    functions, warning = AwsCatalog().read_urls([of("a"), of("b"), of("c")], 7, REGION)

    assert [found.name for found in functions] == ["b"]
    assert warning is not None
    assert "AccessDeniedException: allow lambda:ListFunctionUrlConfigs" in warning


def test_a_function_that_was_deleted_since_it_was_listed_is_no_news(aws: ControlPlane) -> None:
    aws.list_urls("b", [])

    functions, warning = AwsCatalog().read_urls([of("a"), of("b")], 7, REGION)

    assert ([found.name for found in functions], warning) == (["b"], None)


def test_a_throttled_listing_is_tried_again(aws: ControlPlane) -> None:
    aws.list_functions([function("f")])
    aws.throttled = 1

    snapshot = AwsCatalog().read(1, REGION)

    assert [found.name for found in snapshot.functions] == ["f"]


def test_too_many_requests_for_long_end_a_sync_in_one_line(aws: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    aws.throttled = 5

    with pytest.raises(CatalogUnavailable) as caught:
        AwsCatalog().read(1, REGION)

    said = "ListFunctions in eu-west-1: TooManyRequestsException: too many requests, try again in a minute"
    assert str(caught.value) == said
    assert len(aws.calls) == 5


def test_urls_that_are_throttled_are_left_for_the_next_sync(aws: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    aws.throttled = 5

    functions, warning = AwsCatalog().read_urls([of("a"), of("b"), of("c")], 7, REGION)

    assert functions == ()
    assert warning is not None
    assert "TooManyRequestsException" in warning
    assert len(aws.calls) == 5


@pytest.mark.parametrize("path", [FUNCTIONS, MAPPINGS])
@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (403, "AccessDeniedException", "AccessDeniedException: allow lambda:List"),
        (403, "UnrecognizedClientException", "renew AWS_ACCESS_KEY_ID"),
        (403, "ExpiredTokenException", "renew AWS_ACCESS_KEY_ID"),
        (400, "InvalidParameterValueException", "InvalidParameterValueException: no"),
    ],
)
def test_a_refused_listing_makes_the_catalog_unavailable(
    aws: ControlPlane, path: str, status: int, code: str, said: str
) -> None:
    aws.list_functions([function("f")])
    aws.refuse(path, status, code)

    with pytest.raises(CatalogUnavailable) as caught:
        AwsCatalog().read(1, REGION)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_listing_refused_on_a_later_page_is_never_a_part_of_a_snapshot(aws: ControlPlane) -> None:
    aws.list_functions([function("f")], [])
    aws.answers[FUNCTIONS][1] = 403, refusal("AccessDeniedException")

    with pytest.raises(CatalogUnavailable, match="ListFunctions in eu-west-1"):
        AwsCatalog().read(1, REGION)


def test_an_endpoint_that_repeats_its_marker_for_ever_is_unavailable(aws: ControlPlane) -> None:
    aws.answers[FUNCTIONS] = [(200, {"Functions": [], "NextMarker": "0"})]

    with pytest.raises(CatalogUnavailable, match="PaginationError"):
        AwsCatalog().read(1, REGION)
