"""The schedule of faults is the same for the same seed, and leaves no kind out."""

from itertools import islice

from tests.chaos.plan import MOODS, PROCESSES, Choices, Verb, faults

INSIDE, OUTSIDE = Choices(is_outside=False), Choices(is_outside=True, can_fill=True, longest_stop_ms=60_000)


def test_the_same_seed_makes_the_same_schedule_and_another_makes_another() -> None:
    first, again, other = (list(islice(faults(seed, INSIDE), 50)) for seed in (7, 7, 8))
    assert first == again != other


def test_every_kind_of_fault_comes_before_any_comes_twice() -> None:
    kinds = 2 * len(PROCESSES) + 2 + len(MOODS)
    assert len({fault.kind for fault in islice(faults(1, INSIDE), kinds)}) == kinds
    more = kinds + 5  # an outside store's restart, three of the proxy, a full disk
    assert len({fault.kind for fault in islice(faults(1, OUTSIDE), more)}) == more


def test_processes_stand_still_for_a_second_at_least_and_no_longer_than_is_chosen() -> None:
    holds_ms = [fault.hold_ms for fault in islice(faults(1, OUTSIDE), 500) if fault.verb is Verb.STOP]
    assert min(holds_ms) >= 1_000
    assert 50_000 < max(holds_ms) <= 60_000
