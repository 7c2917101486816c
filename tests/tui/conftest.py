"""What tests share that show a karin of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import short_folder
from tests.tui.fakes import drawn_when_looked_at


@pytest.fixture(autouse=True)
def _drawn_when_looked_at() -> Iterator[None]:
    with drawn_when_looked_at():
        yield


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a KARIN_HOME whose path is short enough for sockets."""
    with short_folder() as folder:
        yield folder
