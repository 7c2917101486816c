"""Long bodies are stored compressed, and whoever bounds what it takes is promised the bytes of what they are plain."""

from typing import Any

import redis

from karin.store import keys
from karin.store.inspect import PREVIEW_BYTES
from karin.store.messages import Verdict
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.support import FIFO, QUEUE, bodies, claim, create, nudges, send, settlement

BODY = "한글 and text. " * 3_000  # 51,000 bytes
BODY_BYTES = len(BODY.encode())


def test_a_long_body_takes_less_of_the_store_and_comes_back_as_it_was(
    store: Store, clock: ManualClock, raw: redis.Redis
) -> None:
    for queue in (QUEUE, FIFO):
        create(store, clock.now_ms(), queue)
        fifo: dict[str, Any] = {"delay_ms": None, "group_id": "g", "deduplication_id": "d"} if queue.is_fifo else {}
        send(store, clock.now_ms(), BODY, queue=queue, **fifo)
        assert 0 < int(str(raw.hget(keys.queue(queue), keys.STORED_BYTES))) < BODY_BYTES / 10
        assert bodies(claim(store, clock.now_ms(), queue=queue)) == [BODY]


def test_a_claim_takes_no_more_than_its_bytes_of_plain_bodies(store: Store, clock: ManualClock) -> None:
    for queue in (QUEUE, FIFO):
        create(store, clock.now_ms(), queue)
        for number in range(5):
            fifo: dict[str, Any] = (
                {"delay_ms": None, "group_id": "g", "deduplication_id": str(number)} if queue.is_fifo else {}
            )
            send(store, clock.now_ms(), BODY, queue=queue, **fifo)
        assert len(claim(store, clock.now_ms(), queue=queue, most_bytes=3 * BODY_BYTES).messages) == 2
        # The first is taken whatever its size, but what is left of the group is behind what is leased.
        assert len(claim(store, clock.now_ms(), queue=queue, most_bytes=BODY_BYTES // 2).messages) == (
            0 if queue.is_fifo else 1
        )


def test_a_window_is_full_when_its_plain_bodies_fill_a_batch(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms())
    room = 4 * BODY_BYTES
    for _ in range(2):
        send(store, clock.now_ms(), BODY)
    waits = claim(store, clock.now_ms(), most=1_000, most_bytes=room, window_ms=60_000)
    assert (waits.messages, waits.next_due_at_ms) == ((), clock.now_ms() + 60_000)
    with nudges(store) as heard:
        send(store, clock.now_ms(), BODY)
        assert heard.heard() == []
        send(store, clock.now_ms(), BODY)
        assert len(heard.heard()) == 1
    taken = claim(store, clock.now_ms(), most=1_000, most_bytes=room, window_ms=60_000)
    assert len(taken.messages) == 3, "the bytes beside the bodies count, too"


def test_a_list_shows_the_beginning_of_a_compressed_body_and_its_length(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms())
    send(store, clock.now_ms(), BODY)
    (seen,) = store.views.messages(QUEUE, clock.now_ms(), most=1).messages
    assert seen.body_bytes == BODY_BYTES
    assert BODY.startswith(seen.message.body)
    assert PREVIEW_BYTES - 3 < len(seen.message.body.encode()) <= PREVIEW_BYTES
    assert store.views.message(QUEUE, clock.now_ms(), seen.message.message_id).message.body == BODY


def test_a_delay_beyond_the_retention_keeps_the_send_of_a_compressed_message(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms(), MessageRetentionPeriod=60)
    sent_at_ms = clock.now_ms()
    send(store, sent_at_ms, BODY, delay_ms=600_000)
    (received,) = claim(store, clock.advance(ms=600_000)).messages
    assert (received.message.body, received.message.sent_at_ms) == (BODY, sent_at_ms)
    assert received.message.retained_from_ms == sent_at_ms + 600_000
    store.messages.settle(QUEUE, clock.now_ms(), [settlement(received, Verdict.DELETE)])
    assert store.queues.describe(QUEUE, clock.now_ms()).held_bytes == 0
