"""Which queues are served, by which mapping, and for how long a function may run."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from karin.mapping.model import Mapping
from karin.scheduler.served import CALL_MARGIN_MS, Served
from karin.sqs.names import QueueId
from tests.scheduler.support import mapping, snapshot
from tests.store.support import ACCOUNT, FIFO, OTHER, QUEUE


@pytest.fixture
def served() -> Served:
    return Served()


def test_before_the_first_snapshot_nothing_is_served(served: Served) -> None:
    assert (served.has_snapshot, served.queues()) == (False, [])
    assert not served.serves(QUEUE)
    assert served.in_turn(QUEUE) == ()
    assert served.is_only_one()


def test_a_snapshot_without_mappings_is_a_snapshot(served: Served) -> None:
    assert served.replace(snapshot()) == set()
    assert served.has_snapshot


@pytest.mark.parametrize(
    ("one", "is_served"),
    [
        (mapping(QUEUE), True),
        (mapping(QUEUE, state="Disabling"), True),
        (mapping(QUEUE, state="Enabled"), False),
        (mapping(QUEUE, state="Enabling"), False),
        (mapping(QUEUE, state="Creating"), False),
        (mapping(QUEUE, filters_readable=False), False),
        (mapping(QUEUE, filters=('{"body":["x"]}',)), True),
        (mapping(QUEUE, filters=('{"body":"x"}',)), False),
        (mapping(QueueId(ACCOUNT, "orders.fifo")), True),
    ],
)
def test_only_mappings_that_aws_does_not_poll_for_are_served(served: Served, one: Mapping, is_served: bool) -> None:
    served.replace(snapshot(one))
    assert served.serves(one.queue) is is_served
    assert served.queues() == [one.queue] * is_served
    assert [service.mapping for service in served.in_turn(one.queue)] == [one] * is_served


def test_replacing_tells_which_queues_are_served_no_more(served: Served) -> None:
    served.replace(snapshot(mapping(QUEUE), mapping(OTHER)))
    assert served.replace(snapshot(mapping(OTHER, "another"))) == {QUEUE}
    assert served.replace(snapshot(mapping(OTHER, state="Enabled"))) == {OTHER}
    assert served.queues() == []


def test_several_mappings_of_a_queue_take_turns(served: Served) -> None:
    served.replace(snapshot(mapping(QUEUE, "a"), mapping(QUEUE, "b", state="Enabled"), mapping(QUEUE, "c")))
    names = [[service.mapping.function_name for service in served.in_turn(QUEUE)] for _ in range(3)]
    assert names == [["a", "c"], ["c", "a"], ["a", "c"]]


def test_turns_are_even_when_threads_take_them(served: Served) -> None:
    served.replace(snapshot(mapping(QUEUE, "a"), mapping(QUEUE, "b")))

    def take(_: int) -> str:
        return served.in_turn(QUEUE)[0].mapping.function_name

    with ThreadPoolExecutor(8) as pool:
        turns = Counter(pool.map(take, range(400)))
    assert turns == {"a": 200, "b": 200}


def test_a_functions_timeout_is_the_deployments(served: Served) -> None:
    with_alias = mapping(QUEUE, "work:live")
    served.replace(snapshot(with_alias, timeout_seconds=77))
    (service,) = served.in_turn(QUEUE)
    assert (service.timeout_seconds, service.longest_call_ms) == (77, 77_000 + CALL_MARGIN_MS)
    served.replace(msgspec.structs.replace(snapshot(with_alias), functions=()))
    assert served.in_turn(QUEUE)[0].timeout_seconds == 3


@pytest.mark.parametrize(
    ("window_seconds", "visibility_seconds", "retry_seconds"),
    [
        (0, 30, 30),
        (0, 5, 5),
        (20, 30, 30),  # 20 s + 10 s fit
        (21, 30, 40),
        (300, 30, 40),
        (300, 60, 60),
        (300, 310, 310),
    ],
)
def test_a_window_that_makes_the_visibility_timeout_too_short_lengthens_it(
    served: Served, window_seconds: int, visibility_seconds: int, retry_seconds: int
) -> None:
    served.replace(snapshot(mapping(QUEUE, window_seconds=window_seconds), timeout_seconds=10))
    (service,) = served.in_turn(QUEUE)
    assert service.window_ms == window_seconds * 1000
    assert service.retry_after_ms(visibility_seconds * 1000) == retry_seconds * 1000


def test_a_fifo_queue_has_no_window(served: Served) -> None:
    served.replace(snapshot(mapping(FIFO, window_seconds=5)))
    assert served.in_turn(FIFO)[0].window_ms == 0
