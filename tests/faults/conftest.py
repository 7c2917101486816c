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


@pytest.fixture
def rig(service: LocalLambda, tmp_path: Path) -> Iterator[Rig]:
    """Run a karin whose store may be taken away."""
    with running_rig(service, tmp_path) as running:
        yield running
