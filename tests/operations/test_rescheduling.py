"""Moving and deleting one message by hand: what becomes of it, what is refused, and that a scheduler hears of it."""

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from msgspec.structs import replace

from karin.clock import SystemClock
from karin.local.process import LocalLambda
from karin.operations import inspecting
from karin.operations.context import Context
from karin.operations.rescheduling import LeftAlone, delete, may_come_twice, reschedule, run_now
from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.names import QueueId
from karin.store import inspect
from karin.store.inspect import MessageState, SeenMessage
from karin.store.messages import Effect, Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.scheduled import SLOW, Deliveries, running_scheduler, write_deployment
from tests.scheduler.support import context_of
from tests.store import fifo
from tests.store.support import FIFO, OTHER, QUEUE, assert_no_leak, bodies, claim, counts, create, nudges, send
from tests.store.support import settlement as verdict_on
from tests.support import START_SECONDS, wait_until

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def now_ms(store: Store, clock: ManualClock) -> int:
    create(store, clock.now_ms(), VisibilityTimeout=30)
    create(store, clock.now_ms(), FIFO, ContentBasedDeduplication="true", DelaySeconds=60)
    return clock.now_ms()


def look(context: Context, message_id: str, queue: QueueId = QUEUE) -> SeenMessage:
    return inspecting.message(context, queue, message_id)


def standing(context: Context, message_id: str, queue: QueueId = QUEUE) -> tuple[MessageState, int, int]:
    """Return state, due instant and receive count."""
    seen = look(context, message_id, queue)
    return seen.state, seen.due_at_ms, seen.receive_count


def test_a_delayed_message_is_run_now(context: Context, store: Store, now_ms: int) -> None:
    message_id = send(store, now_ms, delay_ms=HOUR_MS)
    with nudges(store) as heard:
        assert run_now(context, QUEUE, look(context, message_id)) == now_ms
        assert heard.instants() == [now_ms]
    (received,) = claim(store, now_ms).messages
    assert (received.message.message_id, received.receive_count) == (message_id, 1)


def test_what_is_due_already_keeps_its_place(context: Context, store: Store, clock: ManualClock, now_ms: int) -> None:
    first, _ = send(store, now_ms, "first"), send(store, now_ms + 1, "second")
    clock.advance(seconds=5)
    assert run_now(context, QUEUE, look(context, first)) == now_ms
    assert standing(context, first) == (MessageState.READY, now_ms, 0)
    assert bodies(claim(store, clock.now_ms())) == ["first", "second"]


@pytest.mark.parametrize("group", [None, "a"])
def test_a_message_is_put_off_and_brought_forward(
    context: Context, store: Store, now_ms: int, group: str | None
) -> None:
    message_id = send(store, now_ms, group_id=group)
    with nudges(store) as heard:
        reschedule(context, QUEUE, look(context, message_id), now_ms + HOUR_MS)
        assert standing(context, message_id) == (MessageState.DELAYED, now_ms + HOUR_MS, 0)
        assert heard.instants() == []
        reschedule(context, QUEUE, look(context, message_id), now_ms + 700)
        assert heard.instants() == [now_ms + 700]
    assert counts(store, now_ms) == (0, 0, 1)
    assert claim(store, now_ms + 699).messages == ()
    assert len(claim(store, now_ms + 700).messages) == 1


def test_an_instant_that_has_passed_means_now(context: Context, store: Store, now_ms: int) -> None:
    message_id = send(store, now_ms, delay_ms=900)
    assert reschedule(context, QUEUE, look(context, message_id), now_ms - 5) == now_ms
    assert standing(context, message_id) == (MessageState.READY, now_ms, 0)


def test_what_waits_for_its_retry_is_run_now_and_its_receives_count(
    context: Context, store: Store, clock: ManualClock, now_ms: int
) -> None:
    message_id = send(store, now_ms)
    (received,) = claim(store, now_ms).messages
    store.messages.settle(QUEUE, now_ms, [verdict_on(received, Verdict.RETRY, now_ms + 30_000)])
    assert standing(context, message_id) == (MessageState.LEASED, now_ms + 30_000, 1)
    clock.advance(seconds=3)
    run_now(context, QUEUE, look(context, message_id))
    (again,) = claim(store, clock.now_ms()).messages
    assert (again.receive_count, again.first_received_at_ms) == (2, now_ms)


def test_what_is_in_flight_stays_in_flight_until_the_new_instant_whatever_its_call_comes_to(
    context: Context, store: Store, now_ms: int
) -> None:
    message_id = send(store, now_ms)
    (received,) = claim(store, now_ms).messages
    reschedule(context, QUEUE, look(context, message_id), now_ms + HOUR_MS)
    for verdict in (Verdict.HOLD, Verdict.RETRY):
        store.messages.settle(QUEUE, now_ms, [verdict_on(received, verdict, now_ms + 30_000)])
        assert standing(context, message_id) == (MessageState.LEASED, now_ms + HOUR_MS, 1)
    settled = store.messages.settle(QUEUE, now_ms, [verdict_on(received, Verdict.DELETE)])
    assert settled.effects == (Effect.DONE,)


def test_only_what_is_in_flight_and_is_to_be_due_sooner_may_come_twice(
    context: Context, store: Store, now_ms: int
) -> None:
    message_id = send(store, now_ms, delay_ms=1)
    assert not may_come_twice(look(context, message_id), now_ms)
    claim(store, now_ms + 1)
    seen = look(context, message_id)
    assert may_come_twice(seen, seen.due_at_ms - 1)
    assert not may_come_twice(seen, seen.due_at_ms)


def test_a_renewed_lease_does_not_take_back_what_was_run_now(context: Context, store: Store, now_ms: int) -> None:
    message_id = send(store, now_ms)
    (received,) = claim(store, now_ms).messages
    run_now(context, QUEUE, look(context, message_id))
    store.messages.settle(QUEUE, now_ms, [verdict_on(received, Verdict.HOLD, now_ms + 60_000)])
    assert standing(context, message_id) == (MessageState.READY, now_ms, 1)


def test_what_was_tried_before_and_is_ready_waits_as_delayed_when_it_is_put_off(
    context: Context, store: Store, clock: ManualClock, now_ms: int
) -> None:
    message_id = send(store, now_ms)
    claim(store, now_ms)
    clock.advance(seconds=31)
    reschedule(context, QUEUE, look(context, message_id), now_ms + HOUR_MS)
    assert standing(context, message_id) == (MessageState.DELAYED, now_ms + HOUR_MS, 1)


def test_a_deleted_message_leaves_nothing(context: Context, store: Store, now_ms: int, raw: redis.Redis) -> None:
    for group in (None, "a"):
        delete(context, QUEUE, look(context, send(store, now_ms, delay_ms=9, group_id=group)))
    held = send(store, now_ms)
    claim(store, now_ms)
    delete(context, QUEUE, look(context, held))
    for fate in fifo.send(store, now_ms, "a1", "a2"):
        delete(context, FIFO, look(context, fate.message_id, FIFO))
    store.messages.purge(FIFO, now_ms)  # its deduplication ids are remembered on purpose
    assert_no_leak(raw, QUEUE, FIFO)


@pytest.mark.parametrize("deed", ["run_now", "reschedule", "delete"])
def test_a_message_that_changed_since_it_was_seen_is_left_alone(
    context: Context, store: Store, clock: ManualClock, now_ms: int, deed: str
) -> None:
    def do(seen: SeenMessage) -> None:
        if deed == "reschedule":
            reschedule(context, QUEUE, seen, now_ms + 5_000)
        else:
            {"run_now": run_now, "delete": delete}[deed](context, QUEUE, seen)

    message_id = send(store, now_ms)
    seen = look(context, message_id)
    (received,) = claim(store, now_ms).messages
    with pytest.raises(LeftAlone, match=f"message {message_id[:8]} was received meanwhile, or moved .*: look again"):
        do(seen)
    assert standing(context, message_id) == (MessageState.LEASED, now_ms + 30_000, 1)
    store.messages.settle(QUEUE, now_ms, [verdict_on(received, Verdict.DELETE)])
    with pytest.raises(LeftAlone, match=f"message {message_id[:8]} is not in work any more"):
        do(seen)
    put_off = send(store, now_ms, delay_ms=9)
    seen = look(context, put_off)
    reschedule(context, QUEUE, seen, now_ms + HOUR_MS)
    clock.advance(ms=1)
    with pytest.raises(LeftAlone, match="look again"):
        do(seen)


def test_what_a_mover_has_taken_is_left_alone_although_that_counts_no_receive(
    context: Context, store: Store, now_ms: int
) -> None:
    seen = look(context, send(store, now_ms))
    claim(store, now_ms, visibility_ms=0, floor_ms=30_000, counts=False)
    with pytest.raises(LeftAlone, match="look again"):
        run_now(context, QUEUE, seen)


def test_a_message_can_wait_for_as_long_as_its_queue_keeps_messages(
    context: Context, store: Store, now_ms: int
) -> None:
    message_id = send(store, now_ms)
    with pytest.raises(LeftAlone, match="a message of work can wait for 4d at most"):
        reschedule(context, QUEUE, look(context, message_id), now_ms + 4 * DAY_MS + 1)
    reschedule(context, QUEUE, look(context, message_id), now_ms + 4 * DAY_MS)
    assert len(claim(store, now_ms + 4 * DAY_MS).messages) == 1


def test_or_for_as_long_as_a_send_may_delay_it(context: Context, store: Store, now_ms: int) -> None:
    create(store, now_ms, OTHER, MessageRetentionPeriod=60)
    message_id = send(store, now_ms, queue=OTHER)
    with pytest.raises(LeftAlone, match="15m at most"):
        reschedule(context, OTHER, look(context, message_id, OTHER), now_ms + 900_001)
    patient = dataclasses.replace(context, max_delay_seconds=1_800)
    reschedule(patient, OTHER, look(context, message_id, OTHER), now_ms + 1_800_000)
    assert len(claim(store, now_ms + 1_800_000, queue=OTHER).messages) == 1


def test_what_has_expired_is_not_brought_back(context: Context, store: Store, clock: ManualClock, now_ms: int) -> None:
    seen = look(context, send(store, now_ms))
    clock.advance(ms=4 * DAY_MS)
    with pytest.raises(LeftAlone, match="about to be dropped"):
        run_now(context, QUEUE, seen)
    delete(context, QUEUE, seen)


def test_a_missing_queue_is_an_error_as_everywhere(context: Context, store: Store, now_ms: int) -> None:
    seen = look(context, send(store, now_ms))
    store.queues.delete(QUEUE, now_ms)
    for deed in (run_now, delete):
        with pytest.raises(QueueDoesNotExist):
            deed(context, QUEUE, seen)
    with pytest.raises(QueueDoesNotExist):
        reschedule(context, QUEUE, seen, now_ms)


def test_the_first_of_a_fifo_group_is_run_now_before_its_queues_delay_is_over(
    context: Context, store: Store, now_ms: int
) -> None:
    first, second = fifo.send(store, now_ms, "a1", "a2")
    with nudges(store) as heard:
        run_now(context, FIFO, look(context, first.message_id, FIFO))
        assert heard.instants() == [now_ms]
    assert bodies(fifo.take(store, now_ms)) == ["a1"]
    assert standing(context, second.message_id, FIFO) == (MessageState.DELAYED, now_ms + 60_000, 0)


def test_the_first_of_a_fifo_group_holds_back_the_others_when_it_is_put_off(
    context: Context, store: Store, now_ms: int
) -> None:
    first, *_ = fifo.send(store, now_ms, "a1", "a2", "b1")
    reschedule(context, FIFO, look(context, first.message_id, FIFO), now_ms + HOUR_MS)
    assert standing(context, first.message_id, FIFO) == (MessageState.DELAYED, now_ms + HOUR_MS, 0)
    (other,) = fifo.take(store, now_ms + 60_000).messages
    assert other.message.body == "b1"
    fifo.settle(store, now_ms + 60_000, Verdict.DELETE, other)
    assert bodies(fifo.take(store, now_ms + HOUR_MS)) == ["a1", "a2"]


def test_what_stands_behind_another_of_its_fifo_group_may_be_deleted_but_not_moved(
    context: Context, store: Store, now_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second, third = fifo.send(store, now_ms, "a1", "a2", "a3")
    seen = look(context, second.message_id, FIFO)
    with pytest.raises(LeftAlone, match="stands behind another message of its group a: only the first can be moved"):
        run_now(context, FIFO, seen)
    with pytest.raises(LeftAlone, match="stands behind another"):
        reschedule(context, FIFO, seen, now_ms + HOUR_MS)
    delete(context, FIFO, seen)
    assert bodies(fifo.take(store, now_ms + 60_000)) == ["a1", "a3"]
    monkeypatch.setattr(inspect, "LINE_LENGTH", 1)
    seen = look(context, third.message_id, FIFO)
    assert seen.message.sequence_number is None
    with pytest.raises(LeftAlone, match="stands behind another"):
        run_now(context, FIFO, seen)
    with pytest.raises(LeftAlone, match="too far behind in its group to be found"):
        delete(context, FIFO, seen)


def test_a_fifo_message_in_flight_that_is_put_off_is_still_deleted_by_its_holder(
    context: Context, store: Store, now_ms: int
) -> None:
    fifo.send(store, now_ms - 60_000, "a1")
    (received,) = fifo.take(store, now_ms).messages
    reschedule(context, FIFO, look(context, received.message.message_id, FIFO), now_ms + HOUR_MS)
    settled = fifo.settle(store, now_ms + 50_000, Verdict.DELETE_HELD, received)
    assert settled.effects == (Effect.DONE,)


def test_a_message_seen_in_another_state_of_the_queue_has_another_place(
    context: Context, store: Store, now_ms: int
) -> None:
    (first,) = fifo.send(store, now_ms, "a1")
    seen = look(context, first.message_id, FIFO)
    store.queues.set_attributes(FIFO, now_ms, {"DelaySeconds": "0"})
    with pytest.raises(LeftAlone, match="look again"):
        delete(context, FIFO, seen)
    late = replace(seen, due_at_ms=now_ms)
    delete(context, FIFO, late)


@pytest.fixture
def service() -> Iterator[LocalLambda]:
    folder = Path(tempfile.mkdtemp(prefix="karin-", dir="/tmp"))
    with LocalLambda(write_deployment(folder)) as running:
        yield running
    shutil.rmtree(folder)


def test_a_scheduler_delivers_at_once_what_is_run_now_and_in_time_what_is_moved(
    store_url: str, store: Store, service: LocalLambda, tmp_path: Path
) -> None:
    clock = SystemClock()
    context, deliveries = context_of(store, clock), Deliveries(service)
    with running_scheduler(store_url, service, tmp_path / "scheduler.log"):
        wait_until(
            lambda: store.deployment.snapshot() and store.deployment.last_sweeps(),
            "the scheduler serves",
            START_SECONDS,
        )
        ids = [send(store, clock.now_ms(), queue=SLOW, delay_ms=DAY_MS) for _ in range(4)]
        now, soon, gone, later = (look(context, message_id, SLOW) for message_id in ids)
        delete(context, SLOW, gone)
        reschedule(context, SLOW, later, clock.now_ms() + 2 * DAY_MS)
        soon_at_ms = clock.now_ms() + 1_500
        reschedule(context, SLOW, soon, soon_at_ms)
        now_at_ms = clock.now_ms()
        run_now(context, SLOW, now)
        wait_until(lambda: deliveries.of(ids[0]) and deliveries.of(ids[1]), "both are delivered", 20)
        wait_until(lambda: counts(store, clock.now_ms(), SLOW) == (0, 0, 1), "both are done")

    for message_id, at_ms in ((ids[0], now_at_ms), (ids[1], soon_at_ms)):
        (record,) = deliveries.of(message_id)
        assert 0 <= record.received_at_ms - at_ms < 3_000  # a busy test machine; nothing but the nudge wakes it
        assert (record.error, record.log) == (None, "1\n")
    assert {message_id for record in deliveries.all() for message_id in record.message_ids} == {*ids[:2]}
