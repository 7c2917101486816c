"""Fixtures of the tests of faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from karin.local.process import LocalLambda
from tests.faults.rig import Rig, running_rig
from tests.scheduler.scheduled import write_deployment
from tests.support import short_folder


@pytest.fixture(scope="package")
def service() -> Iterator[LocalLambda]:
    """Run the functions."""
    with short_folder() as folder, LocalLambda(write_deployment(folder)) as running:
        yield running


@pytest.fixture(scope="module")
def one_rig(service: LocalLambda, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Run a karin whose store may be taken away."""
    with running_rig(service, tmp_path_factory.mktemp("rig")) as running:
        yield running


@pytest.fixture
def rig(one_rig: Rig) -> Iterator[Rig]:
    """Return a karin that serves, whatever was done to it before; what it told then it may not tell again."""
    one_rig.begin()
    yield one_rig
    one_rig.check_logs()


@pytest.fixture
def fresh_rig(service: LocalLambda, tmp_path: Path) -> Iterator[Rig]:
    """Run a karin that has told nothing yet: a fault that comes again soon it tells once."""
    with running_rig(service, tmp_path) as running:
        yield running
