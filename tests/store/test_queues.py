"""Queues: created once, compared afterwards, described exactly, listed in order, deleted without a trace."""

import pytest
import redis

from karin.sqs.errors import InvalidAttributeValue, QueueDeletedRecently, QueueDoesNotExist, QueueNameExists
from karin.sqs.names import QueueId
from karin.sqs.queue_attributes import defaults_for
from karin.store import keys
from karin.store.messages import Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import (
    ACCOUNT,
    FIFO,
    OTHER,
    QUEUE,
    all_keys,
    assert_no_leak,
    assert_nothing_expires,
    bodies,
    claim,
    counts,
    create,
    nudges,
    send,
    settlement,
)

DEFAULTS = defaults_for(fifo=False)
POLICY = f'{{"deadLetterTargetArn":"{OTHER.arn("us-east-1")}","maxReceiveCount":3}}'


@pytest.fixture
def now_ms(clock: ManualClock) -> int:
    return clock.now_ms()


def test_a_new_queue_has_what_was_given_and_defaults_for_the_rest(store: Store, now_ms: int) -> None:
    given = {"VisibilityTimeout": "7", "RedrivePolicy": ""}
    assert store.queues.create(QUEUE, now_ms, given, DEFAULTS, {"team": "blue", "empty": ""})
    state = store.queues.describe(QUEUE, now_ms + 5)
    assert state.attributes == DEFAULTS | {"VisibilityTimeout": "7"}
    assert state.tags == {"team": "blue", "empty": ""}
    assert (state.created_at_ms, state.modified_at_ms) == (now_ms, now_ms)
    assert (state.ready, state.leased, state.delayed, state.next_due_at_ms) == (0, 0, 0, None)


def test_creating_an_equal_queue_finds_it_and_changes_nothing(store: Store, now_ms: int) -> None:
    store.queues.create(QUEUE, now_ms, {"VisibilityTimeout": "7"}, DEFAULTS, {"team": "blue"})
    before = store.queues.describe(QUEUE, now_ms)
    assert not store.queues.create(QUEUE, now_ms + 1, {"VisibilityTimeout": "7"}, DEFAULTS, {"team": "blue"})
    assert not store.queues.create(QUEUE, now_ms + 2, {}, DEFAULTS | {"VisibilityTimeout": "9"})
    assert store.queues.describe(QUEUE, now_ms) == before


@pytest.mark.parametrize(
    ("given", "tags", "named"),
    [
        ({"VisibilityTimeout": "8"}, {}, "attribute VisibilityTimeout"),
        ({"VisibilityTimeout": "7", "DelaySeconds": "1"}, {}, "attribute DelaySeconds"),
        ({"RedrivePolicy": POLICY}, {}, "attribute RedrivePolicy"),
        ({}, {"team": "red"}, "tags"),
    ],
)
def test_creating_a_queue_that_differs_names_the_difference_and_changes_nothing(
    store: Store, now_ms: int, given: dict[str, str], tags: dict[str, str], named: str
) -> None:
    store.queues.create(QUEUE, now_ms, {"VisibilityTimeout": "7"}, DEFAULTS, {"team": "blue"})
    before = store.queues.describe(QUEUE, now_ms)
    with pytest.raises(QueueNameExists, match=f"different value for {named}$"):
        store.queues.create(QUEUE, now_ms + 1, given, DEFAULTS, tags)
    assert store.queues.describe(QUEUE, now_ms) == before


def test_creating_again_lists_a_queue_whose_creator_crashed_in_between(
    store: Store, now_ms: int, raw: redis.Redis
) -> None:
    create(store, now_ms)
    raw.delete(keys.QUEUES)
    assert store.queues.names() == []
    create(store, now_ms)
    assert store.queues.names() == [QUEUE]


def test_attributes_change_one_by_one_and_an_empty_value_removes_one(store: Store, now_ms: int) -> None:
    store.queues.create(QUEUE, now_ms, {"RedrivePolicy": POLICY}, DEFAULTS)
    store.queues.set_attributes(QUEUE, now_ms + 9, {"RedrivePolicy": "", "DelaySeconds": "3"})
    state = store.queues.describe(QUEUE, now_ms)
    assert state.attributes == DEFAULTS | {"DelaySeconds": "3"}
    assert (state.created_at_ms, state.modified_at_ms) == (now_ms, now_ms + 9)


def test_what_follows_from_the_given_is_set_and_not_compared(store: Store, now_ms: int) -> None:
    others = DEFAULTS | {"SqsManagedSseEnabled": "false", "Policy": ""}
    assert store.queues.create(QUEUE, now_ms, {"KmsMasterKeyId": "k"}, others)
    assert store.queues.describe(QUEUE, now_ms).attributes == DEFAULTS | {
        "KmsMasterKeyId": "k",
        "SqsManagedSseEnabled": "false",
    }
    assert not store.queues.create(QUEUE, now_ms, {"KmsMasterKeyId": "k"}, DEFAULTS)


def test_throughput_by_group_needs_deduplication_by_group_as_the_queue_is_then(store: Store, now_ms: int) -> None:
    by_group, by_queue = {"DeduplicationScope": "messageGroup"}, {"DeduplicationScope": "queue"}
    high, normal = {"FifoThroughputLimit": "perMessageGroupId"}, {"FifoThroughputLimit": "perQueue"}
    create(store, now_ms, FIFO)
    before = store.queues.describe(FIFO, now_ms)
    for wrong in (high, high | by_queue, high | {"DelaySeconds": "7"}):
        with pytest.raises(InvalidAttributeValue):
            store.queues.set_attributes(FIFO, now_ms + 1, wrong)
    assert store.queues.describe(FIFO, now_ms) == before
    store.queues.set_attributes(FIFO, now_ms, by_group)
    store.queues.set_attributes(FIFO, now_ms, high)
    with pytest.raises(InvalidAttributeValue):
        store.queues.set_attributes(FIFO, now_ms, by_queue)
    store.queues.set_attributes(FIFO, now_ms, by_queue | normal)
    store.queues.set_attributes(FIFO, now_ms, by_group | high)
    assert store.queues.describe(FIFO, now_ms).attributes == before.attributes | by_group | high


def test_what_does_not_exist_cannot_be_described_changed_or_deleted(
    store: Store, now_ms: int, raw: redis.Redis
) -> None:
    with pytest.raises(QueueDoesNotExist):
        store.queues.describe(QUEUE, now_ms)
    with pytest.raises(QueueDoesNotExist):
        store.queues.set_attributes(QUEUE, now_ms, {"DelaySeconds": "3"})
    with pytest.raises(QueueDoesNotExist):
        store.queues.delete(QUEUE, now_ms)
    with pytest.raises(QueueDoesNotExist):
        store.queues.tag(QUEUE, {"team": "blue"})
    with pytest.raises(QueueDoesNotExist):
        store.queues.untag(QUEUE, ["team"])
    with pytest.raises(QueueDoesNotExist):
        store.queues.sources(QUEUE)
    assert all_keys(raw) == set()


def test_a_deleted_queue_leaves_only_its_tombstone(store: Store, now_ms: int, raw: redis.Redis) -> None:
    create(store, now_ms)
    for delay_ms in (0, 0, 9_000):
        send(store, now_ms, delay_ms=delay_ms)
    claim(store, now_ms, most=1)
    store.queues.delete(QUEUE, now_ms)
    assert all_keys(raw) == {keys.tombstone(QUEUE)}
    ttl_ms = raw.pttl(keys.tombstone(QUEUE))
    assert isinstance(ttl_ms, int)
    assert 0 < ttl_ms <= 60_000
    assert_nothing_expires(raw)


def test_a_deleted_queues_name_is_taken_for_a_minute(store: Store, now_ms: int, raw: redis.Redis) -> None:
    create(store, now_ms)
    store.queues.delete(QUEUE, now_ms)
    with pytest.raises(QueueDeletedRecently):
        create(store, now_ms + 59_999)
    assert store.queues.names() == []
    create(store, now_ms + 60_000)
    assert_no_leak(raw, QUEUE)
    assert store.queues.describe(QUEUE, now_ms).attributes == DEFAULTS


def test_messages_of_a_deleted_queue_do_not_come_back_with_its_name(
    store: Store, now_ms: int, raw: redis.Redis
) -> None:
    create(store, now_ms)
    send(store, now_ms)
    (received,) = claim(store, now_ms).messages
    store.queues.delete(QUEUE, now_ms)
    later_ms = now_ms + 60_000
    create(store, later_ms)
    store.messages.settle(QUEUE, later_ms, [settlement(received, Verdict.RETRY, later_ms)])
    assert claim(store, later_ms).messages == ()
    assert_no_leak(raw, QUEUE)


def test_sending_to_a_deleted_queue_stores_nothing(store: Store, now_ms: int, raw: redis.Redis) -> None:
    create(store, now_ms)
    store.queues.delete(QUEUE, now_ms)
    with nudges(store) as listener:
        with pytest.raises(QueueDoesNotExist):
            send(store, now_ms)
        assert listener.heard() == []
    assert all_keys(raw) == {keys.tombstone(QUEUE)}


def test_counts_are_exact_through_every_state(store: Store, now_ms: int) -> None:
    create(store, now_ms, VisibilityTimeout=30)
    for delay_ms, name in enumerate(("done", "failed", "refused", "waiting")):
        send(store, now_ms - 10, name, delay_ms=delay_ms)
    send(store, now_ms, "later", delay_ms=20_000)
    assert counts(store, now_ms) == (4, 0, 1)
    taken = claim(store, now_ms, most=3)
    done, failed, refused = taken.messages
    assert counts(store, now_ms) == (1, 3, 1)
    outcome = [
        settlement(done, Verdict.DELETE),
        settlement(failed, Verdict.RETRY, now_ms + 30_000),
        settlement(refused, Verdict.GIVE_BACK, now_ms + 500),
    ]
    store.messages.settle(QUEUE, now_ms + 10, outcome)
    assert counts(store, now_ms + 10) == (1, 1, 2)
    assert counts(store, now_ms + 500) == (2, 1, 1)
    assert counts(store, now_ms + 20_000) == (3, 1, 0)
    assert counts(store, now_ms + 30_000) == (4, 0, 0)
    assert bodies(claim(store, now_ms + 30_000)) == ["waiting", "refused", "later", "failed"]
    assert counts(store, now_ms + 30_000) == (0, 4, 0)
    assert counts(store, now_ms + 60_000) == (4, 0, 0)
    store.messages.purge(QUEUE, now_ms + 60_000)
    assert counts(store, now_ms + 60_000) == (0, 0, 0)


def test_describing_touches_nothing(store: Store, now_ms: int, raw: redis.Redis) -> None:
    create(store, now_ms)
    send(store, now_ms)
    before = {key: raw.dump(key) for key in all_keys(raw)}
    store.queues.describe(QUEUE, now_ms + 10_000_000)
    assert {key: raw.dump(key) for key in all_keys(raw)} == before


def test_names_are_listed_in_order_by_account_and_prefix(store: Store, now_ms: int) -> None:
    mine = [QueueId(ACCOUNT, name) for name in ("a", "job", "job-1", "job-10", "job-2", "job_x", "jobs.fifo", "z")]
    theirs = [QueueId("111111111111", "job-1")]
    for queue in (*reversed(mine), *theirs):
        create(store, now_ms, queue)
    assert store.queues.names() == mine + theirs
    assert store.queues.names(ACCOUNT) == mine
    assert store.queues.names("111111111111") == theirs
    assert store.queues.names("222222222222") == []
    assert [queue.name for queue in store.queues.names(ACCOUNT, "job-")] == ["job-1", "job-10", "job-2"]
    assert store.queues.names(ACCOUNT, "nothing") == []
    assert store.queues.names("111111111111", "job-1") == theirs


@pytest.mark.parametrize("prefix", ["", "q"])
def test_pages_of_names_follow_each_other_without_gap_or_overlap(store: Store, now_ms: int, prefix: str) -> None:
    wanted = [QueueId(ACCOUNT, f"q{number:02}") for number in range(7)]
    for queue in [*wanted, QueueId("111111111111", "q99")]:
        create(store, now_ms, queue)
    found: list[QueueId] = []
    after = ""
    while page := store.queues.names(ACCOUNT, prefix, after=after, most=3):
        assert len(page) <= 3
        found += page
        after = page[-1].name
    assert found == wanted


def test_a_page_after_a_name_stays_within_its_prefix(store: Store, now_ms: int) -> None:
    for name in ("a1", "a2", "b1"):
        create(store, now_ms, QueueId(ACCOUNT, name))
    assert [queue.name for queue in store.queues.names(ACCOUNT, "a", after="a1")] == ["a2"]


def test_a_deleted_queue_is_listed_no_more(store: Store, now_ms: int) -> None:
    create(store, now_ms)
    create(store, now_ms, OTHER)
    store.queues.delete(QUEUE, now_ms)
    assert store.queues.names() == [OTHER]
