"""What whoever sees or makes others send requests can do with them: signed ones of callers, and those of browsers."""

import http.client
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import falcon.testing
import pytest
import redis

from karin.clock import SystemClock
from karin.operations.context import Context
from karin.settings import Settings
from karin.store import keys
from karin.wsgi.health import BAD_FOR_MS, GOOD_FOR_MS, Health
from tests.clocks import ManualClock
from tests.wire.monitoring import commands
from tests.wire.raw import FORM_TYPE, ask, read, talk
from tests.wire.sdk import ACCESS_DENIED, ACCOUNT, INVALID_SIGNATURE, Protocol
from tests.wire.signing import LIST, TOKEN, Request, presign, sign, unsigned

UNSIGNED_TARGET = "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."


@pytest.mark.parametrize("action", ["ReceiveMessage", "PurgeQueue", "DeleteQueue", "GetQueueAttributes"])
def test_whoever_holds_a_presigned_url_cannot_turn_it_into_another_action(keyed: str, action: str) -> None:
    """Its body is empty and its path is a queue's: all that was missing was a header."""
    sign(Request("POST", "/", {"X-Amz-Target": "AmazonSQS.CreateQueue"}, b'{"QueueName":"work"}'), keyed).send(keyed)
    looking = presign(f"/{ACCOUNT}/work?Action=GetQueueAttributes&Version=2012-11-05", keyed)
    turned = looking._replace(headers={"X-Amz-Target": f"AmazonSQS.{action}"})

    assert looking.send(keyed).status == 200
    assert turned.send(keyed).check(INVALID_SIGNATURE) == UNSIGNED_TARGET


def test_a_signed_request_that_was_seen_cannot_be_turned_into_another_action(keyed: str) -> None:
    seen = sign(Request("GET", LIST, {}, b""), keyed)
    turned = seen._replace(headers=seen.headers | {"X-Amz-Target": "AmazonSQS.ListQueues"})

    assert seen.send(keyed).status == 200
    assert turned.send(keyed).check(INVALID_SIGNATURE) == UNSIGNED_TARGET


def test_a_signed_request_is_for_one_host_path_and_method(keyed: str, protocol: Protocol) -> None:
    seen = sign(unsigned(protocol, f"/{ACCOUNT}/work"), keyed)

    for changed in (
        seen._replace(method="PUT"),
        seen._replace(target=f"/{ACCOUNT}/other"),
        seen._replace(target=f"/{ACCOUNT}/work/../other"),
        seen._replace(target=f"/{ACCOUNT}/work?Action=PurgeQueue"),
        seen._replace(headers=seen.headers | {"Host": "another.example.com"}),
        seen._replace(headers=seen.headers | {"X-Forwarded-Prefix": "/prefix", "Host": "another.example.com"}),
    ):
        changed.send(keyed).check(INVALID_SIGNATURE)


FORM = {"Content-Type": FORM_TYPE}
OF_OTHER_SITES = [
    {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://127.0.0.1.evil.example.com"},
    {
        "Origin": "http://evil.example.com:4000",
        "Host": "evil.example.com:4000",
    },  # a name that was turned to this machine
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},  # a picture's address: there is no Origin
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", OF_OTHER_SITES, ids=repr)
def test_a_page_that_somebody_looks_at_cannot_use_an_endpoint_without_keys(
    endpoint: str, headers: dict[str, str], raw: redis.Redis
) -> None:
    with commands(raw) as seen:
        answers = [
            ask(endpoint, "POST", "/", b"Action=CreateQueue&QueueName=evil", FORM | headers),
            ask(endpoint, "GET", "/?Action=CreateQueue&QueueName=evil", headers=headers),
        ]

    assert seen == []
    for answer in answers:
        answer.check(ACCESS_DENIED)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://[::1]:3000", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},  # a person typed the address
        {"Sec-Fetch-Site": "same-origin"},
    ],
    ids=repr,
)
def test_pages_of_this_machine_may(endpoint: str, headers: dict[str, str]) -> None:
    assert ask(endpoint, "GET", LIST, headers=headers).status == 200


def test_where_callers_prove_who_they_are_it_does_not_matter_where_a_page_is_from(both: str) -> None:
    headers = OF_OTHER_SITES[0]

    assert ask(both, "GET", f"/{TOKEN}{LIST}", headers=headers).status == 200
    assert sign(Request("GET", LIST, {}, b""), both).send(both).status == 200


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO", "REMOTE_USER", "X_Amz_Target"])
def test_a_header_that_looks_like_a_variable_of_the_server_is_none(both: str, name: str) -> None:
    start = f"GET /{TOKEN}{LIST} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"

    answer = talk(both, f"{start}{name}: /healthz\r\n\r\n".encode())

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"ListQueuesResponse" in answer


def test_a_health_check_may_ask_for_the_head_alone(endpoint: str, raw: redis.Redis) -> None:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=30)
    with closing(connection):
        for status in (503, 200):
            connection.request("HEAD", "/healthz")
            head = read(connection)
            connection.request("GET", "/healthz")  # over the same connection: a body would be taken for its answer
            whole = read(connection)
            assert (head.status, head.body, whole.status) == (status, b"", status)
            assert head.headers["content-type"] == whole.headers["content-type"] == "application/json"
            assert head.headers["content-length"] == whole.headers["content-length"] == str(len(whole.body))
            raw.hset(keys.SCHEDULERS, "alive", SystemClock().now_ms())


def test_health_checks_cost_a_redis_plan_next_to_nothing_however_many_there_are(
    context: Context, clock: ManualClock, raw: redis.Redis
) -> None:
    app = falcon.App()
    app.add_route("/healthz", Health(context, Settings(home=Path("/nonexistent"), redis_url="redis://far.example.com")))
    client = falcon.testing.TestClient(app)

    def asked(count: int) -> tuple[set[int], int]:
        with commands(raw) as seen:
            statuses = {client.simulate_get("/healthz").status_code for _ in range(count)}
        return statuses, len(seen)

    context.store.schema.check()  # the connection is made
    assert asked(50) == ({503}, 1)
    raw.hset(keys.SCHEDULERS, "alive", clock.now_ms())
    assert asked(50) == ({503}, 0)
    clock.advance(ms=BAD_FOR_MS)
    assert asked(50) == ({200}, 1)
    clock.advance(ms=GOOD_FOR_MS - 1)
    assert asked(50) == ({200}, 0)
