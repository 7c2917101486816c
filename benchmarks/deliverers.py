"""What delivers the messages of a queue: karin, or a process that polls."""

import sys
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from benchmarks.harness import Functions, Karin, client
from tests.processes import bare_environ, process

GROUPS = 100  # of a FIFO queue


class Deliverer(Protocol):
    """One that hands the messages of a queue to a function while ``delivering`` is entered, and not before."""

    name: str
    url: str
    functions: Functions
    messages: int

    def queue_url(self, suffix: str, batch_size: int) -> str:
        """Return the URL of an empty queue that is standard, or FIFO with the suffix ``.fifo``."""
        ...

    def delivering(self, queue_url: str, batch_size: int) -> AbstractContextManager[None]:
        """Deliver until this is left."""
        ...


class ByKarin:
    """Karin, whose mappings are paused while a backlog gathers."""

    name = "karin"

    def __init__(self, karin: Karin, messages: int) -> None:
        self._karin = karin
        self.url, self.functions, self.messages = karin.url, karin.functions, messages

    @staticmethod
    def mapping(suffix: str, batch_size: int) -> str:
        """Return a mapping that is to be there."""
        return f"{_mapped(suffix, batch_size)}:{batch_size}"

    def queue_url(self, suffix: str, batch_size: int) -> str:
        """Return the URL of the queue that is mapped with a batch size, paused once everything is loaded."""
        queue = _mapped(suffix, batch_size)
        self._karin.command("resume", queue)
        sqs = self._karin.client()
        url: str = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        send(sqs, url, 10)
        self.functions.arrived(10)
        self._karin.command("pause", queue)
        return url

    @contextmanager
    def delivering(self, queue_url: str, _: int) -> Iterator[None]:
        """Resume the queue's mapping."""
        self._karin.command("resume", queue_url.rpartition("/")[2])
        yield


class ByPoller:
    """benchmarks.poller on an endpoint, each time with a new queue that no mapping reads."""

    def __init__(self, endpoint: str, url: str, functions: Functions, messages: int) -> None:
        self.name = f"a poller on {endpoint}"
        self.url, self.functions, self.messages = url, functions, messages

    def queue_url(self, suffix: str, _: int) -> str:
        """Return the URL of a new queue."""
        attributes = {"FifoQueue": "true"} if suffix else {}
        url: str = client(self.url).create_queue(QueueName=f"{uuid.uuid4()}{suffix}", Attributes=attributes)["QueueUrl"]
        return url

    @contextmanager
    def delivering(self, queue_url: str, batch_size: int) -> Iterator[None]:
        """Run the poller."""
        command = [sys.executable, "-m", "benchmarks.poller", queue_url, self.functions.url, str(batch_size)]
        with process(command, bare_environ()):
            yield


def send(sqs: Any, url: str, count: int) -> None:
    """Send messages in batches of ten, one batch after the other, as one client does."""
    for start in range(0, count, 10):
        entries: list[dict[str, str]] = [{"Id": str(place), "MessageBody": "0"} for place in range(10)]
        if url.endswith(".fifo"):
            for place, entry in enumerate(entries):
                entry["MessageGroupId"] = str((start + place) % GROUPS)
                entry["MessageDeduplicationId"] = str(uuid.uuid4())
        answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        assert len(answer["Successful"]) == len(entries)


def _mapped(suffix: str, batch_size: int) -> str:
    return f"by-{batch_size}{suffix}"
