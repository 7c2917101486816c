"""Fixtures of the store's tests."""

from collections.abc import Iterator

import pytest
import redis

from tests.many.stores import raw_client


@pytest.fixture(scope="session")
def bytes_raw(private_store_url: str) -> Iterator[redis.Redis]:
    """Return a plain client for what is no text."""
    client = raw_client(private_store_url)
    yield client
    client.close()
