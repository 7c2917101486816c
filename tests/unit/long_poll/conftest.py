"""Fixtures of long polls: what the store says, a worker's polls, and ways to begin one."""

from collections.abc import Callable, Iterator

import pytest

from karin.clock import SystemClock
from karin.wsgi.long_poll import LongPolls
from tests.unit.long_poll.callers import Caller, Signals, let_all_run, nothing


@pytest.fixture
def signals() -> Signals:
    """Return signals that the test gives."""
    return Signals()


@pytest.fixture
def polls(signals: Signals) -> LongPolls:
    """Return the long polls of a worker."""
    return LongPolls(signals, SystemClock())  # type: ignore[arg-type]


@pytest.fixture
def call(polls: LongPolls) -> Iterator[Callable[..., Caller]]:
    """Return a way to begin polls, which all end with the test."""
    callers: list[Caller] = []

    def begin(**given: int) -> Caller:
        callers.append(Caller(polls, **given))
        return callers[-1]

    yield begin
    for caller in callers:
        caller.close()


@pytest.fixture
def waiting(call: Callable[..., Caller]) -> Callable[..., Caller]:
    """Return a way to begin polls that have found nothing and wait, while nudges are heard."""

    def begin(**given: int) -> Caller:
        caller = call(**given)
        caller.claiming().set(nothing())
        if caller.is_claiming():  # the first of all looks again when nudges are heard
            caller.claiming().set(nothing())
            let_all_run()
        return caller

    return begin
