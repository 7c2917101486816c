"""Tags: set, overwritten and removed, all of a request or none, never more than fifty."""

import pytest

from karin.sqs.errors import InvalidParameterValue
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import QUEUE, create

FIFTY = {f"key-{number}": "" for number in range(50)}


@pytest.fixture
def now_ms(clock: ManualClock, store: Store) -> int:
    create(store, clock.now_ms())
    return clock.now_ms()


def tags(store: Store) -> dict[str, str]:
    return store.queues.describe(QUEUE, 0).tags


def test_tags_are_added_overwritten_and_removed(store: Store, now_ms: int) -> None:
    store.queues.tag(QUEUE, {"team": "blue", "empty": "", "": "=", "Policy": "x", "tag:team": "=y"})
    store.queues.tag(QUEUE, {"team": "red", "empty": ""})
    assert tags(store) == {"team": "red", "empty": "", "": "=", "Policy": "x", "tag:team": "=y"}
    store.queues.untag(QUEUE, ["empty", "", "nobody", "Policy", "empty"])
    assert tags(store) == {"team": "red", "tag:team": "=y"}


def test_tags_change_nothing_else(store: Store, now_ms: int) -> None:
    before = store.queues.describe(QUEUE, now_ms)
    store.queues.tag(QUEUE, {"VisibilityTimeout": "7", "created_at_ms": "1"})
    store.queues.untag(QUEUE, ["VisibilityTimeout", "created_at_ms", "modified_at_ms", "DelaySeconds"])
    assert store.queues.describe(QUEUE, now_ms) == before


def test_fifty_tags_are_the_most_and_nothing_is_changed_by_more(store: Store, now_ms: int) -> None:
    store.queues.tag(QUEUE, FIFTY)
    store.queues.tag(QUEUE, dict.fromkeys(FIFTY, "overwritten"))
    with pytest.raises(InvalidParameterValue) as caught:
        store.queues.tag(QUEUE, {"key-0": "refused", "one-more": "x"})
    assert caught.value.message == "Too many tags added for queue work."
    assert tags(store) == dict.fromkeys(FIFTY, "overwritten")
    store.queues.untag(QUEUE, ["key-0"])
    store.queues.tag(QUEUE, {"one-more": "x"})
    assert len(tags(store)) == 50


def test_a_queue_with_too_many_tags_can_still_lose_some(store: Store, now_ms: int) -> None:
    store.queues.tag(QUEUE, FIFTY)
    store.queues.untag(QUEUE, FIFTY)
    assert tags(store) == {}
