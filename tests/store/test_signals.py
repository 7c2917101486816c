"""Signals: what is published is heard as it was meant, and a lost connection is told, not hidden."""

from contextlib import closing
from typing import Any

import pytest
import redis

from karin.sqs.moves import ActiveMove
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.connection import StoreUnavailable
from karin.store.signals import MoveWaits, Nudge, Published, Signal, SyncAsked, Synced, SyncFailed
from karin.store.store import Store
from tests.store.support import ACCOUNT, QUEUE
from tests.support import wait_until

SILENCE_SECONDS = 0.05


@pytest.mark.parametrize(
    "signal",
    [
        SyncAsked(),
        Synced(),
        SyncFailed("no credentials: run aws configure"),
        SyncFailed(""),
        MoveWaits(ActiveMove(QUEUE, "10f57157-fc38-4da9-a113-4de7e12d05dd", 1_700_000_000_000)),
    ],
)
def test_what_is_published_is_heard(store: Store, signal: Published) -> None:
    with closing(store.signals.listen(requests=True)) as heard:
        assert next(heard) is None
        assert store.signals.publish(signal) == 1
        assert next(heard) == signal


def test_a_signal_that_nobody_hears_says_so(store: Store) -> None:
    assert store.signals.publish(Synced()) == 0


def test_only_schedulers_hear_that_a_sync_is_asked_for(store: Store) -> None:
    with closing(store.signals.listen()) as someone_else:
        assert next(someone_else) is None
        assert store.signals.publish(SyncAsked()) == 0


def test_silence_is_told_after_the_timeout(store: Store) -> None:
    with closing(store.signals.listen(timeout_seconds=SILENCE_SECONDS)) as heard:
        assert [next(heard), next(heard), next(heard)] == [None, None, None]


def test_nudges_are_heard_in_order_and_only_by_those_who_want_them(store: Store, raw: redis.Redis) -> None:
    with (
        closing(store.signals.listen()) as all_of_it,
        closing(store.signals.listen(timeout_seconds=SILENCE_SECONDS, wakes=False)) as only_syncs,
    ):
        assert (next(all_of_it), next(only_syncs)) == (None, None)
        for number in range(3):
            raw.publish(keys.WAKES, f"{QUEUE} {number}")
        store.signals.publish(Synced())
        assert next(only_syncs) == Synced()
        assert [next(all_of_it) for _ in range(4)] == [*(Nudge(QUEUE, number) for number in range(3)), Synced()]


@pytest.mark.parametrize(
    ("channel", "text"),
    [
        (keys.CONTROL, "dance"),
        (keys.CONTROL, ""),
        (keys.CONTROL, "move"),
        (keys.CONTROL, f"move {ACCOUNT}/work task soon"),
        (keys.CONTROL, b"\xff\xfe"),
        (keys.WAKES, "nonsense"),
        (keys.WAKES, f"{ACCOUNT}/work soon"),
        (keys.WAKES, f"{ACCOUNT}/work"),
        (keys.WAKES, "work 12"),
        (keys.WAKES, ""),
        (keys.WAKES, b"\xff 1"),
    ],
)
def test_a_text_that_means_nothing_is_passed_over(
    store: Store, raw: redis.Redis, channel: str, text: str | bytes
) -> None:
    with closing(store.signals.listen()) as heard:
        assert next(heard) is None
        raw.publish(channel, text)
        raw.publish(keys.WAKES, f"{QUEUE} 5")
        assert next(heard) == Nudge(QueueId(ACCOUNT, "work"), 5)


def test_a_lost_connection_is_told(store: Store, raw: redis.Redis) -> None:
    with closing(store.signals.listen()) as heard:
        assert next(heard) is None
        raw.client_kill_filter(_type="pubsub")
        with pytest.raises(StoreUnavailable):
            next(heard)


def test_a_listener_that_is_closed_holds_no_connection(store: Store, raw: redis.Redis) -> None:
    def subscribers() -> int:
        found: list[tuple[str, int]] | Any = raw.pubsub_numsub(keys.CONTROL)
        return int(found[0][1])

    with closing(store.signals.listen()) as heard:
        next(heard)
        assert subscribers() == 1
    wait_until(lambda: subscribers() == 0, "the subscription has ended")


def test_a_listener_can_listen_again(store: Store) -> None:
    for _ in range(3):
        with closing(store.signals.listen()) as heard:
            signals: list[Signal | None] = [next(heard)]
            store.signals.publish(Synced())
            signals.append(next(heard))
        assert signals == [None, Synced()]
