"""A real store in a KARIN_HOME, and the real karin-tui behind pipes."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from karin.clock import SystemClock
from karin.operations.context import Context
from karin.settings import Settings
from karin.store.store import Store
from tests.processes import bare_environ, running_store
from tests.tui.lines.talking import Talk, talk

PROGRAM = str(Path(sys.executable).with_name("karin-tui"))
Start = Callable[..., Talk]
"""Starts karin-tui with arguments and further variables."""


@pytest.fixture
def context(home: Path) -> Iterator[Context]:
    """Return what operations need, over the store that runs in the home."""
    with running_store(home) as url:
        yield context_of(url, home)


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Return what starts karin-tui; it is ended in the end."""
    with ExitStack() as stack:

        def begin(*arguments: str, **variables: str) -> Talk:
            environ = bare_environ(KARIN_HOME=str(home), **variables)
            return stack.enter_context(talk([PROGRAM, *arguments], environ))

        yield begin


def context_of(url: str, home: Path) -> Context:
    """Return what operations need over a store."""
    return Context.of(Store.open(url, max_connections=1), SystemClock(), Settings(home=home))
