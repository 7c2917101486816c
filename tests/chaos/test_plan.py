"""The schedule of faults is the same for the same seed, and leaves no kind out."""

from itertools import islice

from tests.chaos.plan import JUMPS, LONGEST_JUMP_BACK_MS, MOODS, PROCESSES, Choices, Verb, faults

INSIDE, OUTSIDE = Choices(is_outside=False), Choices(is_outside=True, can_fill=True, longest_stop_ms=60_000)


def test_the_same_seed_makes_the_same_schedule_and_another_makes_another() -> None:
    first, again, other = (list(islice(faults(seed, INSIDE), 50)) for seed in (7, 7, 8))
    assert first == again != other


def test_every_kind_of_fault_comes_before_any_comes_twice() -> None:
    kinds = 2 * len(PROCESSES) + 2 + len(MOODS) + len(JUMPS)
    assert len({fault.kind for fault in islice(faults(1, INSIDE), kinds)}) == kinds
    more = kinds + 5  # an outside store's restart, three of the proxy, a full disk
    assert len({fault.kind for fault in islice(faults(1, OUTSIDE), more)}) == more


def test_processes_stand_still_for_a_second_at_least_and_no_longer_than_is_chosen() -> None:
    holds_ms = [fault.hold_ms for fault in islice(faults(1, OUTSIDE), 500) if fault.verb is Verb.STOP]
    assert min(holds_ms) >= 1_000
    assert 50_000 < max(holds_ms) <= 60_000


def test_clocks_jump_by_seconds_to_an_hour_and_far_back_only_for_a_while() -> None:
    jumps = [fault for fault in islice(faults(1, INSIDE), 3_000) if fault.verb is Verb.JUMP]
    by_ms = {way: [fault.by_ms for fault in jumps if fault.target == way] for way in JUMPS}
    assert 1_000 <= min(by_ms["forward"]) < 10_000 < 1_800_000 < max(by_ms["forward"]) <= 3_600_000
    assert -3_600_000 <= min(by_ms["lapse"]) < -1_800_000 < -10_000 < max(by_ms["lapse"]) <= -1_000
    assert -LONGEST_JUMP_BACK_MS <= min(by_ms["back"]) < 0
    assert all(fault.by_ms == 0 for fault in islice(faults(1, INSIDE), 100) if fault.verb is not Verb.JUMP)


def test_a_clusters_primaries_die_stand_still_and_hand_over_and_its_slots_move() -> None:
    choices = Choices(is_outside=False, is_cluster=True)
    kinds = {fault.kind for fault in islice(faults(1, choices), 2 * len(PROCESSES) + 5)}
    assert {"kill primary", "stop primary", "move slot", "move slot at once", "move primary"} <= kinds
    assert "kill store" not in kinds
