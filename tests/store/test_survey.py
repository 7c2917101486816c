"""What one command tells of all queues."""

import pytest
import redis

from karin.sqs.names import QueueId
from karin.store import queues as module
from karin.store.messages import Settlement, Verdict
from karin.store.queues import DONE_MINUTES
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.dead_letters import send_any
from tests.store.support import ACCOUNT, claim, create, send

MINUTE_MS = 60_000
ORDERS, MAIL, FIFO = QueueId(ACCOUNT, "orders"), QueueId(ACCOUNT, "mail"), QueueId(ACCOUNT, "jobs.fifo")


def _delete_all(store: Store, now_ms: int, queue: QueueId, most: int = 10) -> None:
    taken = claim(store, now_ms, queue=queue, most=most).messages
    store.messages.settle(queue, now_ms, [Settlement(one.receipt, Verdict.DELETE) for one in taken])


@pytest.mark.parametrize("queue", [ORDERS, FIFO], ids=["standard", "fifo"])
def test_a_survey_tells_of_each_queue_what_describing_it_does(store: Store, clock: ManualClock, queue: QueueId) -> None:
    for one in (queue, MAIL):
        create(store, clock.now_ms(), one)
        send_any(store, clock.now_ms(), one, "first")
        clock.advance(seconds=3)
        send_any(store, clock.now_ms(), one, "second")
    claim(store, clock.now_ms(), queue=MAIL, most=1)
    surveyed = store.queues.survey([queue, MAIL], clock.now_ms())
    for state in surveyed:
        described = store.queues.describe(state.queue, clock.now_ms())
        assert (state.ready, state.leased, state.delayed) == (described.ready, described.leased, described.delayed)
        assert (state.next_due_at_ms, state.attributes) == (described.next_due_at_ms, described.attributes)
    assert [state.queue for state in surveyed] == [queue, MAIL]


@pytest.mark.parametrize(("queue", "group"), [(ORDERS, None), (ORDERS, "a"), (FIFO, "a")])
def test_the_oldest_is_the_first_in_line(store: Store, clock: ManualClock, queue: QueueId, group: str | None) -> None:
    create(store, clock.now_ms(), queue)
    sent_at_ms = clock.now_ms()
    send(store, sent_at_ms, "first", queue=queue, group_id=group, deduplication_id="1")
    clock.advance(seconds=3)
    send(store, clock.now_ms(), "second", queue=queue, group_id=group, deduplication_id="2")
    (state,) = store.queues.survey([queue], clock.now_ms())
    assert state.oldest_sent_at_ms == sent_at_ms


@pytest.mark.parametrize("queue", [ORDERS, FIFO], ids=["standard", "fifo"])
def test_what_is_deleted_is_counted_by_the_minute(store: Store, clock: ManualClock, queue: QueueId) -> None:
    create(store, clock.now_ms(), queue)
    clock.advance(ms=MINUTE_MS - clock.now_ms() % MINUTE_MS)
    for count in (2, 0, 3):
        for number in range(count):
            send_any(store, clock.now_ms(), queue, f"{clock.now_ms()} {number}", group=str(number))
        _delete_all(store, clock.now_ms(), queue, 1)
        _delete_all(store, clock.now_ms(), queue)
        clock.advance(ms=MINUTE_MS)
    (state,) = store.queues.survey([queue], clock.now_ms())
    assert len(state.done) == DONE_MINUTES
    assert state.done[-4:] == (2, 0, 3, 0)
    assert sum(state.done) == 5


def test_an_hour_later_a_minute_begins_anew(store: Store, clock: ManualClock, raw: redis.Redis) -> None:
    create(store, clock.now_ms(), ORDERS)
    clock.advance(ms=MINUTE_MS - clock.now_ms() % MINUTE_MS)
    for _ in range(150):
        send(store, clock.now_ms(), queue=ORDERS)
        _delete_all(store, clock.now_ms(), ORDERS)
        clock.advance(ms=MINUTE_MS)
    (state,) = store.queues.survey([ORDERS], clock.now_ms() - 1)
    assert state.done == (1,) * DONE_MINUTES
    assert raw.hlen("karin:{000000000000/orders}:done") == 60


def test_what_is_not_deleted_is_not_counted(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms(), ORDERS)
    send(store, clock.now_ms(), queue=ORDERS)
    taken = claim(store, clock.now_ms(), queue=ORDERS).messages
    for verdict in (Verdict.HOLD, Verdict.EXTEND, Verdict.GIVE_BACK):
        store.messages.settle(ORDERS, clock.now_ms(), [Settlement(taken[0].receipt, verdict, clock.now_ms() + 1)])
    (state,) = store.queues.survey([ORDERS], clock.now_ms())
    assert sum(state.done) == 0


def test_queues_that_are_gone_are_left_out_and_many_take_a_command_for_each_hundred(
    store: Store, clock: ManualClock, raw: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUEUES_AT_ONCE", 10)
    many = [QueueId(ACCOUNT, f"queue-{number:02}") for number in range(25)]
    for one in many:
        create(store, clock.now_ms(), one)
    store.queues.delete(many[3], clock.now_ms())
    store.queues.survey(many, clock.now_ms())  # the script may have to be loaded first
    raw.config_resetstat()
    surveyed = store.queues.survey(many, clock.now_ms())
    assert [state.queue for state in surveyed] == [one for one in many if one != many[3]]
    assert raw.info("commandstats")["cmdstat_evalsha"]["calls"] == 3
