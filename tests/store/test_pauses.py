"""Pauses in the store: who may change them, and that everyone hears of it."""

from contextlib import closing

import redis

from karin.mapping.pause import Pause, PausedBy, paused_by_karin, paused_by_user
from karin.store import keys
from karin.store.signals import PausesChanged
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.servers import monitored

KARINS, USERS = paused_by_karin(None, "denied", 1_000), paused_by_user("deploying 끝", 2_000)


def test_a_pause_is_read_as_it_was_written(store: Store) -> None:
    assert store.pauses.all() == {}
    assert store.pauses.pause("m", KARINS)
    assert store.pauses.pause("n", USERS)
    assert store.pauses.all() == {"m": KARINS, "n": USERS}


def test_the_stored_form_is_json_for_everyone(store: Store, raw: redis.Redis) -> None:
    store.pauses.pause("m", KARINS)
    assert raw.hget(keys.PAUSES, "m") == '{"reason":"denied","since_ms":1000,"until_ms":31000,"by":"karin"}'
    store.pauses.pause("m", USERS)
    assert raw.hget(keys.PAUSES, "m") == '{"reason":"deploying 끝","since_ms":2000,"until_ms":null,"by":"user"}'


def test_what_a_person_paused_only_a_person_resumes(store: Store) -> None:
    store.pauses.pause("m", USERS)
    assert not store.pauses.pause("m", KARINS)
    assert not store.pauses.resume("m", PausedBy.KARIN)
    assert store.pauses.all() == {"m": USERS}
    assert store.pauses.resume("m", PausedBy.USER)
    assert store.pauses.all() == {}


def test_a_person_resumes_what_karin_paused_and_karin_too(store: Store) -> None:
    for by in PausedBy:
        store.pauses.pause("m", KARINS)
        assert store.pauses.resume("m", by)
        assert not store.pauses.resume("m", by)


def test_every_change_is_told_and_nothing_else(store: Store) -> None:
    with closing(store.signals.listen(timeout_seconds=0.1, wakes=False)) as heard:
        assert next(heard) is None
        store.pauses.pause("m", KARINS)
        assert next(heard) == PausesChanged()
        store.pauses.pause("m", KARINS)
        store.pauses.resume("other", PausedBy.USER)
        assert next(heard) is None
        store.pauses.resume("m", PausedBy.KARIN)
        assert next(heard) == PausesChanged()


def test_a_change_is_one_command(store: Store, store_url: str) -> None:
    with monitored(store_url) as commands:
        store.pauses.pause("m", KARINS)
        store.pauses.all()
        assert [command.split()[0] for command in commands()] == ["EVALSHA", "HGETALL"]


def test_what_cannot_be_read_is_no_pause(store: Store, raw: redis.Redis, clock: ManualClock) -> None:
    raw.hset(keys.PAUSES, "m", '{"reason":"of a later version","by":"moon"}')
    raw.hset(keys.PAUSES, "n", '{"reason":"","since_ms":1,"until_ms":2,"by":"karin","more":1}')
    assert store.pauses.all() == {"n": Pause("", 1, 2, PausedBy.KARIN)}


def test_pauses_of_mappings_that_are_gone_are_dropped(store: Store) -> None:
    for uuid in "mno":
        store.pauses.pause(uuid, KARINS)
    store.pauses.forget({"m", "o"})
    assert list(store.pauses.all()) == ["n"]
