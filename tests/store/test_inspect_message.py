"""Looking at one message whole, by its id or the beginning of it."""

import uuid

import pytest

from karin.sqs.names import QueueId
from karin.store import inspect
from karin.store.inspect import UnclearId
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store import fifo
from tests.store.looking import DELAYED, LEASED
from tests.store.support import FIFO, QUEUE, claim, create, outgoing, send


@pytest.mark.parametrize("queue", [QUEUE, FIFO])
def test_one_message_is_shown_whole_by_id_or_the_beginning_of_it(
    store: Store, clock: ManualClock, queue: QueueId
) -> None:
    create(store, clock.now_ms(), queue, ContentBasedDeduplication="true")
    body = "한" * 10_000
    message_id = send(store, clock.now_ms(), body, queue=queue, group_id="a")
    send(store, clock.advance(ms=1), "other", queue=queue, group_id="a")
    claim(store, clock.now_ms(), queue=queue, most=1)

    for beginning in (message_id, message_id[:8], message_id[:13]):
        one = store.views.message(queue, clock.now_ms(), beginning)
        assert (one.message.message_id, one.message.body, one.body_bytes) == (message_id, body, 30_000)
        assert (one.state, one.due_at_ms, one.receive_count) == (LEASED, clock.now_ms() + 30_000, 1)
        assert one.message.sequence_number == ("10000000000000000001" if queue.is_fifo else None)


def test_a_message_without_a_group_and_a_delayed_one_are_found_too(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms())
    create(store, clock.now_ms(), FIFO, DelaySeconds=60)
    (fate,) = fifo.send(store, clock.now_ms(), "a0")
    message_id = send(store, clock.now_ms(), delay_ms=60_000)

    for queue, id_ in ((QUEUE, message_id), (FIFO, fate.message_id)):
        one = store.views.message(queue, clock.now_ms(), id_[:8])
        assert (one.state, one.due_at_ms) == (DELAYED, clock.now_ms() + 60_000)


def test_the_beginning_of_two_ids_or_of_none_is_refused(store: Store, clock: ManualClock) -> None:
    create(store, clock.now_ms())
    ids = [f"abcd{number}{str(uuid.uuid4())[5:]}" for number in (1, 2)]
    for id_ in ids:
        one = outgoing(clock.now_ms())
        message = type(one.message)(id_, "body", clock.now_ms(), group_id="g" if id_ == ids[0] else None)
        store.messages.send(QUEUE, clock.now_ms(), [type(one)(message, 4, 0)])

    with pytest.raises(UnclearId, match="abcd is ambiguous") as refused:
        store.views.message(QUEUE, clock.now_ms(), "abcd")
    assert all(id_ in str(refused.value) for id_ in ids)
    assert store.views.message(QUEUE, clock.now_ms(), "abcd2").message.message_id == ids[1]
    with pytest.raises(UnclearId, match="work has none whose id is, or begins with, ffff"):
        store.views.message(QUEUE, clock.now_ms(), "ffff")


def test_a_beginning_is_searched_among_a_bounded_number_and_that_is_said(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect, "SEARCHED", 2)
    create(store, clock.now_ms())
    for _ in range(3):
        last = send(store, clock.now_ms())
        clock.advance(ms=1)

    with pytest.raises(UnclearId, match="the first 2 messages of work have none"):
        store.views.message(QUEUE, clock.now_ms(), last[:35])
    assert store.views.message(QUEUE, clock.now_ms(), last).message.message_id == last
