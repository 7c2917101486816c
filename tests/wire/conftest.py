"""One endpoint without keys for all wire tests, over the store that each test finds empty, and clients for it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import redis

from karin.clock import SystemClock
from karin.settings import SQS_MAX_DELAY_SECONDS
from karin.sqs.message import Message
from karin.sqs.stored import unpack_message
from karin.store import keys
from karin.store.store import Store
from tests.many.stores import raw_client
from tests.processes import running_endpoint
from tests.wire.good_requests import World
from tests.wire.query_model import query_session
from tests.wire.raw import ask_json
from tests.wire.sdk import WORK, Protocol, SqsClient
from tests.wire.signing import KEYS, TOKEN
from tests.wire.worlds import Worlds

MAX_QUEUE_BYTES = 4_500  # of the endpoint with a token


@pytest.fixture(scope="session")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> dict[Protocol, botocore.session.Session]:
    """Return a botocore session for each protocol."""
    return {"json": botocore.session.Session(), "query": query_session(tmp_path_factory.mktemp("query-model"))}


@pytest.fixture(scope="session")
def endpoint_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the endpoint writes."""
    return tmp_path_factory.mktemp("endpoint") / "log"


@pytest.fixture(scope="session")
def running_endpoint_url(private_store_url: str, endpoint_log: Path) -> Iterator[str]:
    """Run the endpoint that all wire tests share; whatever they send, it must not find a fault of its own."""
    with running_endpoint(private_store_url, log=endpoint_log) as url:
        yield url
    said = endpoint_log.read_text(encoding="utf-8")
    assert "own fault" not in said
    assert "Traceback" not in said
    assert "[ERROR]" not in said


@pytest.fixture
def endpoint(running_endpoint_url: str, store_url: str) -> str:
    """Return the endpoint's URL, with an empty store behind it."""
    return running_endpoint_url


@pytest.fixture(scope="session", params=["json", "query"])
def shared_client(
    request: pytest.FixtureRequest,
    sessions: dict[Protocol, botocore.session.Session],
    running_endpoint_url: str,
) -> Iterator[SqsClient]:
    """Return a client for each of the protocols."""
    made = SqsClient(request.param, sessions[request.param], running_endpoint_url)
    yield made
    made.close()


@pytest.fixture
def client(shared_client: SqsClient, endpoint: str) -> SqsClient:
    """Return a client for each of the protocols, with an empty store behind the endpoint."""
    return shared_client


@pytest.fixture(scope="session")
def worlds(private_store_url: str) -> Iterator[Worlds]:
    """Return what makes worlds in the store of the tests."""
    raw = raw_client(private_store_url)
    yield Worlds(raw)
    raw.close()


@pytest.fixture
def world(endpoint: str, worlds: Worlds) -> World:
    """Return the endpoint with queues of all kinds."""
    return worlds.build(endpoint)


@pytest.fixture
def queue_url(client: SqsClient) -> str:
    """Return the URL of an empty queue named ``work``."""
    return client.create("work")


@pytest.fixture
def waiting(store: Store) -> Callable[[], list[Message]]:
    """Return a look at all messages of ``work``, the delayed ones included, in due order."""

    def look() -> list[Message]:
        later_ms = SystemClock().now_ms() + SQS_MAX_DELAY_SECONDS * 2000
        claim = store.messages.claim(WORK, later_ms, most=100, most_bytes=100_000_000)
        return [received.message for received in claim.messages]

    return look


@pytest.fixture
def delays_ms(store_url: str) -> Iterator[Callable[[], list[int]]]:
    """Return a look at how long after its send each message of ``work`` is due."""

    redis_client = redis.Redis.from_url(store_url)

    def look() -> list[int]:
        due: Any = [
            pair for key in (keys.due, keys.grouped) for pair in redis_client.zrange(key(WORK), 0, -1, withscores=True)
        ]
        stored: Any = redis_client.hgetall(keys.messages(WORK))
        return sorted(
            int(score) - unpack_message("", stored[member], WORK.account).sent_at_ms
            for member, score in due
            if member in stored
        )

    yield look
    redis_client.close()


@pytest.fixture
def work(endpoint: str) -> str:
    """Return the endpoint with a queue named ``work``."""
    assert ask_json(endpoint, "CreateQueue", {"QueueName": "work"}).status == 200
    return endpoint


@pytest.fixture(scope="session")
def keyed_url(private_store_url: str) -> Iterator[str]:
    """Run an endpoint that knows keys."""
    with running_endpoint(private_store_url, KARIN_ACCESS_KEYS=KEYS) as url:
        yield url


@pytest.fixture(scope="session")
def token_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the endpoint with a token writes."""
    return tmp_path_factory.mktemp("token") / "log"


@pytest.fixture(scope="session")
def token_url(private_store_url: str, token_log: Path) -> Iterator[str]:
    """Run an endpoint that knows a token, and whose queues are soon full; in the end, its log must not know it."""
    variables = {"KARIN_URL_TOKEN": TOKEN, "KARIN_MAX_QUEUE_BYTES": str(MAX_QUEUE_BYTES)}
    with running_endpoint(private_store_url, log=token_log, **variables) as url:
        yield url
    assert TOKEN not in token_log.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def both_url(private_store_url: str) -> Iterator[str]:
    """Run an endpoint that knows keys and a token."""
    with running_endpoint(private_store_url, KARIN_ACCESS_KEYS=KEYS, KARIN_URL_TOKEN=TOKEN) as url:
        yield url


@pytest.fixture
def keyed(keyed_url: str, store_url: str) -> str:
    """Return an endpoint that knows keys, over an empty store."""
    return keyed_url


@pytest.fixture
def tokened(token_url: str, store_url: str) -> str:
    """Return an endpoint that knows a token, over an empty store."""
    return token_url


@pytest.fixture
def both(both_url: str, store_url: str) -> str:
    """Return an endpoint that knows keys and a token, over an empty store."""
    return both_url


@pytest.fixture(params=["json", "query"])
def protocol(request: pytest.FixtureRequest) -> Protocol:
    """Return each protocol."""
    found: Protocol = request.param
    return found


@pytest.fixture
def session(protocol: Protocol, sessions: dict[Protocol, botocore.session.Session]) -> botocore.session.Session:
    """Return a botocore session for each protocol."""
    return sessions[protocol]
