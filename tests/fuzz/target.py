"""A target of fuzzing: what makes its inputs, what takes one, and what may come of it."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

BOUND_SECONDS = 1.0
"""Ten times what an input of 100 kB may take: other processes use the machine as well. The worst is printed."""

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example, HealthCheck.filter_too_much]


@dataclass(frozen=True, slots=True)
class Target:
    """Something that takes what strangers write. ``refusals`` are the errors that it documents."""

    name: str
    inputs: SearchStrategy[Any]
    take: Callable[[Any], object]  # asserts what must be true of a result
    refusals: tuple[type[Exception], ...] = ()


@dataclass(slots=True)
class Outcome:
    """How a run went."""

    inputs: int = 0
    worst_seconds: float = 0.0


def fuzz(target: Target, examples: int, *, seed: int | None = None) -> Outcome:
    """Give a target so many inputs; raises what it must not raise, with the smallest input that makes it do so."""
    outcome = Outcome()

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=QUIET, phases=_PHASES)
    @given(target.inputs)
    def take(value: Any) -> None:
        started = time.process_time()  # of this process alone: what else runs does not count
        with suppress(*target.refusals):
            target.take(value)
        took = time.process_time() - started
        outcome.inputs += 1
        outcome.worst_seconds = max(outcome.worst_seconds, took)
        assert took < BOUND_SECONDS, f"{target.name} took {took:.3f} s"

    if seed is not None:
        take._hypothesis_internal_use_seed = seed  # type: ignore[attr-defined]
    take()
    return outcome


_PHASES = (Phase.explicit, Phase.generate, Phase.target, Phase.shrink)
