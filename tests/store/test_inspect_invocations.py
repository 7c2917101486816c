"""Looking at what the last calls with messages of queues came to."""

from typing import Any
from uuid import uuid4

import pytest
import redis

from karin.mapping.invocation import Invocation, pack_invocation
from karin.mapping.outcome import OutcomeKind
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.inspect import QUEUES_AT_ONCE, RecentInvocations
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import ACCOUNT, FIFO, OTHER, QUEUE, create


def record(store: Store, clock: ManualClock, queue: QueueId, id_: str) -> Invocation:
    """Record an invocation as a settle does."""
    one = Invocation(
        id=id_,
        queue=queue,
        mapping_uuid="uuid",
        function_arn="arn:aws:lambda:us-east-1:000000000000:function:f",
        outcome=OutcomeKind.SUCCEEDED,
        started_at_ms=clock.now_ms(),
        duration_ms=1,
    )
    store.messages.settle(queue, clock.now_ms(), [], invocation=pack_invocation(one))
    return one


def test_invocations_of_any_queues_are_told_newest_first(store: Store, clock: ManualClock) -> None:
    for queue in (QUEUE, OTHER, FIFO):
        create(store, clock.now_ms(), queue)
    recorded = {queue: [record(store, clock, queue, f"{queue.name}-{i}") for i in range(3)] for queue in (QUEUE, FIFO)}

    assert store.views.invocations([]) == []
    assert store.views.invocations([OTHER]) == []
    assert store.views.invocations([QUEUE]) == recorded[QUEUE][::-1]
    assert store.views.invocations([FIFO, OTHER, QUEUE], most=2) == [*recorded[FIFO][:0:-1], *recorded[QUEUE][:0:-1]]


def test_of_a_queue_whose_newest_invocation_is_known_only_newer_ones_are_told(
    store: Store, clock: ManualClock, bytes_raw: redis.Redis
) -> None:
    for queue in (QUEUE, OTHER, FIFO):
        create(store, clock.now_ms(), queue)
    ids = [str(uuid4()) for _ in range(4)]
    recorded = [record(store, clock, QUEUE, id_) for id_ in ids]
    other = record(store, clock, OTHER, str(uuid4()))

    found = store.views.recent_invocations({QUEUE: ids[1], OTHER: other.id, FIFO: ""}, most=3)
    assert found == {
        QUEUE: RecentInvocations((recorded[3], recorded[2]), is_continued=True),
        OTHER: RecentInvocations((), is_continued=True),
        FIFO: RecentInvocations((), is_continued=False),
    }
    bytes_raw.delete(keys.invocations(OTHER))
    assert store.views.recent_invocations({QUEUE: ids[0], OTHER: other.id}, most=3) == {
        QUEUE: RecentInvocations((recorded[3], recorded[2], recorded[1]), is_continued=False),
        OTHER: RecentInvocations((), is_continued=False),
    }, "what is known may be older than what is told, or forgotten"


def test_invocations_of_many_queues_take_few_commands(store: Store, clock: ManualClock, raw: redis.Redis) -> None:
    queues = [QueueId(ACCOUNT, f"q{number}") for number in range(2 * QUEUES_AT_ONCE + 1)]
    create(store, clock.now_ms(), queues[-1])
    one = record(store, clock, queues[-1], "last")
    before: Any = raw.info("commandstats")

    assert store.views.invocations(queues) == [one]

    after: Any = raw.info("commandstats")
    calls = [stats.get("cmdstat_evalsha", {}).get("calls", 0) for stats in (before, after)]
    assert calls[1] - calls[0] <= 4, "three, and one that has to load its script"


def test_a_record_that_cannot_be_read_is_passed_over(
    store: Store, clock: ManualClock, bytes_raw: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    create(store, clock.now_ms())
    one = record(store, clock, QUEUE, "fine")
    bytes_raw.lpush(keys.invocations(QUEUE), b"\xc1")

    assert store.views.invocations([QUEUE]) == [one]
    assert "not the record of an invocation" in caplog.text
