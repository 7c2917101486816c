"""A target of fuzzing: what makes its inputs, what takes one, and what may come of it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from tests.fuzz.mutation import mutated
from tests.fuzz.watch import BOUND_MS, Watch

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example, HealthCheck.filter_too_much]


@dataclass(frozen=True, slots=True)
class Target:
    """Something that takes what strangers write. ``refusals`` are the errors that it documents.

    ``seeds`` are good inputs as bytes, from which others are made by mutation; ``read`` makes an input of any bytes.
    """

    name: str
    inputs: SearchStrategy[Any]
    take: Callable[[Any], object]  # asserts what must be true of a result
    refusals: tuple[type[Exception], ...] = ()
    seeds: tuple[bytes, ...] = ()
    read: Callable[[bytes], Any] | None = None
    bound_ms: float = BOUND_MS

    def give(self, value: Any) -> None:
        """Give the target one input; raises what it must not raise."""
        try:
            self.take(value)
        except self.refusals as refusal:
            if getattr(refusal, "status", 400) not in range(400, 500):
                raise AssertionError("bad input is no fault of the server") from refusal

    def mutant(self, seed: int, number: int) -> bytes:
        """Return the so-many-th mutation; it follows from the two numbers alone."""
        return mutated(random.Random(f"{seed} {self.name} {number}"), self.seeds)

    def give_bytes(self, data: bytes) -> None:
        """Give the target an input that is made of any bytes."""
        assert self.read
        self.give(self.read(data))


def fuzz(target: Target, examples: int, *, seed: int | None = None, watch: Watch | None = None) -> Watch:
    """Give a target so many structured inputs; raises what it must not, with the smallest input that makes it do so."""
    watched = watch or Watch(target.bound_ms)

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=QUIET, phases=_PHASES)
    @given(target.inputs)
    def take(value: Any) -> None:
        watched.see(lambda: target.give(value))

    if seed is not None:
        take._hypothesis_internal_use_seed = seed  # type: ignore[attr-defined]
    take()
    return watched


_PHASES = (Phase.explicit, Phase.generate, Phase.target, Phase.shrink)
