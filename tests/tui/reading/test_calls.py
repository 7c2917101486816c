"""The tail of the calls: new ones are read, what was read stays, and what the store no longer has is gone."""

from uuid import uuid4

from karin.mapping.invocation import Invocation, pack_invocation
from karin.mapping.outcome import OutcomeKind
from karin.operations import queues
from karin.operations.context import Context
from karin.sqs.names import QueueId
from karin.store.inspect import QUEUES_AT_ONCE
from karin.tui.reading.calls import FEWEST_OF_QUEUE, MOST_BYTES, MOST_CALLS, CallTail
from tests.clocks import ManualClock


def _call(context: Context, clock: ManualClock, queue: QueueId, event: bytes = b"") -> Invocation:
    """Record a call a millisecond after the last one."""
    clock.advance(ms=1)
    one = Invocation(
        id=str(uuid4()),
        queue=queue,
        mapping_uuid="uuid",
        function_arn="arn:aws:lambda:us-east-1:000000000000:function:f",
        outcome=OutcomeKind.SUCCEEDED,
        started_at_ms=clock.now_ms(),
        duration_ms=1,
        compressed_event=event,
    )
    context.store.messages.settle(queue, clock.now_ms(), [], invocation=pack_invocation(one))
    return one


def test_the_calls_of_all_queues_are_told_newest_first_and_none_is_read_twice(
    context: Context, clock: ManualClock
) -> None:
    orders, mail = (queues.create_queue(context, name, {}, {}) for name in ("orders", "mail"))
    tail = CallTail(context.store.views)
    assert tail.read([orders, mail]) == ((), 1)
    first, second = _call(context, clock, orders), _call(context, clock, mail)
    seen, _ = tail.read([orders, mail])
    assert seen == (second, first)
    third = _call(context, clock, orders)
    again, _ = tail.read([orders, mail])
    assert again == (third, second, first)
    assert again[1] is seen[0]
    assert tail.read([orders, mail])[0] is again


def test_a_call_that_was_recorded_twice_is_told_once(context: Context, clock: ManualClock) -> None:
    orders = queues.create_queue(context, "orders", {}, {})
    one = _call(context, clock, orders)
    context.store.messages.settle(orders, clock.now_ms(), [], invocation=pack_invocation(one))
    assert CallTail(context.store.views).read([orders])[0] == (one,)


def test_the_last_hundred_are_kept_of_one_queue_or_of_many(context: Context, clock: ManualClock) -> None:
    many = [queues.create_queue(context, f"queue-{number}", {}, {}) for number in range(QUEUES_AT_ONCE + 4)]
    calls = [_call(context, clock, many[-1]) for _ in range(MOST_CALLS + 5)]
    tail = CallTail(context.store.views)
    found, cost = tail.read(many)
    assert (found, cost) == (tuple(calls[: -FEWEST_OF_QUEUE - 1 : -1]), 2)
    assert CallTail(context.store.views).read(many[-1:])[0] == tuple(calls[: -MOST_CALLS - 1 : -1])
    more = [_call(context, clock, queue) for queue in many for _ in range(FEWEST_OF_QUEUE // 2)]
    assert tail.read(many)[0] == tuple([*calls[-FEWEST_OF_QUEUE:], *more][: -MOST_CALLS - 1 : -1])


def test_large_calls_leave_room_for_fewer(context: Context, clock: ManualClock) -> None:
    many = [queues.create_queue(context, f"queue-{number}", {}, {}) for number in range(10)]
    event = bytes(30_000)
    calls = [_call(context, clock, queue, event) for queue in many for _ in range(8)]
    found, _ = CallTail(context.store.views).read(many)
    assert found == tuple(calls[: -len(found) - 1 : -1])
    assert len(found) == MOST_BYTES // len(event)


def test_calls_of_a_queue_that_is_gone_or_has_forgotten_them_are_gone(context: Context, clock: ManualClock) -> None:
    orders, mail = (queues.create_queue(context, name, {}, {}) for name in ("orders", "mail"))
    _call(context, clock, orders)
    kept = _call(context, clock, mail)
    tail = CallTail(context.store.views)
    tail.read([orders, mail])
    assert tail.read([mail])[0] == (kept,)
    tail.read([orders, mail])
    queues.delete_queue(context, orders)
    assert tail.read([orders, mail])[0] == (kept,)


def test_after_a_gap_only_what_follows_it_is_told(context: Context, clock: ManualClock) -> None:
    orders = queues.create_queue(context, "orders", {}, {})
    tail = CallTail(context.store.views)
    _call(context, clock, orders)
    tail.read([orders])
    calls = [_call(context, clock, orders) for _ in range(MOST_CALLS + 1)]
    assert tail.read([orders])[0] == tuple(calls[:0:-1])
