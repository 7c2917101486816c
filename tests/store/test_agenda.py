"""The agenda: what is due in all queues together, soonest first, in one command that changes nothing."""

import redis

from karin.sqs.names import QueueId
from karin.store.agenda import SPANS_MS, Agenda, DueEntry
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store import fifo
from tests.store.servers import monitored
from tests.store.support import ACCOUNT, FIFO, OTHER, QUEUE, all_keys, assert_no_leak, claim, create, nudges, send

MINUTE_MS, HOUR_MS, DAY_MS = SPANS_MS[1:]


def due_instants(agenda: Agenda, now_ms: int) -> list[tuple[str, int]]:
    """Return queue and distance in ms of each entry."""
    return [(entry.queue.name, entry.due_at_ms - now_ms) for entry in agenda.entries]


def test_what_is_due_is_told_soonest_first_over_all_queues(store: Store, clock: ManualClock) -> None:
    now_ms = clock.now_ms()
    create(store, now_ms)
    create(store, now_ms, OTHER)
    late = send(store, now_ms, delay_ms=90_000)
    soon = send(store, now_ms, queue=OTHER, delay_ms=5_000)
    ready = send(store, now_ms)

    agenda = store.agenda.read([QUEUE, OTHER], now_ms)

    assert agenda.at_ms == now_ms
    assert agenda.entries == (
        DueEntry(QUEUE, now_ms, ready),
        DueEntry(OTHER, now_ms + 5_000, soon),
        DueEntry(QUEUE, now_ms + 90_000, late),
    )


def test_each_span_ends_with_its_last_millisecond_and_the_last_one_never(store: Store, clock: ManualClock) -> None:
    now_ms = clock.now_ms()
    create(store, now_ms, MessageRetentionPeriod=1_209_600)
    delays_ms = (0, 1, MINUTE_MS, MINUTE_MS + 1, HOUR_MS, HOUR_MS + 1, DAY_MS, DAY_MS + 1, 7 * DAY_MS, 8 * DAY_MS)
    for delay_ms in delays_ms:
        send(store, now_ms, delay_ms=delay_ms)

    assert store.agenda.read([QUEUE], now_ms).counts == {QUEUE: (1, 2, 2, 2, 3)}
    assert store.agenda.read([QUEUE], now_ms + MINUTE_MS).counts == {QUEUE: (3, 1, 2, 2, 2)}


def test_every_queue_is_counted_also_an_empty_and_an_absent_one(store: Store, clock: ManualClock) -> None:
    now_ms = clock.now_ms()
    empty, absent = QueueId(ACCOUNT, "empty"), QueueId(ACCOUNT, "absent")
    for queue in (QUEUE, OTHER, empty):
        create(store, now_ms, queue)
    send(store, now_ms)
    send(store, now_ms, queue=OTHER, delay_ms=1_000)

    counts = store.agenda.read([absent, OTHER, empty, QUEUE], now_ms).counts

    assert counts == {absent: (0,) * 5, OTHER: (0, 1, 0, 0, 0), empty: (0,) * 5, QUEUE: (1, 0, 0, 0, 0)}


def test_no_more_entries_are_told_than_asked_for_wherever_they_wait(store: Store, clock: ManualClock) -> None:
    now_ms = clock.now_ms()
    queues = [QueueId(ACCOUNT, f"q{number}") for number in range(4)]
    for number, queue in enumerate(queues):
        create(store, now_ms, queue)
        for place in range(30):  # more than the script reads at once
            send(store, now_ms, queue=queue, delay_ms=1_000 * place + number)
    expected = [(f"q{number}", 1_000 * place + number) for place in range(30) for number in range(4)]

    for most in (1, 4, 50, 120):
        assert due_instants(store.agenda.read(queues, now_ms, most=most), now_ms) == expected[:most]
    whole = store.agenda.read(queues, now_ms, most=1_000)
    assert due_instants(whole, now_ms) == expected
    assert sum(map(sum, whole.counts.values())) == 120


def test_a_message_in_flight_is_due_when_its_lease_ends(store: Store, clock: ManualClock) -> None:
    now_ms = clock.now_ms()
    create(store, now_ms, VisibilityTimeout=30)
    message_id = send(store, now_ms)
    claim(store, now_ms)

    assert store.agenda.read([QUEUE], now_ms).entries == (DueEntry(QUEUE, now_ms + 30_000, message_id),)


def test_a_group_stands_there_once_with_the_instant_of_its_head(store: Store, clock: ManualClock) -> None:
    now_ms = clock.now_ms()
    create(store, now_ms, FIFO, VisibilityTimeout=30)
    create(store, now_ms)
    fifo.send(store, now_ms, "a1", "a2", "b1")
    fifo.take(store, now_ms, most=1)
    send(store, now_ms, delay_ms=1_000, group_id="그룹")

    agenda = store.agenda.read([FIFO, QUEUE], now_ms)

    assert agenda.entries == (
        DueEntry(FIFO, now_ms, None, "b"),
        DueEntry(QUEUE, now_ms + 1_000, None, "그룹"),
        DueEntry(FIFO, now_ms + 30_000, None, "a"),
    )
    assert agenda.counts == {FIFO: (1, 1, 0, 0, 0), QUEUE: (0, 1, 0, 0, 0)}


def test_it_is_one_command_for_all_queues_and_none_without_any(store: Store, store_url: str) -> None:
    store.agenda.read([QUEUE], 5)  # the script is known from here on
    with monitored(store_url) as commands:
        assert store.agenda.read([], 5) == Agenda(5, {}, ())
        store.agenda.read([QUEUE, OTHER, FIFO], 5)
        assert [command.split()[0] for command in commands()] == ["EVALSHA"]


def test_looking_changes_nothing_and_nudges_nobody(store: Store, clock: ManualClock, raw: redis.Redis) -> None:
    now_ms = clock.now_ms()
    create(store, now_ms)
    send(store, now_ms)
    before = {key: raw.dump(key) for key in all_keys(raw)}
    with nudges(store) as listener:
        store.agenda.read([QUEUE, OTHER], now_ms)
        assert listener.heard() == []
    assert {key: raw.dump(key) for key in all_keys(raw)} == before


def test_looking_at_queues_that_do_not_exist_leaves_no_keys(store: Store, clock: ManualClock, raw: redis.Redis) -> None:
    store.agenda.read([QUEUE, OTHER], clock.now_ms())
    assert_no_leak(raw)
