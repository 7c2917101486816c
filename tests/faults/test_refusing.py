"""The store answers, and refuses: callers are told, the log says once what to do, and the store is left alone."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from karin.embedded import STORE_FOLDER
from karin.local.process import LocalLambda
from karin.store.faults import CROWDED, DISK, LOADING, LOCKED_OUT, NO_PRIMARY, QUOTA, READ_ONLY, Fault
from tests.faults.rig import (
    CLOCK,
    PLAIN,
    QUICK,
    TOLD_WITHIN_MS,
    UNAVAILABLE,
    Rig,
    running_rig,
    timed_ms,
    until_ms,
    until_served_ms,
)
from tests.processes import free_port
from tests.support import wait_until
from tests.wire.raw import ask_json

pytestmark = pytest.mark.quiet

LASTS_MS = 2_500
MOST_COMMANDS = 40  # of both processes while it lasts, lost connections included; one for each request is hundreds
BACK_WITHIN_MS = 6_000  # pauses have grown to seconds
ROOM_WITHIN_MS = 2_000  # a full store is asked again and again: it may have room at any time
USED_UP = "ERR max daily request limit exceeded. Limit: 10000, Usage: 10000."


def end_connections(rig: Rig) -> None:
    for kind in ("normal", "pubsub"):
        rig.raw.client_kill_filter(_type=kind, skipme=True)


def over_quota(rig: Rig) -> Callable[[], object]:
    rig.proxy.answer(USED_UP)
    return lambda: rig.proxy.answer(None)


def loading(rig: Rig) -> Callable[[], object]:
    rig.proxy.answer("LOADING Redis is loading the dataset in memory")
    return lambda: rig.proxy.answer(None)


def read_only(rig: Rig) -> Callable[[], object]:
    rig.raw.replicaof("127.0.0.1", free_port())
    return lambda: rig.raw.replicaof("NO", "ONE")


def without_primary(rig: Rig) -> Callable[[], object]:
    rig.raw.config_set("replica-serve-stale-data", "no")
    return read_only(rig)


def locked(rig: Rig) -> Callable[[], object]:
    rig.raw.config_set("requirepass", "another")
    end_connections(rig)
    return lambda: rig.raw.config_set("requirepass", "")


def crowded(rig: Rig) -> Callable[[], object]:
    rig.raw.config_set("maxclients", 1)
    end_connections(rig)
    return lambda: rig.raw.config_set("maxclients", 128)


def without_disk(rig: Rig) -> Callable[[], object]:
    folder = Path(rig.raw.config_get("dir")["dir"])
    assert folder.name == STORE_FOLDER
    shutil.rmtree(folder)
    rig.raw.config_set("save", "3600 1")
    rig.raw.bgsave()
    wait_until(lambda: rig.raw.info("persistence")["rdb_last_bgsave_status"] == "err", "a snapshot failed")
    return lambda: rig.raw.config_set("save", "")


FAULTS = pytest.mark.parametrize(
    ("refuse", "fault", "told"),
    [
        (over_quota, QUOTA, "move to a larger plan"),
        (loading, LOADING, "passes by itself"),
        (read_only, READ_ONLY, "a replica that takes no writes"),
        (without_primary, NO_PRIMARY, "lost its primary"),
        (locked, LOCKED_OUT, "correct them in REDIS_URL"),
        (crowded, CROWDED, "takes no more connections"),
        (without_disk, DISK, "cannot write to its disk"),
    ],
)


def test_a_full_karin_delivers_what_it_has_and_takes_more_when_there_is_room(rig: Rig) -> None:
    queued = [rig.send(QUICK, "queued before", delay_seconds=1).json()["MessageId"] for _ in range(3)]
    assert rig.send().status == 200
    rig.raw.config_set("maxmemory", 1)
    began_ms, commands, requests, slowest_ms = CLOCK.now_ms(), rig.proxy.commands, 0, 0
    while CLOCK.now_ms() < began_ms + LASTS_MS:
        for sender in (rig.send, rig.send_query):
            answer, took_ms = timed_ms(sender)
            assert "full" in answer.check(UNAVAILABLE)
            slowest_ms, requests = max(slowest_ms, took_ms), requests + 1
    spent = rig.proxy.commands - commands
    wait_until(lambda: all(rig.deliveries.of(message_id) for message_id in queued), "all are delivered", 20)
    wait_until(lambda: not rig.held(QUICK), "and deleted")
    (received,) = rig.receive().json()["Messages"]
    gone = {"QueueUrl": rig.queue_url(PLAIN), "ReceiptHandle": received["ReceiptHandle"]}
    assert ask_json(rig.url, "DeleteMessage", gone).status == 200
    assert rig.held() == 0
    assert rig.health().status == 200
    rig.raw.config_set("maxmemory", 0)
    back_ms = until_served_ms(rig.send)
    print(f"full: told in {slowest_ms} ms, {spent} commands for {requests} requests, takes more after {back_ms} ms")
    assert back_ms < ROOM_WITHIN_MS
    assert spent <= MOST_COMMANDS
    (line,) = rig.episodes("endpoint")
    assert "purge what nobody needs" in line
    assert rig.episodes("scheduler") == []


@FAULTS
def test_a_store_that_refuses_is_told_once_left_alone_and_served_again(
    rig: Rig, refuse: Callable[[Rig], Callable[[], object]], fault: Fault, told: str
) -> None:
    delayed = rig.send(QUICK, "queued before", delay_seconds=1)
    assert delayed.status == 200
    mend = refuse(rig)
    began_ms, commands, requests = CLOCK.now_ms(), rig.proxy.commands, 0
    slowest_ms = 0
    for _ in until_ms(began_ms + LASTS_MS):
        for send in (rig.send, rig.send_query):
            answer, took_ms = timed_ms(send)
            answer.check(UNAVAILABLE)
            slowest_ms, requests = max(slowest_ms, took_ms), requests + 1
    spent = rig.proxy.commands - commands
    assert rig.health().status == 503
    assert slowest_ms < TOLD_WITHIN_MS
    assert requests > 2 * spent
    assert spent <= MOST_COMMANDS
    mended_at_ms = CLOCK.now_ms()
    mend()
    back_ms = until_served_ms(rig.send)
    wait_until(lambda: rig.deliveries.of(delayed.json()["MessageId"]), "what was queued is delivered", 40)
    delivered_ms = CLOCK.now_ms() - mended_at_ms
    print(f"{refuse.__name__}: told in {slowest_ms} ms, {spent} commands for {requests} requests in {LASTS_MS} ms, "
          f"served again in {back_ms} ms, delivered in {delivered_ms} ms")  # fmt: skip
    assert back_ms < BACK_WITHIN_MS
    assert delivered_ms < BACK_WITHIN_MS + fault.longest_pause_ms  # of the scheduler, whom nobody waits for
    assert rig.held() == 1
    for name in rig.logs:
        # A server that takes no more connections may close them without a word, which is a fault of its own.
        lines = [line for line in rig.episodes(name) if refuse is not crowded or "cannot be reached" not in line]
        assert len(lines) == 1 or (refuse is crowded and not lines and rig.episodes(name))
        assert all(told in line for line in lines)


def test_a_wrong_password_is_told_as_such(service: LocalLambda, tmp_path: Path) -> None:
    with running_rig(service, tmp_path, credentials="first") as rig:
        rig.raw.config_set("requirepass", "second")
        end_connections(rig)
        rig.send().check(UNAVAILABLE)
        (line,) = rig.episodes("endpoint")
        assert "correct them in REDIS_URL" in line
        assert "first" not in line
        rig.raw.config_set("requirepass", "first")
        until_served_ms(rig.send)
