"""Fixtures of the scheduler's tests: a stand-in for AWS, a deployment, and a dispatcher over a real store."""

import pytest

from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.served import Served
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.support import Recorder, dispatcher_over, mapping, snapshot
from tests.store.support import QUEUE, create


@pytest.fixture
def recorder() -> Recorder:
    """Return a stand-in for AWS; every call succeeds until a test says otherwise."""
    return Recorder()


@pytest.fixture
def served() -> Served:
    """Return what serves one queue."""
    served = Served()
    served.replace(snapshot(mapping(QUEUE)))
    return served


@pytest.fixture
def dispatcher(store: Store, served: Served, recorder: Recorder, clock: ManualClock) -> Dispatcher:
    """Return a dispatcher; the queue has a visibility timeout of 30 s and keeps messages for two weeks."""
    create(store, clock.now_ms(), VisibilityTimeout=30, MessageRetentionPeriod=1209600)
    return dispatcher_over(store, served, recorder, clock)
