"""Watching the endpoint of this machine: what was asked of one that went is no answer of the next."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from karin import runtime
from karin.parts import ALL_DOWN, SILENT, Parts
from karin.runtime import RuntimeInfo
from karin.settings import Settings
from karin.tui.reading.watching import ASK_AGAIN_MS, ASK_MS, PATIENCE_MS, Watch
from tests.clocks import ManualClock
from tests.support import wait_until

STORE_URL = "redis://example.com"


@pytest.fixture
def endpoint() -> Iterator[socket.socket]:
    """Return where an endpoint listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def come(home: Path, endpoint: socket.socket) -> None:
    """Have a karin run whose parts are this process."""
    children = {"endpoint": os.getpid(), "scheduler": os.getpid()}
    url = f"http://127.0.0.1:{endpoint.getsockname()[1]}"
    runtime.write(home, RuntimeInfo(os.getpid(), 0, STORE_URL, url, children))


def test_a_karin_that_comes_back_is_not_judged_by_what_the_one_before_it_was_asked(
    tmp_path: Path, endpoint: socket.socket
) -> None:
    clock = ManualClock(ASK_MS)
    watch = Watch(Settings(home=tmp_path, redis_url=STORE_URL), clock)
    assert watch.look() is None
    come(tmp_path, endpoint)
    assert watch.look() == Parts()
    asked, _ = endpoint.accept()
    runtime.remove(tmp_path)
    assert watch.look() == ALL_DOWN
    asked.close()
    come(tmp_path, endpoint)

    assert watch.look() == Parts()

    asked, _ = endpoint.accept()
    with asked:
        asked.sendall(b"HTTP/1.1 200 OK\r\n")
        assert watch.look() == Parts()


def test_an_endpoint_that_did_not_answer_is_soon_asked_again(tmp_path: Path, endpoint: socket.socket) -> None:
    clock = ManualClock(ASK_MS)
    watch = Watch(Settings(home=tmp_path, redis_url=STORE_URL), clock)
    come(tmp_path, endpoint)
    assert watch.look() == Parts()
    clock.advance(ms=PATIENCE_MS)
    assert watch.look() == Parts(endpoint=SILENT)
    endpoint.accept()[0].close()

    clock.advance(ms=ASK_AGAIN_MS)
    assert watch.look() == Parts(endpoint=SILENT)
    asked, _ = endpoint.accept()
    with asked:
        asked.sendall(b"HTTP/1.1 200 OK\r\n")
        wait_until(lambda: watch.look() == Parts(), "its answer is heard")
