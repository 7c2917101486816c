"""Whose round is next: each queue in its turn, none with all the threads while there are others."""

import random
from collections import Counter

import pytest

from karin.scheduler.line import Line
from karin.sqs.names import QueueId
from tests.store.support import ACCOUNT

A, B, C = (QueueId(ACCOUNT, name) for name in "abc")


def begin_all(line: Line, *, is_only_one: bool = False) -> list[str]:
    """Begin every round that may; return the names of the queues in order."""
    begun = []
    while found := line.next(is_only_one=is_only_one):
        line.claimed(found[0])
        begun.append(found[0].name)
    return begun


def flood(line: Line, queue: QueueId, *, is_only_one: bool = False) -> int:
    """Let one queue take as many threads as it may; return how many those are."""
    taken = 0
    while True:
        line.join(queue, None)
        if not line.next(is_only_one=is_only_one):
            return taken
        line.claimed(queue)
        taken += 1


def test_queues_begin_in_the_order_in_which_they_came_and_wait_once_each() -> None:
    line = Line(10)
    for queue in (B, A, B, C, A):
        line.join(queue, None)
    assert begin_all(line) == ["b", "a", "c"]
    assert line.running == 3


def test_a_queue_that_waits_twice_is_due_since_the_earlier_instant() -> None:
    line = Line(4)
    line.join(A, 7)
    line.join(A, 5)
    line.join(A, None)
    line.join(A, 9)
    line.join(B, None)
    assert line.next(is_only_one=False) == (A, 5)
    assert line.next(is_only_one=False) == (B, None)


@pytest.mark.parametrize(("threads", "taken"), [(1, 1), (2, 1), (4, 3), (8, 6), (100, 75), (500, 375)])
def test_a_flooded_queue_takes_three_quarters_of_the_threads_while_there_are_others(threads: int, taken: int) -> None:
    assert flood(Line(threads), A) == taken


@pytest.mark.parametrize("threads", [1, 2, 100])
def test_a_queue_without_others_takes_all_threads(threads: int) -> None:
    assert flood(Line(threads), A, is_only_one=True) == threads


def test_beside_a_flooded_queue_every_other_has_a_thread_at_once() -> None:
    line = Line(100)
    flood(line, A)
    others = [QueueId(ACCOUNT, f"other-{number}") for number in range(25)]
    for other in others:
        line.join(other, None)
    assert set(begin_all(line)) == {other.name for other in others}


def test_a_second_flooded_queue_has_its_part_at_once_and_soon_as_much_as_the_first() -> None:
    line, chance = Line(100), random.Random(1)  # noqa: S311
    running = Counter({A: flood(line, A)})
    running[B] = flood(line, B)
    assert running[B] == 19
    for _ in range(300):  # calls end one after the other, and both queues want more
        ends = chance.choices([A, B], [running[A], running[B]])[0]
        line.leave(ends)
        running[ends] -= 1
        line.join(A, None)
        line.join(B, None)
        while begun := line.next(is_only_one=False):
            line.claimed(begun[0])
            running[begun[0]] += 1
    assert abs(running[A] - running[B]) <= 2
    assert line.running == running.total() >= 85


def test_a_round_that_ends_leaves_its_thread_to_the_next_in_line() -> None:
    line = Line(1)
    for queue in (A, B):
        line.join(queue, None)
    assert begin_all(line) == ["a"]
    line.join(A, None)
    line.leave(A)
    assert begin_all(line) == ["b"]
    line.leave(B)
    assert begin_all(line) == ["a"]


def test_a_queue_is_claimed_from_by_one_round_at_a_time_and_others_meanwhile() -> None:
    line = Line(4)
    for queue in (A, B):
        line.join(queue, None)
    assert line.next(is_only_one=False) == (A, None)
    line.join(A, 5)
    assert line.next(is_only_one=False) == (B, None)
    assert line.next(is_only_one=False) is None
    line.claimed(B)
    assert line.next(is_only_one=False) is None, "B has nothing more"
    line.claimed(A)
    assert line.next(is_only_one=False) == (A, 5), "while the first of its rounds goes on"
    assert line.running == 3
