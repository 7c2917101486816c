"""The sweep: one command that tells every queue's next due instant and that a scheduler is alive."""

import pytest
import redis

from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.store import Store
from karin.store.sweeping import FORGOTTEN_MS, Swept
from tests.clocks import ManualClock
from tests.store.dead_letters import send_any
from tests.store.support import ACCOUNT, OTHER, QUEUE, all_keys, assert_no_leak, claim, counts, create, nudges, send
from tests.wire.monitoring import commands


def test_a_sweep_tells_when_each_queue_is_due(store: Store, clock: ManualClock) -> None:
    now_ms = clock.now_ms()
    empty, absent = QueueId(ACCOUNT, "empty"), QueueId(ACCOUNT, "absent")
    for queue in (QUEUE, OTHER, empty):
        create(store, now_ms, queue)
    send(store, now_ms, delay_ms=7_000)
    send(store, now_ms, queue=OTHER)
    claim(store, now_ms, queue=OTHER)
    swept = store.sweeping.sweep([absent, OTHER, empty, QUEUE], "me", now_ms)
    assert swept.heads == {absent: None, OTHER: now_ms + 30_000, empty: None, QUEUE: now_ms + 7_000}


def test_a_sweep_of_no_queues_still_says_that_the_scheduler_lives(store: Store, clock: ManualClock) -> None:
    assert store.sweeping.sweep([], "me", clock.now_ms()) == Swept({}, (), None, {"me": clock.now_ms()})
    assert store.deployment.last_sweeps() == {"me": clock.now_ms()}


def test_each_sweep_renews_its_schedulers_entry_and_leaves_the_others(store: Store, clock: ManualClock) -> None:
    start_ms = clock.now_ms()
    store.sweeping.sweep([], "first", start_ms)
    store.sweeping.sweep([], "second", clock.advance(seconds=30))
    store.sweeping.sweep([], "first", clock.advance(seconds=30))
    assert store.deployment.last_sweeps() == {"first": start_ms + 60_000, "second": start_ms + 30_000}


def test_a_scheduler_silent_for_more_than_a_day_is_forgotten(store: Store, clock: ManualClock) -> None:
    store.sweeping.sweep([], "gone", clock.now_ms())
    store.sweeping.sweep([], "me", clock.advance(ms=FORGOTTEN_MS))
    assert set(store.deployment.last_sweeps()) == {"gone", "me"}
    store.sweeping.sweep([], "me", clock.advance(ms=1))
    assert set(store.deployment.last_sweeps()) == {"me"}


def test_a_sweep_touches_no_message_and_nudges_nobody(store: Store, clock: ManualClock, raw: redis.Redis) -> None:
    now_ms = clock.now_ms()
    create(store, now_ms)
    send(store, now_ms)
    before = {key: raw.dump(key) for key in all_keys(raw)}
    with nudges(store) as listener:
        store.sweeping.sweep([QUEUE], "me", now_ms)
        assert listener.heard() == []
    assert {key: raw.dump(key) for key in all_keys(raw) - {keys.SCHEDULERS}} == before
    assert counts(store, now_ms) == (1, 0, 0)


def test_sweeping_queues_that_do_not_exist_leaves_no_keys(store: Store, clock: ManualClock, raw: redis.Redis) -> None:
    store.sweeping.sweep([QUEUE, OTHER], "me", clock.now_ms())
    assert_no_leak(raw)


@pytest.mark.parametrize("queue", [QUEUE, QueueId(ACCOUNT, "jobs.fifo")], ids=["standard", "fifo"])
def test_a_survey_tells_of_each_queue_what_describing_it_does(store: Store, clock: ManualClock, queue: QueueId) -> None:
    policy = f'{{"deadLetterTargetArn": "{OTHER.arn("us-east-1")}", "maxReceiveCount": 3}}'
    create(store, clock.now_ms(), queue, RedrivePolicy=policy)
    send_any(store, clock.now_ms(), queue, "first")
    send_any(store, clock.now_ms(), queue, "second")
    claim(store, clock.now_ms(), queue=queue, most=1)
    if queue == QUEUE:
        send(store, clock.now_ms(), delay_ms=60_000)
    absent = QueueId(ACCOUNT, "absent")
    survey = store.sweeping.sweep([], "me", clock.now_ms(), [queue, absent]).survey
    assert survey is not None
    described = store.queues.describe(queue, clock.now_ms())
    (told,) = survey.queues
    assert (told.ready, told.leased, told.delayed) == (described.ready, described.leased, described.delayed)
    assert (told.next_due_at_ms, told.held_bytes) == (described.next_due_at_ms, described.held_bytes)
    assert told.dead_letter_target == OTHER
    assert (survey.names, survey.queue_count, survey.last_sweeps_ms) == ((queue,), 1, (clock.now_ms(),))
    assert survey.used_memory
    assert survey.used_memory > 100_000


def test_a_survey_is_one_command_with_the_sweep_however_many_queues(
    store: Store, clock: ManualClock, raw: redis.Redis
) -> None:
    queues = [QueueId(ACCOUNT, f"queue-{number}") for number in range(150)]
    for queue in queues:
        create(store, clock.now_ms(), queue)
    store.sweeping.sweep([], "me", clock.now_ms(), [])  # it has loaded the script
    with commands(raw) as seen:
        swept = store.sweeping.sweep(queues[:3], "me", clock.now_ms(), queues)
    assert len(seen) == 1
    assert swept.survey is not None
    assert len(swept.survey.queues) == 150
    assert set(swept.heads) == set(queues[:3])


def test_without_a_survey_nothing_is_told_of_queues(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms())
    assert store.sweeping.sweep([QUEUE], "me", clock.now_ms()).survey is None
