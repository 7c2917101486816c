"""What a message move task moves where, what it leaves alone, and how it ends."""

import pytest
import redis

from karin.operations.context import Context
from karin.operations.moving import cancel_move
from karin.scheduler.mover import MOST_KEPT, MOST_MESSAGES, ORPHAN_MS, Mover
from karin.sqs.limits import MESSAGE_BYTES
from karin.sqs.message import MessageAttribute
from karin.sqs.moves import CANNOT_TELL_SOURCE, NO_DESTINATION, ActiveMove, MoveStatus
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.scheduler.moving import (
    DEAD,
    OTHER,
    WORK,
    begin,
    bury,
    finish,
    latest,
    make_queues,
    outcome,
    take_all,
    texts,
    work_until,
)
from tests.store.support import all_keys, bodies, claim, counts, send


def test_without_a_destination_each_message_goes_back_to_its_source_as_a_new_one(
    store: Store, context: Context, clock: ManualClock, raw: redis.Redis
) -> None:
    make_queues(store, clock.now_ms())
    attributes = {"colour": MessageAttribute("String", string_value="blue")}
    bury(store, clock.now_ms(), "a", "b", attributes=attributes, group_id="g", sender_id="someone", trace_header="t")
    bury(store, clock.now_ms(), "c", source=OTHER)
    buried_ids = {received.message.message_id for received in claim(store, clock.now_ms(), queue=DEAD).messages}
    clock.advance(seconds=60)

    finish(begin(context), clock)

    assert outcome(context) == (MoveStatus.COMPLETED, 3, 3, None)
    assert take_all(store, clock.now_ms(), DEAD) == []
    (other,) = take_all(store, clock.now_ms(), OTHER)
    assert other.message.body == "c"
    back = take_all(store, clock.now_ms(), WORK)
    assert sorted(bodies(back)) == ["a", "b"]
    for received in back:
        message = received.message
        assert message.message_id not in buried_ids
        assert (message.sent_at_ms, message.dead_letter_source_arn) == (clock.now_ms(), None)
        assert (message.attributes, message.group_id, message.sender_id, message.trace_header) == (
            attributes,
            "g",
            "someone",
            "t",
        )
        assert received.receive_count == 1, "this is the first receive"
    assert raw.zcard(keys.MOVING) == 0
    assert not raw.exists(keys.move(DEAD))


def test_a_destination_takes_what_came_to_the_source_by_itself_too(
    store: Store, context: Context, clock: ManualClock
) -> None:
    make_queues(store, clock.now_ms())
    bury(store, clock.now_ms(), "a", source=None)
    bury(store, clock.now_ms(), "b")

    finish(begin(context, to=OTHER), clock)

    assert outcome(context) == (MoveStatus.COMPLETED, 2, 2, None)
    assert sorted(bodies(take_all(store, clock.now_ms(), OTHER))) == ["a", "b"]
    assert counts(store, clock.now_ms(), WORK) == (0, 0, 0)


@pytest.mark.parametrize("fifo", [False, True])
@pytest.mark.parametrize("rate", [None, 1])
def test_a_message_without_a_source_stays_and_the_task_tells_why_it_failed(
    store: Store, context: Context, clock: ManualClock, fifo: bool, rate: int | None
) -> None:
    work, _, dead = make_queues(store, clock.now_ms(), fifo=fifo)
    group = {"group_id": "g"} if fifo else {}
    for texts_of, source in (("abc", None), ("de", work)):
        for text in texts_of:
            bury(store, clock.now_ms(), text, dead=dead, source=source, **group)
            clock.advance(ms=1)

    finish(begin(context, dead=dead, rate=rate), clock)

    assert outcome(context, dead) == (MoveStatus.FAILED, 2, 5, CANNOT_TELL_SOURCE)
    moved = bodies(take_all(store, clock.now_ms(), work))
    assert (moved if fifo else sorted(moved)) == ["d", "e"]
    assert counts(store, clock.now_ms(), dead) == (3, 0, 0), "they are ready again at once"
    left = claim(store, clock.now_ms(), queue=dead)
    assert sorted(bodies(left)) == ["a", "b", "c"]
    assert [received.receive_count for received in left.messages] == [1, 1, 1]


def test_a_message_whose_source_is_gone_stays(store: Store, context: Context, clock: ManualClock) -> None:
    make_queues(store, clock.now_ms())
    bury(store, clock.now_ms(), "a")
    bury(store, clock.now_ms(), "b", source=OTHER)
    store.queues.delete(WORK, clock.now_ms())

    finish(begin(context), clock)

    assert outcome(context) == (MoveStatus.FAILED, 1, 2, NO_DESTINATION)
    assert bodies(take_all(store, clock.now_ms(), OTHER)) == ["b"]
    assert counts(store, clock.now_ms(), DEAD) == (1, 0, 0)


def test_many_messages_that_cannot_be_moved_end_the_task(store: Store, context: Context, clock: ManualClock) -> None:
    make_queues(store, clock.now_ms())
    count = MOST_KEPT + 3 * MOST_MESSAGES
    bury(store, clock.now_ms(), *texts(count), source=None)
    clock.advance(seconds=1)

    finish(begin(context), clock)

    assert outcome(context) == (MoveStatus.FAILED, 0, count, CANNOT_TELL_SOURCE)
    assert counts(store, clock.now_ms(), DEAD) == (count, 0, 0)


def test_what_was_received_before_counts_no_receive_more(store: Store, context: Context, clock: ManualClock) -> None:
    make_queues(store, clock.now_ms())
    bury(store, clock.now_ms(), "a", source=None)
    first = claim(store, clock.now_ms(), queue=DEAD, visibility_ms=1_000)
    clock.advance(seconds=1)

    finish(begin(context), clock)

    (again,) = claim(store, clock.now_ms(), queue=DEAD).messages
    assert again.receive_count == 2
    assert again.first_received_at_ms == first.messages[0].first_received_at_ms


def test_a_destination_that_is_deleted_fails_the_task_and_keeps_the_rest_in_the_source(
    store: Store, context: Context, clock: ManualClock
) -> None:
    make_queues(store, clock.now_ms())
    bury(store, clock.now_ms(), *texts(4))
    mover = begin(context, to=OTHER, rate=1)
    work_until(mover, clock, lambda: latest(context).moved == 2)
    store.queues.delete(OTHER, clock.now_ms())

    finish(mover, clock)

    assert outcome(context) == (MoveStatus.FAILED, 2, 4, NO_DESTINATION)
    left = bodies(claim(store, clock.now_ms(), queue=DEAD))
    assert len(left) == 2, "they are ready again at once"


def test_a_cancelled_task_ends_with_what_it_has_moved(store: Store, context: Context, clock: ManualClock) -> None:
    make_queues(store, clock.now_ms())
    bury(store, clock.now_ms(), *texts(5))
    mover = begin(context, rate=1)
    work_until(mover, clock, lambda: latest(context).moved == 2)

    assert cancel_move(context, latest(context).handle) == 2
    assert latest(context).status is MoveStatus.CANCELLING
    assert mover.step() is None

    assert outcome(context) == (MoveStatus.CANCELLED, 2, 5, None)
    moved, left = bodies(take_all(store, clock.now_ms(), WORK)), bodies(claim(store, clock.now_ms(), queue=DEAD))
    assert (len(moved), len(left)) == (2, 3)
    assert sorted(moved + left) == texts(5)


def test_a_task_on_an_empty_queue_is_complete_at_once(store: Store, context: Context, clock: ManualClock) -> None:
    make_queues(store, clock.now_ms())

    assert begin(context).step() is None

    assert outcome(context) == (MoveStatus.COMPLETED, 0, 0, None)


def test_what_is_in_flight_or_delayed_is_left_alone(store: Store, context: Context, clock: ManualClock) -> None:
    make_queues(store, clock.now_ms())
    bury(store, clock.now_ms(), "in flight")
    claim(store, clock.now_ms(), queue=DEAD)
    send(store, clock.now_ms(), "delayed", queue=DEAD, delay_ms=60_000)
    bury(store, clock.now_ms(), "ready")

    finish(begin(context), clock)

    assert outcome(context) == (MoveStatus.COMPLETED, 1, 1, None)
    assert bodies(take_all(store, clock.now_ms(), WORK)) == ["ready"]
    assert counts(store, clock.now_ms(), DEAD) == (0, 1, 1)


def test_a_purge_in_the_middle_completes_the_task(store: Store, context: Context, clock: ManualClock) -> None:
    make_queues(store, clock.now_ms())
    bury(store, clock.now_ms(), *texts(4))
    mover = begin(context, rate=1)
    work_until(mover, clock, lambda: latest(context).moved == 2)
    store.messages.purge(DEAD, clock.now_ms())

    finish(mover, clock)

    assert outcome(context) == (MoveStatus.COMPLETED, 2, 4, None)


def test_a_source_that_is_deleted_in_the_middle_ends_the_task_without_a_trace(
    store: Store, context: Context, clock: ManualClock, raw: redis.Redis
) -> None:
    make_queues(store, clock.now_ms())
    bury(store, clock.now_ms(), *texts(4))
    mover = begin(context, rate=1)
    work_until(mover, clock, lambda: latest(context).moved == 2)
    store.queues.delete(DEAD, clock.now_ms())

    finish(mover, clock)

    assert raw.zcard(keys.MOVING) == 0
    assert len(take_all(store, clock.now_ms(), WORK)) == 2
    assert {key for key in all_keys(raw) if ":move" in key} == set()


def test_a_name_without_a_task_is_dropped_once_its_task_can_no_longer_come(
    store: Store, context: Context, clock: ManualClock, raw: redis.Redis
) -> None:
    make_queues(store, clock.now_ms())
    orphan = ActiveMove(DEAD, "10f57157-fc38-4da9-a113-4de7e12d05dd", clock.now_ms())
    raw.zadd(keys.MOVING, {f"{DEAD} {orphan.task_id}": orphan.started_at_ms})

    clock.advance(ms=ORPHAN_MS - 1)
    assert Mover(context, "me", orphan).step() is None
    assert store.sweeping.sweep([], "me", clock.now_ms()).moves == (orphan,)
    clock.advance(ms=1)
    assert Mover(context, "me", orphan).step() is None
    assert store.sweeping.sweep([], "me", clock.now_ms()).moves == ()


def test_long_messages_are_moved_a_few_at_a_time(store: Store, context: Context, clock: ManualClock) -> None:
    make_queues(store, clock.now_ms())
    for text in "abc":
        bury(store, clock.now_ms(), text * MESSAGE_BYTES)
    mover = begin(context)

    mover.step()

    assert counts(store, clock.now_ms(), WORK) == (1, 0, 0)
    finish(mover, clock)
    assert outcome(context) == (MoveStatus.COMPLETED, 3, 3, None)


@pytest.mark.parametrize("rate", [None, 30])
def test_the_order_of_each_group_of_a_fifo_queue_is_kept(
    store: Store, context: Context, clock: ManualClock, rate: int | None
) -> None:
    work, other, dead = make_queues(store, clock.now_ms(), fifo=True)
    sent: dict[tuple[QueueId, str], list[str]] = {}
    for number in range(250):
        queue, group = (work, other)[number % 2], f"group-{number % 3}"
        bury(store, clock.now_ms(), f"{number:04d}", dead=dead, source=queue, group_id=group)
        sent.setdefault((queue, group), []).append(f"{number:04d}")

    finish(begin(context, dead=dead, rate=rate), clock)

    assert outcome(context, dead) == (MoveStatus.COMPLETED, 250, 250, None)
    arrived: dict[tuple[QueueId, str], list[str]] = {}
    for queue in (work, other):
        for received in take_all(store, clock.now_ms(), queue):
            assert received.message.deduplication_id == received.message.message_id
            arrived.setdefault((queue, received.message.group_id or ""), []).append(received.message.body)
    assert arrived == sent


def test_a_clock_that_is_set_back_does_not_stop_a_task_that_keeps_a_pace(
    store: Store, context: Context, clock: ManualClock
) -> None:
    make_queues(store, clock.now_ms())
    bury(store, clock.now_ms(), *texts(5))
    clock.advance(seconds=3_600)
    mover = begin(context, rate=1)
    work_until(mover, clock, lambda: latest(context).moved == 1)
    clock.advance(seconds=-1_800)
    started_at_ms = clock.now_ms()
    work_until(mover, clock, lambda: latest(context).moved == 3)
    assert clock.now_ms() - started_at_ms <= 5_000


@pytest.mark.parametrize("rate", [1, 7, 21, 39, 500])
def test_no_second_sees_more_than_the_rate(store: Store, context: Context, clock: ManualClock, rate: int) -> None:
    make_queues(store, clock.now_ms())
    count = min(4 * rate, 1_000)
    bury(store, clock.now_ms(), *texts(count))
    started_at_ms = clock.now_ms()

    finish(begin(context, rate=rate), clock)

    sent_at_ms = sorted(received.message.sent_at_ms for received in take_all(store, clock.now_ms(), WORK))
    assert len(sent_at_ms) == count
    for place, at_ms in enumerate(sent_at_ms[rate:]):
        assert at_ms - sent_at_ms[place] >= 1000, "the first of any rate + 1 messages is a second older than the last"
    assert sent_at_ms[-1] - started_at_ms <= 1000 * count / rate * 1.2
