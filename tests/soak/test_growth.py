"""The rule sees a slow leak in noise, and no leak in a sawtooth, in a peak or in what fills up at first."""

import random

import pytest

from tests.soak.growth import Series

SAMPLES = 400


def noise(size: float) -> list[float]:
    chance = random.Random(1)  # noqa: S311 - it is to be repeatable
    return [chance.gauss(0, size) for _ in range(SAMPLES)]


def test_a_slow_leak_shows_although_each_sample_is_noisy() -> None:
    leaking = [40 + 6 * place / SAMPLES + error for place, error in enumerate(noise(1))]
    problem = Series("worker memory", "MB", leaking).problem()
    assert problem is not None
    assert problem.startswith("worker memory grew from 42")


@pytest.mark.parametrize(
    "values",
    [
        [40 + error for error in noise(1)],
        [40 + 20 * (place % 30) / 30 for place in range(SAMPLES)],  # a log that is rewritten
        [90.0 if place > SAMPLES * 0.9 else 40.0 for place in range(SAMPLES)],  # a peak
        [min(40.0, place) for place in range(SAMPLES)],  # a cache that fills up
    ],
)
def test_what_does_not_grow_is_in_order(values: list[float]) -> None:
    assert Series("worker memory", "MB", values).problem() is None


def test_one_more_file_every_few_minutes_shows() -> None:
    opened = [20.0 + place // 40 for place in range(SAMPLES)]
    assert Series("worker fds", "fds", opened).problem() is not None


def test_a_bound_may_not_be_passed_for_a_moment_and_up_to_it_all_is_allowed() -> None:
    filling = [1_024 * place / SAMPLES for place in range(SAMPLES)]
    assert Series("log", "kB", filling, bound=1_024).problem() is None
    problem = Series("log", "kB", [*filling, 1_025, 0], bound=1_024).problem()
    assert problem == "log: 1,025.0 kB is beyond 1,024.0"
