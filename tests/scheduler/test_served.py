"""Which queues are served, by which mapping, and for how long a function may run."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from karin.mapping.model import Mapping
from karin.scheduler.served import Served
from karin.sqs.names import QueueId
from tests.scheduler.support import mapping, snapshot
from tests.store.support import ACCOUNT, OTHER, QUEUE


@pytest.fixture
def served() -> Served:
    return Served()


def test_before_the_first_snapshot_nothing_is_served(served: Served) -> None:
    assert (served.has_snapshot, served.queues()) == (False, [])
    assert not served.serves(QUEUE)
    assert served.next_mapping(QUEUE) is None
    assert served.timeout_seconds(mapping(QUEUE)) == 3


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
        (mapping(QueueId(ACCOUNT, "orders.fifo")), True),
    ],
)
def test_only_mappings_that_aws_does_not_poll_for_are_served(served: Served, one: Mapping, is_served: bool) -> None:
    served.replace(snapshot(one))
    assert served.serves(one.queue) is is_served
    assert served.queues() == [one.queue] * is_served
    assert served.next_mapping(one.queue) == (one if is_served else None)


def test_replacing_tells_which_queues_are_served_no_more(served: Served) -> None:
    served.replace(snapshot(mapping(QUEUE), mapping(OTHER)))
    assert served.replace(snapshot(mapping(OTHER, "another"))) == {QUEUE}
    assert served.replace(snapshot(mapping(OTHER, state="Enabled"))) == {OTHER}
    assert served.queues() == []


def test_several_mappings_of_a_queue_take_turns(served: Served) -> None:
    served.replace(snapshot(mapping(QUEUE, "a"), mapping(QUEUE, "b", state="Enabled"), mapping(QUEUE, "c")))
    names = [found.function_name for _ in range(4) if (found := served.next_mapping(QUEUE))]
    assert names == ["a", "c", "a", "c"]


def test_turns_are_even_when_threads_take_them(served: Served) -> None:
    served.replace(snapshot(mapping(QUEUE, "a"), mapping(QUEUE, "b")))

    def take(_: int) -> str:
        found = served.next_mapping(QUEUE)
        return found.function_name if found else ""

    with ThreadPoolExecutor(8) as pool:
        turns = Counter(pool.map(take, range(400)))
    assert turns == {"a": 200, "b": 200}


def test_a_functions_timeout_is_the_deployments(served: Served) -> None:
    with_alias = mapping(QUEUE, "work:live")
    served.replace(snapshot(with_alias, timeout_seconds=77))
    assert served.timeout_seconds(with_alias) == 77
    assert served.timeout_seconds(mapping(QUEUE, "unknown")) == 3
