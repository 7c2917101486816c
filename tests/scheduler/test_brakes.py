"""How many calls of a mapping are made at once, and how soon again, after AWS refused some."""

import itertools

from karin.scheduler.brakes import FIRST_PAUSE_MS, LONGEST_PAUSE_MS, Brakes

NOW_MS = 1_800_000_000_000


def begin(brakes: Brakes, calls: int, now_ms: int = NOW_MS) -> int:
    """Begin as many calls as may be; return how many that are."""
    return sum(brakes.begin("m", now_ms) for _ in range(calls))


def release_time(brakes: Brakes) -> int:
    """Return an instant at which calls may be made again."""
    return (brakes.held_until_ms("m", NOW_MS) or NOW_MS) + 1


def test_nothing_is_held_before_the_first_refusal() -> None:
    brakes = Brakes()
    assert begin(brakes, 1_000) == 1_000
    assert brakes.held_until_ms("m", NOW_MS) is None


def test_a_refusal_bounds_calls_to_those_that_run_and_holds_the_next_for_a_moment() -> None:
    brakes = Brakes()
    begin(brakes, 10)
    for _ in range(7):  # AWS lets three run
        brakes.refused("m", NOW_MS, NOW_MS)
        brakes.end("m")
    assert begin(brakes, 1) == 0
    later_ms = release_time(brakes)
    assert NOW_MS + FIRST_PAUSE_MS // 2 <= later_ms <= NOW_MS + 2 * FIRST_PAUSE_MS + 1
    assert begin(brakes, 1, later_ms) == 0, "three run"
    brakes.end("m")
    assert begin(brakes, 5, later_ms) == 1


def test_other_mappings_are_not_held() -> None:
    brakes = Brakes()
    begin(brakes, 1)
    brakes.refused("m", NOW_MS, NOW_MS)
    assert brakes.begin("other", NOW_MS)


def test_calls_that_end_well_raise_the_bound_little_by_little_and_end_the_hold() -> None:
    brakes = Brakes()
    begin(brakes, 2)
    brakes.refused("m", NOW_MS, NOW_MS)
    brakes.end("m")
    brakes.accepted("m")
    assert brakes.held_until_ms("m", NOW_MS) is None
    brakes.end("m")
    at_once = []
    for _ in range(20):
        running = begin(brakes, 100)
        at_once.append(running)
        for _ in range(running):
            brakes.accepted("m")
            brakes.end("m")
    assert at_once[0] == 2
    assert 8 <= at_once[-1] <= 22, "no more than one for each round of calls"
    assert {after - before for before, after in itertools.pairwise(at_once)} == {0, 1}


def test_calls_that_the_bound_does_not_bound_do_not_raise_it() -> None:
    brakes = Brakes()
    begin(brakes, 11)
    brakes.refused("m", NOW_MS, NOW_MS)
    for _ in range(11):
        brakes.end("m")
    for _ in range(1_000):
        begin(brakes, 1, release_time(brakes))
        brakes.accepted("m")
        brakes.end("m")
    assert begin(brakes, 100) == 10


def test_calls_refused_together_double_the_pause_once_and_wait_unequally() -> None:
    brakes = Brakes()
    begin(brakes, 50)
    waits = []
    for _ in range(50):
        waits.append(brakes.refused("m", NOW_MS, NOW_MS))
        brakes.end("m")
    assert max(waits) <= 2 * FIRST_PAUSE_MS + FIRST_PAUSE_MS
    assert len(set(waits)) > 10
    assert release_time(brakes) <= NOW_MS + 2 * FIRST_PAUSE_MS + 1


def test_the_pause_doubles_with_each_refusal_in_a_row_up_to_a_limit() -> None:
    brakes, now_ms = Brakes(), NOW_MS
    for number in range(1, 12):
        begin(brakes, 1, now_ms)
        wait_ms = brakes.refused("m", now_ms, now_ms)
        brakes.end("m")
        longest_ms = min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2**number)
        assert longest_ms // 2 <= wait_ms <= longest_ms
        now_ms += wait_ms


def test_what_aws_asks_for_is_waited_within_reason() -> None:
    brakes = Brakes()
    begin(brakes, 1)
    assert brakes.refused("m", NOW_MS, NOW_MS, retry_after_ms=7_000) == 7_000
    brakes.end("m")
    begin(brakes, 1, NOW_MS + 7_000)
    assert brakes.refused("m", NOW_MS + 7_000, NOW_MS + 7_000, retry_after_ms=10**9) == LONGEST_PAUSE_MS


def test_a_clock_that_was_set_back_ends_a_hold_and_the_next_refusal_holds_anew() -> None:
    brakes = Brakes()
    begin(brakes, 2)
    brakes.refused("m", NOW_MS, NOW_MS)
    brakes.end("m")
    brakes.end("m")
    hour_ago_ms = NOW_MS - 3_600_000

    assert brakes.held_until_ms("m", hour_ago_ms) is None
    assert begin(brakes, 1, hour_ago_ms) == 1
    pause_ms = brakes.refused("m", hour_ago_ms, hour_ago_ms)
    assert FIRST_PAUSE_MS <= pause_ms <= LONGEST_PAUSE_MS
    assert brakes.held_until_ms("m", hour_ago_ms + 1) == hour_ago_ms + pause_ms
