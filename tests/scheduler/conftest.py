"""Fixtures of the scheduler's tests: stand-ins for AWS, a deployment, and a dispatcher over a real store."""

from collections.abc import Iterator

import pytest

from karin.local.process import LocalLambda
from karin.scheduler.dispatch import Dispatcher
from karin.scheduler.served import Served
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.scheduled import write_deployment
from tests.scheduler.support import Recorder, dispatcher_over, mapping, snapshot
from tests.store.support import QUEUE, create
from tests.support import short_folder


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


@pytest.fixture(scope="module")
def service() -> Iterator[LocalLambda]:
    """Run the local Lambda service with the deployment of a scheduler that is a process of its own."""
    with short_folder() as folder, LocalLambda(write_deployment(folder)) as running:
        yield running
