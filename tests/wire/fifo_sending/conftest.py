"""Fixtures of FIFO queues: empty ones, and a look at what stands in line there."""

import pytest

from karin.clock import SystemClock
from karin.sqs.message import Message
from karin.store.store import Store
from tests.wire.fifo_sending.sending import FIFO, Waiting
from tests.wire.sdk import SqsClient


@pytest.fixture
def fifo_url(client: SqsClient) -> str:
    """Return the URL of an empty FIFO queue whose messages need a deduplication id."""
    return client.create("work.fifo", FifoQueue="true")


@pytest.fixture
def content_url(client: SqsClient) -> str:
    """Return the URL of an empty FIFO queue that makes deduplication ids of bodies."""
    return client.create("work.fifo", FifoQueue="true", ContentBasedDeduplication="true")


@pytest.fixture
def lined_up(store: Store) -> Waiting:
    """Return a look at all messages of the FIFO queue, each group in its order."""

    def look() -> list[Message]:
        claim = store.messages.claim(FIFO, SystemClock().now_ms() + 3_600_000, most=100, most_bytes=100_000_000)
        return [received.message for received in claim.messages]

    return look
