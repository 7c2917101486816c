"""Fixtures that several kinds of tests share: a real, private Valkey, flushed for each test, and a clock to turn."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from karin.clock import SystemClock
from karin.operations.context import Context
from karin.settings import Settings
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.processes import running_store

TESTS = Path(__file__).parent
ALONE_LOCK = Path(tempfile.gettempdir()) / f"karin-tests-{os.getuid()}.lock"
ALONE_DOOR = ALONE_LOCK.with_suffix(".door")


# Folders whose tests wait for real processes are first: what only computes fills the gaps, and no long one is last.
SLOWEST_FIRST = ("chaos", "faults", "system", "scheduler", "local", "wire", "tui", "clients")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files, each of which one process runs whole, so that all processes end at about the same time.

    Those with tests that run alone are first: later these would wait for a moment in which no other runs.
    """
    alone = {item.path for item in items if item.get_closest_marker("alone")}
    items.sort(key=lambda item: (item.path not in alone, _rank(item.path), item.get_closest_marker("alone") is None))


def _rank(path: Path) -> int:
    folder = path.relative_to(TESTS).parts[0]
    return SLOWEST_FIRST.index(folder) if folder in SLOWEST_FIRST else len(SLOWEST_FIRST)


@pytest.fixture(autouse=True)
def alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let tests marked ``alone`` run while none runs in any other test process.

    Whoever waits for that keeps the door shut, so that no other test begins meanwhile: it would wait for ever.
    """
    with ALONE_LOCK.open("w") as lock, ALONE_DOOR.open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(lock, fcntl.LOCK_EX if request.node.get_closest_marker("alone") else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield


@pytest.fixture(scope="session")
def private_store_url() -> Iterator[str]:
    """Run one Valkey for this test process, on a socket of its own; return its URL."""
    home = Path(tempfile.mkdtemp(prefix="karin-", dir="/tmp"))
    with running_store(home) as url:
        yield url
    shutil.rmtree(home)


@pytest.fixture
def store_url(private_store_url: str, raw: redis.Redis) -> str:
    """Return the URL of an empty store."""
    raw.flushall()
    return private_store_url


@pytest.fixture
def raw(private_store_url: str) -> Iterator[redis.Redis]:
    """Return a plain client, to look behind the store's back."""
    client = redis.Redis.from_url(private_store_url, decode_responses=True, encoding_errors="surrogateescape")
    yield client
    client.close()


@pytest.fixture
def store(store_url: str) -> Store:
    """Return an empty store."""
    return Store.open(store_url, max_connections=2)


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that only the test turns."""
    return ManualClock(SystemClock().now_ms())


@pytest.fixture
def context(store: Store, clock: ManualClock) -> Context:
    """Return what operations need, over an empty store."""
    return Context.of(store, clock, Settings(home=Path("/nonexistent")))
