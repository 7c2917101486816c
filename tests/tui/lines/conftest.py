"""Real stores, and the real karin-tui behind pipes."""

import re
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
from tests.support import short_folder
from tests.tui.lines.talking import Talk, talk

PROGRAM = str(Path(sys.executable).with_name("karin-tui"))
VIEW_PROMPT = re.compile(r"(?:\A|\n)[a-z]+[^\n:]*> \Z")
Start = Callable[..., Talk]
"""Starts karin-tui with arguments and further variables."""


@pytest.fixture(scope="module")
def lasting_home() -> Iterator[Path]:
    """Return the KARIN_HOME of a store that runs while the tests of a module do."""
    with short_folder() as folder, running_store(folder):
        yield folder


@pytest.fixture
def context(lasting_home: Path) -> Context:
    """Return what operations need, over that store, which is empty."""
    context = context_of(Settings(home=lasting_home).store_url, lasting_home)
    context.store.views._client.flushall()
    return context_of(Settings(home=lasting_home).store_url, lasting_home)


@pytest.fixture
def start(lasting_home: Path) -> Iterator[Start]:
    """Return what starts karin-tui, at that store unless the variables say otherwise; it is ended in the end."""
    with ExitStack() as stack:

        def begin(*arguments: str, **variables: str) -> Talk:
            environ = bare_environ(**{"KARIN_HOME": str(lasting_home)} | variables)
            return stack.enter_context(talk([PROGRAM, *arguments], environ))

        yield begin


class Visit:
    """One karin-tui that a module's tests talk to in turn: its start costs more than all that one of them says."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._talk: Talk | None = None

    def begin(self) -> Talk:
        """Return it at the queues, as after a start; a new one if a test has ended it or left a question open."""
        if self._talk is None or self._talk.has_ended() or not VIEW_PROMPT.search(self._talk.output):
            self.end()
            self._talk = Talk([PROGRAM], bare_environ(KARIN_HOME=str(self._home)))
        else:
            self._talk.forgets()
            self._talk.types("1")
        self._talk.hears("\nqueues> ")
        return self._talk

    def end(self) -> None:
        """End it if it is still there."""
        if self._talk:
            self._talk.close()
            self._talk = None


@pytest.fixture(scope="module")
def visit(lasting_home: Path) -> Iterator[Visit]:
    """Return the one karin-tui of a module."""
    visit = Visit(lasting_home)
    yield visit
    visit.end()


def context_of(url: str, home: Path) -> Context:
    """Return what operations need over a store."""
    return Context.of(Store.open(url, max_connections=1), SystemClock(), Settings(home=home))
