"""Whose turn it is: one scheduler for each queue in the eyes of all, and everyone's in the end."""

from collections import Counter

from karin.scheduler.turns import FAR_MS, FIRST_WAIT_MS, RANKS, Turns
from karin.sqs.names import QueueId
from tests.store.support import ACCOUNT

NOW_MS = 1_700_000_000_000
OLDEST_MS = NOW_MS - 180_000
QUEUES = [QueueId(ACCOUNT, f"queue-{number}") for number in range(200)]


def machines(count: int) -> dict[str, Turns]:
    """Return the turns of schedulers that know of each other."""
    ids = [f"machine-{number}-7-abcdef12" for number in range(count)]
    all_turns = {one: Turns(one, NOW_MS - 1_000) for one in ids}
    for turns in all_turns.values():
        turns.learn(dict.fromkeys(ids, NOW_MS), OLDEST_MS)
    return all_turns


def test_alone_a_scheduler_never_waits() -> None:
    alone = Turns("machine-1-7-abcdef12", NOW_MS)
    assert alone.wait_ms(QUEUES[0]) == 0
    alone.learn({"machine-1-7-abcdef12": NOW_MS}, OLDEST_MS)
    assert alone.wait_ms(QUEUES[0]) == 0
    assert alone.hears(QUEUES[0])


def test_of_many_one_claims_at_once_and_each_further_one_waits_twice_as_long() -> None:
    all_turns = machines(100).values()
    for queue in QUEUES[:20]:
        waits = sorted(turns.wait_ms(queue) for turns in all_turns)
        assert waits[:RANKS] == [0, *(FIRST_WAIT_MS * 2**rank for rank in range(RANKS - 1))]
        assert set(waits[RANKS:]) == {FAR_MS}
        assert sum(turns.hears(queue) for turns in all_turns) == RANKS


def test_the_queues_are_spread_over_the_machines_and_one_more_moves_few() -> None:
    first = {queue: one for one, turns in machines(10).items() for queue in QUEUES if not turns.wait_ms(queue)}
    assert max(Counter(first.values()).values()) < len(QUEUES) / 10 * 2.5
    then = {queue: one for one, turns in machines(11).items() for queue in QUEUES if not turns.wait_ms(queue)}
    assert sum(first[queue] != then[queue] for queue in QUEUES) < len(QUEUES) / 11 * 2.5


def test_the_dead_do_not_count() -> None:
    own, other = "machine-1-7-abcdef12", "machine-2-7-abcdef12"
    turns = Turns(own, NOW_MS)
    turns.learn({own: NOW_MS, other: OLDEST_MS - 1}, OLDEST_MS)
    assert all(turns.wait_ms(queue) == 0 for queue in QUEUES)
    turns.learn({own: NOW_MS, other: OLDEST_MS}, OLDEST_MS)
    assert any(turns.wait_ms(queue) for queue in QUEUES)


def test_those_that_crashed_on_a_host_do_not_count_beside_the_one_that_runs_there() -> None:
    own = "machine-1-9-abcdef12"
    turns = Turns(own, NOW_MS)
    before = {f"machine-1-{pid}-abcdef12": NOW_MS - 1 for pid in range(8)}
    turns.learn(before | {own: NOW_MS}, OLDEST_MS)
    assert all(turns.wait_ms(queue) == 0 for queue in QUEUES)
    elsewhere = {f"machine-2-{pid}-abcdef12": NOW_MS - pid for pid in range(8)}
    turns.learn(elsewhere | {own: NOW_MS}, OLDEST_MS)
    assert {turns.wait_ms(queue) for queue in QUEUES} == {0, FIRST_WAIT_MS}


def test_whoever_only_sweeps_leaves_a_queue_to_others_until_its_messages_have_waited() -> None:
    queue = QUEUES[0]
    far = next(turns for turns in machines(100).values() if not turns.hears(queue))
    assert far.seen(queue, None, NOW_MS) is None
    assert far.seen(queue, NOW_MS, NOW_MS) is None
    assert far.seen(queue, NOW_MS - FAR_MS, NOW_MS) == NOW_MS - FAR_MS
    near = next(turns for turns in machines(100).values() if turns.hears(queue))
    assert near.seen(queue, NOW_MS + 5, NOW_MS) == NOW_MS + 5
