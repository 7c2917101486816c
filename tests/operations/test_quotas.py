"""What senders are refused when a queue, or all queues together, hold as much as they may; and what that costs."""

from dataclasses import replace
from pathlib import Path

import pytest
import redis

from karin.operations.context import Context
from karin.operations.quotas import FULL_LOOK_MS, LOOK_MS
from karin.operations.sending import Sender, SentMessage, send_message, send_message_batch
from karin.settings import Settings
from karin.sqs.errors import OverLimit, QueueDoesNotExist
from karin.sqs.names import QueueId
from karin.sqs.quotas import Limits
from karin.sqs.sending import Send
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import FIFO, OTHER, QUEUE, claim, create
from tests.wire.monitoring import commands

BODY = "x" * 1000  # too short to be compressed
ME = Sender("AIDA")
MEGABYTE = 1024 * 1024


def bounded(store: Store, clock: ManualClock, *, queue_bytes: int = 0, total_bytes: int = 0) -> Context:
    """Return what operations need, with these limits."""
    settings = Settings(home=Path("/nonexistent"), max_queue_bytes=queue_bytes, max_bytes=total_bytes)
    return Context.of(store, clock, settings)


def test_limits_are_a_share_of_the_stores_memory_unless_they_are_set() -> None:
    assert Limits.of(None, None, 0) == Limits(None, None)
    assert Limits.of(None, None, 64 * MEGABYTE) == Limits(36 * MEGABYTE, 48 * MEGABYTE)
    assert Limits.of(None, 1_000, 64 * MEGABYTE) == Limits(750, 1_000)
    assert Limits.of(500, None, 0) == Limits(500, None)
    assert Limits.of(0, 0, 64 * MEGABYTE) == Limits(None, None)


def test_a_sender_is_told_which_queue_is_full_how_much_it_holds_and_which_setting_bounds_it(
    store: Store, clock: ManualClock
) -> None:
    create(store, clock.now_ms())
    context = bounded(store, clock, queue_bytes=2_000)
    send_message(context, QUEUE, Send(BODY), ME)
    held = store.queues.describe(QUEUE, clock.now_ms()).held_bytes
    with pytest.raises(OverLimit) as refused:
        send_message(context, QUEUE, Send(BODY), ME)
    assert refused.value.message == (
        f"The queue work holds {held:,} bytes and has no room for this message: it may hold 2,000"
        " (KARIN_MAX_QUEUE_BYTES)."
    )
    assert (refused.value.status, refused.value.shape) == (403, "OverLimit")


@pytest.mark.parametrize("limits", [{"queue_bytes": 3_600}, {"total_bytes": 3_600}])
@pytest.mark.parametrize("queue", [QUEUE, FIFO])
def test_the_entries_of_a_batch_that_find_no_room_fail_and_the_others_do_not(
    store: Store, clock: ManualClock, limits: dict[str, int], queue: QueueId
) -> None:
    create(store, clock.now_ms(), queue)
    group = "g" if queue.is_fifo else None
    sends = [
        Send(BODY if place < 4 else "small", group_id=group, deduplication_id=group and str(place))
        for place in range(5)
    ]
    results = send_message_batch(bounded(store, clock, **limits), queue, list("01234"), sends, ME)
    assert [type(result) for result in results] == [SentMessage, SentMessage, OverLimit, OverLimit, SentMessage]
    assert store.queues.describe(queue, clock.now_ms()).ready == 3


def test_one_full_queue_leaves_room_to_others_until_all_together_are_full(store: Store, clock: ManualClock) -> None:
    for queue in (QUEUE, OTHER):
        create(store, clock.now_ms(), queue)
    context = bounded(store, clock, queue_bytes=2_000, total_bytes=3_000)
    send_message(context, QUEUE, Send(BODY), ME)
    with pytest.raises(OverLimit, match="The queue work holds"):
        send_message(context, QUEUE, Send("y" * 700), ME)
    send_message(context, OTHER, Send(BODY), ME)
    with pytest.raises(OverLimit, match=r"All queues together hold 2,\d{3} bytes .* 3,000 \(KARIN_MAX_BYTES\)"):
        send_message(context, OTHER, Send("y" * 700), ME)


def test_a_missing_queue_wins_over_a_full_store(store: Store, clock: ManualClock) -> None:
    with pytest.raises(QueueDoesNotExist):
        send_message(bounded(store, clock, total_bytes=1), QUEUE, Send(BODY), ME)


def test_room_that_others_made_is_seen_within_a_second_and_what_they_sent_within_a_minute(
    store: Store, clock: ManualClock
) -> None:
    for queue in (QUEUE, OTHER):
        create(store, clock.now_ms(), queue)
    mine, theirs = (bounded(store, clock, total_bytes=3_000) for _ in range(2))
    send_message(mine, QUEUE, Send(BODY), ME)
    send_message(theirs, OTHER, Send(BODY), ME)
    send_message(mine, QUEUE, Send("y" * 700), ME)  # it does not know of theirs yet
    clock.advance(ms=LOOK_MS)
    with pytest.raises(OverLimit):
        send_message(mine, QUEUE, Send("small"), ME)
    claim(store, clock.now_ms())
    store.messages.purge(QUEUE, clock.now_ms())
    with pytest.raises(OverLimit):
        send_message(mine, QUEUE, Send("small"), ME)
    clock.advance(ms=FULL_LOOK_MS)
    send_message(mine, QUEUE, Send("small"), ME)


def test_a_send_is_one_command_a_full_store_is_looked_at_once_a_second_and_an_unbounded_one_never_again(
    store: Store, clock: ManualClock, raw: redis.Redis
) -> None:
    for queue in (QUEUE, OTHER):
        create(store, clock.now_ms(), queue)
    context = bounded(store, clock, total_bytes=3_000)
    send_message(context, QUEUE, Send("small"), ME)
    with commands(raw) as seen:
        send_message(context, QUEUE, Send(BODY), ME)
        send_message(context, OTHER, Send("small"), ME)
    assert seen == ["EVALSHA"] * 2
    clock.advance(ms=FULL_LOOK_MS)
    with commands(raw) as seen:
        for _ in range(5):
            with pytest.raises(OverLimit):
                send_message(context, QUEUE, Send(BODY * 2), ME)
    assert len(seen) == 5 + 1  # each looks whether there is such a queue
    unbounded = replace(context, quotas=bounded(store, clock).quotas)
    send_message(unbounded, QUEUE, Send("small"), ME)
    clock.advance(ms=10 * LOOK_MS)
    with commands(raw) as seen:
        send_message(unbounded, QUEUE, Send("small"), ME)
    assert seen == ["EVALSHA"]
