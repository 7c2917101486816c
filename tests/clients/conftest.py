"""Real SDKs, an endpoint for each way in, and a look at what was stored behind the endpoint's back."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from karin.clock import SystemClock
from karin.settings import DEFAULT_ACCOUNT_ID
from karin.sqs.message import Message
from karin.sqs.names import QueueId
from karin.store.store import Store
from tests.clients import boto3_driver
from tests.clients.sdks import INSTALLED, Client, Driver, Sdk, boto3_of, javascript, lacks, lacks_javascript
from tests.processes import running_endpoint

QUEUE = QueueId(DEFAULT_ACCOUNT_ID, "work")
TOKEN = "a-token_of-24-characters"
KEY_ID, SECRET = "KARINKEY1", "correct/horse+battery=staple"
HOUR_MS = 3_600_000
JAVASCRIPT = ("sqs-json", "sqs-xml", "aws-sdk-json", "aws-sdk-query")  # by their names in package.json
SDKS = ("boto3", "boto3-1.26", *JAVASCRIPT)


@dataclass(frozen=True)
class Door:
    """A way in from outside: the endpoint to configure, what QueueUrls then begin with, and the keys to sign with."""

    endpoint: str
    base_url: str
    key_id: str
    secret: str

    def queue_url(self, queue: QueueId = QUEUE) -> str:
        """Return a queue's URL as karin gives it to who comes by this door."""
        return f"{self.base_url}/{queue.account}/{queue.name}"


def need(reason: str | None) -> None:
    """Skip a test that lacks something, for the reason given; in CI nothing may be lacking."""
    if reason and os.environ.get("CI") == "true":  # noqa: TID251
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def old_boto3() -> Iterator[Driver]:
    """Run the last boto3 1.26, which speaks the Query protocol."""
    need(lacks("boto3-1.26"))
    with boto3_of(INSTALLED / "boto3-1.26") as driver:
        yield driver


@pytest.fixture(scope="session")
def needs_javascript() -> None:
    """Skip what needs Node.js where there is none; in CI there must be."""
    need(lacks_javascript())


@pytest.fixture(scope="session")
def node(needs_javascript: None) -> Iterator[Driver]:
    """Run the JavaScript SDKs."""
    with javascript() as driver:
        yield driver


@pytest.fixture(params=SDKS)
def sdk(request: pytest.FixtureRequest) -> Sdk:
    """Return each SDK in turn."""
    name = request.param
    if name == "boto3":
        return Sdk(name, boto3_driver.answer)
    return Sdk(name, request.getfixturevalue("old_boto3" if name == "boto3-1.26" else "node"))


@pytest.fixture(scope="session")
def open_endpoint(private_store_url: str) -> Iterator[str]:
    """Return the URL of an endpoint that anyone on this machine may call."""
    with running_endpoint(private_store_url) as url:
        yield url


@pytest.fixture(scope="session")
def token_endpoint(private_store_url: str) -> Iterator[str]:
    """Return the URL of an endpoint that wants the URL token, without it."""
    with running_endpoint(private_store_url, KARIN_URL_TOKEN=TOKEN) as url:
        yield url


@pytest.fixture(scope="session")
def keyed_endpoint(private_store_url: str) -> Iterator[str]:
    """Return the URL of an endpoint that wants signatures, of one of two keys."""
    keys = f"OTHERKEY:other-secret,{KEY_ID}:{SECRET}"
    with running_endpoint(private_store_url, KARIN_ACCESS_KEYS=keys) as url:
        yield url


@pytest.fixture
def signed(keyed_endpoint: str, store_url: str) -> Door:
    """Return the way in by a signature, with a path in front that has no meaning."""
    return Door(f"{keyed_endpoint}/pfx", keyed_endpoint, KEY_ID, SECRET)


@pytest.fixture
def by_token(token_endpoint: str, store_url: str) -> Door:
    """Return the way in by the URL token, for whoever keeps it in the path of every request."""
    return Door(f"{token_endpoint}/{TOKEN}", f"{token_endpoint}/{TOKEN}", "ASIAROLEOFFUNCTION", "temporary")


@pytest.fixture(params=["signed", "by_token"])
def door(request: pytest.FixtureRequest) -> Door:
    """Return each way in from outside in turn, over an empty store."""
    found: Door = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def sqs(sdk: Sdk, open_endpoint: str, store_url: str) -> Client:
    """Return a client of the open endpoint, over an empty store."""
    return sdk.client(open_endpoint)


@pytest.fixture
def queue_url(sqs: Client) -> str:
    """Return the URL of a new queue, as the client was given it."""
    return str(sqs.call("CreateQueue", QueueName=QUEUE.name)["QueueUrl"])


@pytest.fixture
def stored(store: Store) -> Callable[[], dict[str, Message]]:
    """Return a way to take all messages of the queue out of the store, delayed ones included, by id."""

    def read() -> dict[str, Message]:
        later_ms = SystemClock().now_ms() + HOUR_MS
        claim = store.messages.claim(QUEUE, later_ms, most=100, most_bytes=100 << 20)
        return {received.message.message_id: received.message for received in claim.messages}

    return read
