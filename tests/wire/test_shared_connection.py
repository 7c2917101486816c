"""The connection to Redis that all requests share: everyone gets its own answer, and a lost one is opened again."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import redis

from tests.processes import running_endpoint, running_store
from tests.support import short_folder, wait_until
from tests.wire.raw import Answer, ask_json

CALLERS = 48
CONNECTIONS = 2  # the shared one and one for the rare commands that are no script


@pytest.fixture
def own_store() -> Iterator[str]:
    """Run a store that nobody else uses."""
    with short_folder() as home, running_store(home) as url:
        yield url


@pytest.fixture
def alone(own_store: str) -> Iterator[str]:
    """Run an endpoint over it, with a queue named ``work``."""
    with running_endpoint(own_store) as url:
        assert ask_json(url, "CreateQueue", {"QueueName": "work"}).status == 200
        yield url


@pytest.fixture
def look(own_store: str) -> Iterator[Any]:
    client = redis.Redis.from_url(own_store, decode_responses=True)
    yield client
    client.close()


def send(url: str, body: str) -> Answer:
    return ask_json(url, "SendMessage", {"QueueUrl": "work", "MessageBody": body})


def evaluated(look: Any) -> int:
    return int(look.info("commandstats")["cmdstat_evalsha"]["calls"])


def has_evaluated(look: Any, count: int) -> bool:
    return evaluated(look) >= count


def digest(body: str) -> str:
    return hashlib.md5(body.encode()).hexdigest()


def test_everyone_who_asks_at_once_gets_the_own_answer_over_one_connection(alone: str, look: Any) -> None:
    bodies = [f"{number} " + "x" * (number * 1_000 % 40_000) for number in range(CALLERS * 4)]
    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(lambda body: send(alone, body).json(), bodies))
    assert [answer["MD5OfMessageBody"] for answer in answers] == [digest(body) for body in bodies]
    assert len({answer["MessageId"] for answer in answers}) == len(bodies)
    assert len(look.client_list()) - 1 <= CONNECTIONS


def test_whoever_waits_when_the_connection_is_closed_is_answered_over_the_next(alone: str, look: Any) -> None:
    stop: list[bool] = []

    def go_on(number: int) -> list[int]:
        statuses = []
        while not stop:
            statuses.append(send(alone, f"{number}").status)
        return statuses

    with ThreadPoolExecutor(4) as pool:
        sending = [pool.submit(go_on, number) for number in range(4)]
        for _ in range(3):
            enough = evaluated(look) + 20
            look.client_kill_filter(_type="normal", skipme=True)
            wait_until(partial(has_evaluated, look, enough), "they go on")
        stop.append(True)
        statuses = [status for one in sending for status in one.result()]
    assert set(statuses) == {200}
    assert look.hlen("karin:{000000000000/work}:messages") == len(statuses), "a retry sends nothing twice"


def test_scripts_that_the_store_forgot_are_loaded_again_for_all(alone: str, look: Any) -> None:
    look.script_flush()
    with ThreadPoolExecutor(CALLERS) as pool:
        statuses = list(pool.map(lambda number: send(alone, str(number)).status, range(CALLERS)))
    assert set(statuses) == {200}
