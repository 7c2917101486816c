"""The fixture of the catalog's tests."""

from collections.abc import Iterator

import pytest

from tests.aws_environ import point_aws_at
from tests.unit.aws_catalog.control_plane import ControlPlane


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlPlane]:
    with ControlPlane() as server:
        point_aws_at(monkeypatch, LAMBDA=server.url, SQS=f"{server.url}/")
        yield server
