"""The store is away: callers are told in time, nobody waits for it, and all goes on by itself when it is back."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.proxy import Way
from tests.faults.rig import (
    BACK_WITHIN_MS,
    CLOCK,
    PLAIN,
    QUICK,
    TOLD_WITHIN_MS,
    UNAVAILABLE,
    Rig,
    at_once,
    timed_ms,
    until_ms,
    until_served_ms,
)
from tests.patient import patient_sqs
from tests.support import wait_until
from tests.wire.raw import ask_json

pytestmark = pytest.mark.quiet

LASTS_MS = 3_000
MOST_COMMANDS_A_SECOND = 6  # while it hangs: a try now and then of each process, not one for each request
GENEROUS_MS = 1_000  # for a function's call, and for a busy machine


def test_a_slow_store_serves(rig: Rig) -> None:
    rig.proxy.delay_seconds = 0.5
    for _ in range(3):
        answer, took_ms = timed_ms(lambda: rig.send(QUICK))
        assert answer.status == 200
        assert took_ms < TOLD_WITHIN_MS
    wait_until(lambda: not rig.held(QUICK), "they are delivered", 30)
    assert rig.episodes("endpoint") == rig.episodes("scheduler") == []


def test_a_worker_answers_others_and_keeps_long_polls_while_the_store_hangs(rig: Rig) -> None:
    with ThreadPoolExecutor(4) as pool:
        poll = pool.submit(lambda: rig.receive(wait_seconds=20))
        wait_until(lambda: rig.raw.pubsub_numsub("karin:wakes")[0][1] >= 2, "the poll listens")
        rig.durable.stand_still()
        waiting = [pool.submit(rig.send) for _ in range(3)]
        for _ in range(20):
            answer, took_ms = timed_ms(lambda: ask_json(rig.url, "NoSuchAction", {}))
            assert answer.status == 400
            assert took_ms < 500
        assert {one.result().status for one in waiting} == {503}
        assert not poll.done()
        rig.durable.go_on()
        until_served_ms(rig.send)
        assert poll.result().json()["Messages"]


def killed(rig: Rig) -> Callable[[], None]:
    rig.durable.kill()
    return rig.durable.start


def refused(rig: Rig) -> Callable[[], None]:
    rig.proxy.go(Way.REFUSE)
    return lambda: rig.proxy.go(Way.PASS)


def hanging(rig: Rig) -> Callable[[], None]:
    rig.durable.stand_still()
    return rig.durable.go_on


def swallowed(rig: Rig) -> Callable[[], None]:
    rig.proxy.go(Way.SWALLOW)
    return lambda: rig.proxy.go(Way.PASS)


WAYS = pytest.mark.parametrize("take_away", [killed, refused, hanging, swallowed])


@WAYS
def test_callers_are_told_in_time_and_all_goes_on_when_it_is_back(
    fresh_rig: Rig, take_away: Callable[[Rig], Callable[[], None]]
) -> None:
    rig = fresh_rig
    assert rig.send().status == rig.receive(QUICK).status == 200
    sent = 1
    bring_back = take_away(rig)
    began_ms, commands = CLOCK.now_ms(), rig.proxy.commands

    told = at_once([rig.send, rig.send_query, rig.receive, *[rig.send] * 8])
    for answer, took_ms in told:
        assert answer.status == 503
        assert took_ms < TOLD_WITHIN_MS
    told[0][0].check(UNAVAILABLE)
    told[1][0].check(UNAVAILABLE)
    slowest_ms = max(took_ms for _, took_ms in told)
    reason = json.loads(rig.health().body)["reason"]
    assert reason.startswith("the store does not serve: ")

    times: list[int] = []
    for _ in until_ms(began_ms + LASTS_MS):
        answer, took_ms = timed_ms(rig.send)
        assert answer.status == 503
        times.append(took_ms)
    assert max(times) < TOLD_WITHIN_MS
    spent = rig.proxy.commands - commands
    assert spent <= MOST_COMMANDS_A_SECOND * (CLOCK.now_ms() - began_ms) / 1000 + 12, "it is left alone meanwhile"

    back_at_ms = CLOCK.now_ms()
    bring_back()
    back_ms = until_served_ms(lambda: rig.send(QUICK, "after"))
    wait_until(lambda: rig.deliveries.all()[-1:] and not rig.held(QUICK), "it is delivered", 20)
    delivered_ms = CLOCK.now_ms() - back_at_ms
    figures = f"told in {slowest_ms} ms, later in {max(times)} ms, {spent} commands in {LASTS_MS} ms"
    print(f"{take_away.__name__}: {figures}, served again in {back_ms} ms, delivered in {delivered_ms} ms")
    assert back_ms < BACK_WITHIN_MS
    assert delivered_ms < BACK_WITHIN_MS + GENEROUS_MS
    # What was refused may have been written, whole, when only its answer was lost; what was accepted is there.
    assert sent <= rig.held() <= sent + len(told) + len(times)
    assert len(rig.episodes("endpoint")) == 1
    assert len(rig.episodes("scheduler")) <= 2  # a killed store loads its data, which is another fault


def test_sdks_try_again_until_the_store_is_back(fresh_rig: Rig) -> None:
    rig = fresh_rig
    client = patient_sqs(rig.url, 8)
    rig.proxy.go(Way.REFUSE)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(client.send_message, QueueUrl=rig.queue_url(PLAIN), MessageBody="patient")
        wait_until(lambda: rig.episodes("endpoint"), "it was refused at least once")
        rig.proxy.go(Way.PASS)
        assert sending.result()["ResponseMetadata"]["RetryAttempts"] >= 1
    assert rig.held() == 1
    client.close()
