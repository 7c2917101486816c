"""Clients that ask for messages and read the answer later: many may wait at once without threads."""

import http.client
import json
import select
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import redis

from karin.store import keys
from tests.support import wait_until
from tests.wire.raw import JSON_TYPE, Answer, read

PATIENCE_SECONDS = 30


@dataclass
class Poller:
    """A connection on which a ReceiveMessage was sent."""

    endpoint: str
    parameters: dict[str, Any]
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=PATIENCE_SECONDS)
        self.ask()

    def ask(self) -> None:
        """Send the request, again once it was answered."""
        headers = {"Content-Type": JSON_TYPE, "X-Amz-Target": "AmazonSQS.ReceiveMessage"}
        self.connection.request("POST", "/", json.dumps(self.parameters), headers)

    def answer(self) -> Answer:
        """Wait for the answer."""
        return read(self.connection)

    def messages(self) -> list[dict[str, Any]]:
        """Wait for an answer that is no error; return its messages."""
        answer = self.answer()
        assert answer.status == 200, answer
        found: list[dict[str, Any]] = answer.json().get("Messages", [])
        return found

    def bodies(self) -> list[str]:
        """Wait for an answer that is no error; return the bodies of its messages."""
        return [message["Body"] for message in self.messages()]

    def hang_up(self) -> None:
        """Close the connection."""
        self.connection.close()


@contextmanager
def polling(endpoint: str, queue: str, number: int = 1, wait_seconds: int = 20, **more: Any) -> Iterator[list[Poller]]:
    """Run so many long polls of a queue; hang up in the end."""
    parameters = {"QueueUrl": queue, "WaitTimeSeconds": wait_seconds, **more}
    with ExitStack() as connections:
        pollers = [Poller(endpoint, parameters) for _ in range(number)]
        for poller in pollers:
            connections.callback(poller.hang_up)
        yield pollers


@contextmanager
def waiting(
    raw: redis.Redis, endpoint: str, queue: str, number: int = 1, wait_seconds: int = 20, **more: Any
) -> Iterator[list[Poller]]:
    """Run so many long polls of an empty queue, each of which has looked once and waits now."""
    before = scripts_run(raw)
    with polling(endpoint, queue, number, wait_seconds, **more) as pollers:
        wait_until(lambda: scripts_run(raw) >= before + number, "every poll has looked")
        wait_until(lambda: listeners(raw), "the endpoint listens for nudges")
        yield pollers


def first_answered(pollers: Sequence[Poller]) -> Poller:
    """Wait until one of many is answered; return it."""
    by_socket = {poller.connection.sock: poller for poller in pollers}
    readable, _, _ = select.select(by_socket, [], [], PATIENCE_SECONDS)
    return by_socket[readable[0]]


def scripts_run(raw: redis.Redis) -> int:
    """Return how many scripts the store has run."""
    found: Any = raw.info("commandstats")
    return int(found.get("cmdstat_evalsha", {"calls": 0})["calls"])


def listeners(raw: redis.Redis) -> int:
    """Return how many listen for nudges."""
    found: Any = raw.pubsub_numsub(keys.WAKES)
    return int(found[0][1])
