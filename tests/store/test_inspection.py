"""What a store tells of itself, and that one which tells nothing is no failure."""

from collections.abc import Iterator

import pytest
import redis

from karin.clock import SystemClock
from karin.store.store import Store
from tests.clocks import ManualClock

TALKER = "reticent"


@pytest.fixture
def reticent(store_url: str, raw: redis.Redis) -> Iterator[Store]:
    """Give a store to a user who may not ask it about itself, as some providers have it."""
    raw.acl_setuser(
        TALKER,
        enabled=True,
        passwords=["+secret"],
        keys=["*"],
        channels=["*"],
        commands=["+@all", "-info", "-config", "-time"],
    )
    yield Store.open(store_url.replace("unix://", f"unix://{TALKER}:secret@"), max_connections=1)
    raw.acl_deluser(TALKER)


def test_a_store_tells_its_policy_its_persistence_and_its_time(store: Store) -> None:
    told = store.inspection.look(SystemClock())

    assert (told.info["maxmemory_policy"], told.info["aof_enabled"]) == ("noeviction", "0")
    assert int(told.info["used_memory"]) > 0
    assert told.save == ""
    assert told.clock_ahead_ms is not None
    assert abs(told.clock_ahead_ms) < 1_000
    assert told.refusals == {}


def test_the_difference_of_clocks_is_told(store: Store) -> None:
    told = store.inspection.look(ManualClock(SystemClock().now_ms() - 60_000))

    assert told.clock_ahead_ms is not None
    assert -61_000 < told.clock_ahead_ms < -59_000


def test_what_a_store_refuses_is_missing_and_named(reticent: Store) -> None:
    told = reticent.inspection.look(SystemClock())

    assert (told.info, told.save, told.clock_ahead_ms) == ({}, None, None)
    assert set(told.refusals) == {"INFO", "CONFIG GET", "TIME"}
    assert all("no permissions" in words.lower() for words in told.refusals.values())


def test_a_store_that_is_not_there_refuses_everything() -> None:
    told = Store.open("redis://127.0.0.1:9", max_connections=1).inspection.look(SystemClock())

    assert set(told.refusals) == {"INFO", "CONFIG GET", "TIME"}
