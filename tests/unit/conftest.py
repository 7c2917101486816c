"""Hypothesis without deadlines, which a busy machine breaks, and without a folder of old examples.

Every run tries others: half of what hypothesis tries by itself is a lot over many runs, and `make fuzz` tries far more.
"""

from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import settings

from karin.aws.models import LeanFileLoader

settings.register_profile("karin", deadline=None, database=None, max_examples=50)
settings.load_profile("karin")


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """Read botocore's data files once for all sessions that tests make: they are large, and nobody writes to them."""
    loaded = cache(LeanFileLoader().load_file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LeanFileLoader, "load_file", lambda _, file_path: loaded(file_path))
        yield
