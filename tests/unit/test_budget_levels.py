"""The rule of giving way: its order, what it never touches, and that levels do not come and go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karin.budget.levels import DAY_MS, HEAD_STARTS, LEEWAY, Level, Outlook, empty_at_ms, next_level
from karin.budget.refusals import told_budget

MIDNIGHT_MS = 20_000 * DAY_MS
BUDGET = 16_000

budgets = st.integers(100, 10**9)
shares = st.floats(0, 3)
times = st.integers(0, DAY_MS - 1)
levels = st.sampled_from(Level)


def at(before: Level, share: float, day_share: float) -> Level:
    """Return the level when a share of the budget is spent at a share of the day."""
    return next_level(before, BUDGET, round(share * BUDGET), MIDNIGHT_MS + round(day_share * DAY_MS))


def test_things_are_given_up_in_the_order_that_is_declared() -> None:
    order = [at(Level.NOTHING, share / 100, 0) for share in range(101)]
    assert list(dict.fromkeys(order)) == [Level.NOTHING, Level.TUI, Level.METRICS, Level.HEALTH, Level.SWEEP]
    assert [order.index(level) / 100 for level in HEAD_STARTS] == list(HEAD_STARTS.values()) == [0.25, 0.4, 0.5, 0.6]


def test_nothing_but_these_four_things_is_ever_given_up() -> None:
    worst = Outlook(BUDGET, False, 10 * BUDGET, at(Level.NOTHING, 10, 0.5), 0)
    assert worst.given_up == (Level.TUI, Level.METRICS, Level.HEALTH, Level.SWEEP)
    assert worst.left == 0


@given(levels, budgets, shares, times)
def test_an_even_pace_gives_up_nothing(before: Level, budget: int, share: float, time_ms: int) -> None:
    spent = int(budget * min(share, 1) * time_ms / DAY_MS)  # at most as much as of the day has passed
    assert next_level(before, budget, spent, MIDNIGHT_MS + time_ms) is Level.NOTHING


@given(levels, budgets, shares, shares, times)
def test_who_has_spent_more_gives_up_no_less(before: Level, budget: int, one: float, other: float, at_ms: int) -> None:
    less, more = (next_level(before, budget, int(budget * share), at_ms) for share in sorted((one, other)))
    assert less <= more


@given(levels, budgets, shares, times, times)
def test_as_the_day_goes_on_without_a_command_things_come_back(
    before: Level, budget: int, share: float, one: int, other: int
) -> None:
    early, late = (next_level(before, budget, int(budget * share), at_ms) for at_ms in sorted((one, other)))
    assert late <= early


@given(levels, budgets, shares, times)
def test_a_level_stays_at_the_instant_that_brought_it(before: Level, budget: int, share: float, at_ms: int) -> None:
    spent = int(budget * share)
    level = next_level(before, budget, spent, at_ms)
    assert next_level(level, budget, spent, at_ms) is level
    # A command more or an hour's even pace later it does not flap: it falls only when the line is LEEWAY away.
    assert next_level(level, budget, spent + 1, at_ms) >= level


@pytest.mark.parametrize("level", HEAD_STARTS)
def test_a_level_is_left_only_when_its_line_is_well_away(level: Level) -> None:
    line = HEAD_STARTS[level]
    assert at(Level.NOTHING, line, 0) is level
    assert at(level, line - LEEWAY / 2, 0) is level
    assert at(Level(level - 1), line - LEEWAY / 2, 0) is Level(level - 1)
    assert at(level, line - LEEWAY * 1.1, 0) < level


@given(levels, budgets)
def test_at_midnight_all_is_given_back(before: Level, budget: int) -> None:
    assert next_level(before, budget, 0, MIDNIGHT_MS) is Level.NOTHING


def test_in_the_last_minute_of_a_day_the_whole_budget_may_be_spent() -> None:
    assert at(Level.NOTHING, 0.999, 1 - 1 / 1440) is Level.NOTHING
    assert at(Level.NOTHING, 1.001, 1 - 1 / 1440) is Level.SWEEP


@pytest.mark.parametrize(
    ("spent", "hours", "lasts_hours"),
    [(8_000, 6, 12), (4_000, 6, None), (15_000, 1, 1 + 1 / 15), (0, 6, None), (16_000, 6, 6), (20_000, 6, 6)],
)
def test_it_tells_until_when_the_commands_last(spent: int, hours: int, lasts_hours: float | None) -> None:
    hour_ms = DAY_MS // 24
    found = empty_at_ms(BUDGET, spent, MIDNIGHT_MS, MIDNIGHT_MS + hours * hour_ms)
    assert found == (None if lasts_hours is None else MIDNIGHT_MS + round(lasts_hours * hour_ms))


def test_the_first_minute_tells_no_pace() -> None:
    assert empty_at_ms(BUDGET, 100, MIDNIGHT_MS, MIDNIGHT_MS + 59_999) is None


@pytest.mark.parametrize(
    ("said", "commands_a_day"),
    [
        ("max daily request limit exceeded. Limit: 10000, Usage: 10001. See https://upstash.com/docs/x", 10_000),
        ("ERR max requests limit exceeded. Limit: 500000, Usage: 500000. See https://upstash.com/x", 16_129),
        ("ERR max daily request limit exceeded", None),
        ("ERR max requests limit exceeded. Limit: 30, Usage: 31", None),
        ("max daily request limit exceeded. Limit: none", None),
    ],
)
def test_a_refusal_tells_the_commands_of_a_day(said: str, commands_a_day: int | None) -> None:
    assert told_budget(said) == commands_a_day
