"""The deployment in the store: the snapshot whole or not at all, and who may ask for a new one."""

import redis

from karin.mapping.model import FunctionUrl, LambdaFunction, MappedQueue, Mapping, Snapshot
from karin.store import keys
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import assert_no_leak, assert_nothing_expires

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:work"
QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:work"
SNAPSHOT = Snapshot(
    synced_at_ms=1_700_000_000_000,
    account_id="000000000000",
    region="us-east-1",
    functions=(
        LambdaFunction(
            "work", FUNCTION, "python3.13", 900, 512, "/aws/lambda/work", (FunctionUrl("u", "NONE", FUNCTION),)
        ),
    ),
    mappings=(
        Mapping(
            "id", QUEUE_ARN, f"{FUNCTION}:live", "Disabled", 50, 2, 5, ("ReportBatchItemFailures",), ('{"a":[1]}',)
        ),
    ),
    queues=(MappedQueue(QUEUE_ARN, {"VisibilityTimeout": "90"}), MappedQueue(QUEUE_ARN + "2")),
    warnings=("하나",),
)


def test_there_is_no_snapshot_before_the_first_sync(store: Store) -> None:
    assert store.deployment.snapshot() is None


def test_a_snapshot_comes_back_as_it_was_stored_and_is_replaced_whole(store: Store, raw: redis.Redis) -> None:
    store.deployment.replace_snapshot(SNAPSHOT)
    assert store.deployment.snapshot() == SNAPSHOT
    bare = Snapshot(1, "111111111111", "eu-west-1")
    store.deployment.replace_snapshot(bare)
    assert store.deployment.snapshot() == bare
    assert_nothing_expires(raw)


def test_what_a_person_overrides_outlives_every_sync(store: Store, raw: redis.Redis) -> None:
    store.deployment.replace_snapshot(SNAPSHOT)
    assert store.deployment.overrides() == frozenset()
    store.deployment.override("id", 1_700_000_000_000)
    store.deployment.replace_snapshot(SNAPSHOT)
    assert store.deployment.snapshot() == SNAPSHOT.overridden({"id"}) != SNAPSHOT
    assert store.deployment.overrides() == {"id"}
    assert_nothing_expires(raw)
    assert [store.deployment.end_override("id") for _ in range(2)] == [True, False]
    assert store.deployment.snapshot() == SNAPSHOT
    raw.delete(keys.SNAPSHOT)
    assert_no_leak(raw)


def test_one_caller_a_minute_may_ask_for_a_sync(store: Store, raw: redis.Redis) -> None:
    assert [store.deployment.may_ask_for_sync() for _ in range(3)] == [True, False, False]
    ttl_ms = raw.pttl(keys.SYNC_ASKED)
    assert isinstance(ttl_ms, int)
    assert 50_000 < ttl_ms <= 60_000
    raw.delete(keys.SYNC_ASKED)
    assert store.deployment.may_ask_for_sync()


def test_a_scheduler_that_says_goodbye_is_forgotten(store: Store, clock: ManualClock, raw: redis.Redis) -> None:
    store.sweeping.sweep([], "one", clock.now_ms())
    store.sweeping.sweep([], "two", clock.now_ms())
    store.deployment.say_goodbye("one")
    assert store.deployment.last_sweeps() == {"two": clock.now_ms()}
    store.deployment.say_goodbye("nobody")
    store.deployment.say_goodbye("two")
    assert store.deployment.last_sweeps() == {}
    assert_no_leak(raw)
