"""Fixtures that several kinds of tests share: a real, private Valkey, flushed for each test, and a clock to turn."""

import shutil
import signal
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from karin import loading  # no garbage is looked for until all tests are collected
from karin.clock import SystemClock
from karin.operations.context import Context
from karin.settings import Settings
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.collecting import Turns, wait_for_turn
from tests.many.stores import STORES, raw_client
from tests.turns import BUSY, FilesWhole, House, arrange, turn_of

_house = House()

# Who runs the tests with nohup or in the background ignores these, and all that tests start would inherit that.
for _number, _usual in ((signal.SIGHUP, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests that share a store run on another kind of it than one Valkey on a socket."""
    parser.addoption("--store", choices=sorted(STORES), default="socket", help="the kind of store that tests share")


def pytest_configure(config: pytest.Config) -> None:
    """Let the processes that run the tests collect them one after the other."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Turns())


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Wait until what is collected has been compiled."""
    wait_for_turn(session.config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in the order in which they take the least time."""
    arrange(items)


def pytest_collection_finish() -> None:
    """Let the garbage collector look no more at thousands of tests: apps collect whenever a screen closes."""
    loading.loaded()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesWhole:
    """Say which process runs which tests."""
    return FilesWhole(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Let a test wait for its turn, which does not count as its own time."""
    turn = turn_of(item)
    _house.enter(turn)
    try:
        return (yield)
    finally:
        if turn == BUSY or nextitem is None or turn_of(nextitem) != turn:  # the others stay in until they are through
            _house.leave()


@pytest.fixture(scope="session")
def private_store_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run one store for this test process; return its URL."""
    home = Path(tempfile.mkdtemp(prefix="karin-", dir="/tmp"))
    with STORES[request.config.getoption("--store")](home) as url:
        yield url
    shutil.rmtree(home)


@pytest.fixture
def store_url(private_store_url: str, raw: redis.Redis) -> Iterator[str]:
    """Return the URL of an empty store, which is empty again for what starts before the next test: it may be picky."""
    raw.flushall()
    yield private_store_url
    raw.flushall()


@pytest.fixture(scope="session")
def raw(private_store_url: str) -> Iterator[redis.Redis]:
    """Return a plain client, to look behind the store's back: one for all tests, each of which empties the store."""
    client = raw_client(private_store_url, decode_responses=True, encoding_errors="surrogateescape")
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
