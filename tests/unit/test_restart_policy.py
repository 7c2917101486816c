"""The restart policy, replayed: histories in, decisions out, no clock and no process."""

import signal

import pytest

from karin.supervisor.restart import (
    FATAL_EXIT_CODES,
    FIRST_BACKOFF_MS,
    LAST_BACKOFF_MS,
    NEVER_UP_LIMIT,
    PROBE_INTERVAL_MS,
    STABLE_MS,
    Action,
    ChildState,
    Phase,
    Verb,
    backoff_ms,
    next_action,
    stop_limit_ms,
    why_beyond_repair,
)

KILLED = -signal.SIGKILL


def crash_loop(child: ChildState, crashes: int, now_ms: int = 0, *, answers: bool = True) -> tuple[list[int], int]:
    """Crash a child at once whenever it is started; return the waits before each start, and the instant."""
    waits: list[int] = []
    for _ in range(crashes):
        child = child.started(now_ms)
        child = (child.answered() if answers else child).ended(KILLED, now_ms)
        action = next_action(child, now_ms)
        if action.verb is Verb.GIVE_UP:
            break
        assert action.again_at_ms is not None
        waits.append(action.again_at_ms - now_ms)
        now_ms = action.again_at_ms
        assert next_action(child, now_ms).verb is Verb.START
    return waits, now_ms


def test_a_new_child_is_started() -> None:
    assert next_action(ChildState(), 0) == Action(Verb.START)


def test_a_running_child_without_a_probe_is_left_alone_and_costs_no_wake_up() -> None:
    assert next_action(ChildState().started(0), 10) == Action(Verb.LEAVE)


def test_a_child_with_a_probe_is_probed_until_it_answers() -> None:
    child = ChildState(probed=True).started(0)
    assert next_action(child, 10) == Action(Verb.PROBE, 10 + PROBE_INTERVAL_MS)
    assert next_action(child.answered(), 10) == Action(Verb.LEAVE)


def test_a_restarted_child_is_probed_again() -> None:
    child = ChildState(probed=True).started(0).answered().ended(KILLED, 5).started(205)
    assert next_action(child, 205).verb is Verb.PROBE


def test_the_first_restart_is_quick_and_the_waits_double_up_to_the_cap() -> None:
    waits, _ = crash_loop(ChildState(probed=True), 12)
    assert waits == [200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000, 30000]


def test_no_number_of_failures_exceeds_the_cap() -> None:
    assert backoff_ms(10**9) == LAST_BACKOFF_MS


def test_a_crashed_child_is_not_started_before_its_wait_is_over() -> None:
    child = ChildState().started(0).ended(1, 1_000)
    assert next_action(child, 1_000) == Action(Verb.LEAVE, 1_000 + FIRST_BACKOFF_MS)
    assert next_action(child, 1_199).verb is Verb.LEAVE
    assert next_action(child, 1_200).verb is Verb.START


def test_the_waits_start_anew_after_a_child_has_stayed_up() -> None:
    child = ChildState(probed=True)
    for _ in range(6):
        child = child.started(0).answered().ended(KILLED, 10)
    assert backoff_ms(child.failures) == 6_400
    stayed = child.started(0).answered().ended(KILLED, STABLE_MS)
    assert backoff_ms(stayed.failures) == FIRST_BACKOFF_MS


def test_a_child_that_ran_long_without_answering_has_not_stayed_up() -> None:
    child = ChildState(probed=True, failures=3).started(0).ended(1, STABLE_MS * 10)
    assert child.failures == 4
    assert not child.ever_up


def test_a_clean_exit_that_nobody_asked_for_is_a_failure_too() -> None:
    child = ChildState().started(0).ended(0, 10)
    assert child.failures == 1
    assert next_action(child, 10 + FIRST_BACKOFF_MS).verb is Verb.START


@pytest.mark.parametrize("code", sorted(FATAL_EXIT_CODES))
def test_an_exit_code_that_tells_of_wrong_settings_is_beyond_repair_even_after_years(code: int) -> None:
    child = ChildState(probed=True).started(0).answered().ended(code, STABLE_MS * 1000)
    assert next_action(child, STABLE_MS * 1000) == Action(Verb.GIVE_UP)
    assert why_beyond_repair(child) == FATAL_EXIT_CODES[code]


@pytest.mark.parametrize("status", [0, 1, 5, 128, -signal.SIGTERM, -signal.SIGKILL, -signal.SIGSEGV])
def test_any_other_end_is_worth_another_start(status: int) -> None:
    assert why_beyond_repair(ChildState().started(0).ended(status, 10)) is None


def test_a_child_that_was_never_up_is_given_up_after_five_failures() -> None:
    waits, _ = crash_loop(ChildState(probed=True), 100, answers=False)
    assert waits == [200, 400, 800, 1600]
    child = ChildState(probed=True, failures=NEVER_UP_LIMIT - 1).started(0).ended(1, 10)
    assert why_beyond_repair(child) == "it failed 5 times in a row and was never up"


def test_a_child_that_was_up_once_is_started_again_for_ever() -> None:
    child = ChildState(probed=True).started(0).answered().ended(KILLED, 10)
    waits, _ = crash_loop(child, 1_000, answers=False)
    assert len(waits) == 1_000


def test_a_child_without_a_probe_was_up_when_it_stayed_up() -> None:
    brief = ChildState().started(0).ended(1, STABLE_MS - 1)
    assert not brief.ever_up
    assert ChildState().started(0).ended(1, STABLE_MS).ever_up


def test_draining_lets_a_running_child_be_until_its_turn() -> None:
    child = ChildState(probed=True).started(0).drained()
    assert child.phase is Phase.RUNNING
    assert next_action(child, 10**6) == Action(Verb.LEAVE)


def test_draining_starts_nothing_any_more() -> None:
    assert ChildState().drained().phase is Phase.GONE
    waiting = ChildState().started(0).ended(1, 10).drained()
    assert waiting.phase is Phase.GONE
    assert next_action(waiting, 10**6) == Action(Verb.LEAVE)


def test_a_draining_child_is_stopped_then_killed_at_its_limit_and_never_started() -> None:
    child = ChildState().started(0).drained().told_to_stop(5_000)
    assert next_action(child, 1_000) == Action(Verb.STOP, 5_000)
    child = child.stopping()
    assert next_action(child, 4_999) == Action(Verb.LEAVE, 5_000)
    assert next_action(child, 5_000) == Action(Verb.KILL)
    child = child.killed()
    assert next_action(child, 6_000) == Action(Verb.LEAVE)
    child = child.ended(KILLED, 6_001)
    assert child.phase is Phase.GONE
    assert next_action(child, 10**6) == Action(Verb.LEAVE)


def test_a_child_that_crashes_while_others_drain_is_gone_whatever_its_exit_code() -> None:
    assert ChildState().started(0).drained().ended(2, 10).phase is Phase.GONE


def test_hurrying_moves_the_limit_of_a_stopping_child() -> None:
    child = ChildState().started(0).drained().told_to_stop(20_000).stopping().told_to_stop(1_000)
    assert next_action(child, 1_000) == Action(Verb.KILL)


def test_each_child_that_has_yet_to_stop_keeps_a_part_of_the_limit() -> None:
    assert [stop_limit_ms(28_000, still_to_stop) for still_to_stop in (2, 1, 0)] == [20_000, 24_000, 28_000]
