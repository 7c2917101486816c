"""A karin with one queue, and web servers for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from karin.clock import SystemClock
from karin.operations import queues
from karin.operations.context import Context
from karin.settings import Settings
from karin.store.store import Store
from tests.processes import running_store
from tests.support import short_folder, wait_until
from tests.tui.browser.server import PASSWORD, Web, running_web


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Return the KARIN_HOME of a store with one queue."""
    with short_folder() as folder, running_store(folder) as url:
        context = Context.of(Store.open(url, max_connections=1), SystemClock(), Settings(home=folder))
        queues.create_queue(context, "orders", {}, {})
        yield folder


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[Web]:
    """Return a server without a password."""
    with running_web(home) as running:
        yield running


@pytest.fixture
def web(served: Web) -> Web:
    """Return a server without a password, and without a session that still ends."""
    wait_until(lambda: not served.sessions(), "all sessions have ended")
    return served


@pytest.fixture(scope="module")
def guarded(home: Path) -> Iterator[Web]:
    """Return a server with a password."""
    with running_web(home, KARIN_WEB_PASSWORD=PASSWORD) as running:
        yield running
