"""A campaign: so many inputs, shared out among the ways of making them, each target in a process of its own.

Whatever fails is told with what gives the same input again; the others go on.
"""

import multiprocessing
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import Any

from tests.fuzz import doors, rules, wire
from tests.fuzz.stories import REQUESTS, STORIES, Story, staged
from tests.fuzz.target import Target, fuzz
from tests.fuzz.watch import GROWTH_BYTES, WARM_INPUTS, Watch, no_hangs, resident_bytes

TARGETS = (*wire.TARGETS, *rules.TARGETS, *doors.TARGETS)
SHARES = {"stories": 0.06, "structured": 0.04, "mutated": 0.9}  # of all inputs; those that cost most are the fewest
PIECES = {"stories": 6_000, "structured": 5_000, "mutated": 50_000}  # for one process
CHUNK = 500  # structured inputs from one seed: hypothesis remembers each of them until it ends
_STEPS = {"stories": REQUESTS, "structured": CHUNK, "mutated": 1}  # inputs that one number makes
TOLD = 3  # failures of one target in full


@dataclass(frozen=True)
class Part:
    """One way of making inputs for one target, and how many; the numbers of inputs begin with ``first``."""

    way: str
    name: str
    inputs: int
    first: int = 0

    @property
    def title(self) -> str:
        """Return what a person calls it."""
        return f"{self.way}: {self.name}"


@dataclass
class Result:
    """What came of a part."""

    part: Part
    inputs: int = 0
    seconds: float = 0.0
    slowest_ms: float = 0.0
    before_bytes: int = 0
    after_bytes: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def grown_bytes(self) -> int:
        """Return how much memory was kept since the run was warm; 0 for a run that never was."""
        return self.after_bytes - self.before_bytes if self.before_bytes else 0


def parts(inputs: int, names: list[str] | None = None, way: str | None = None) -> list[Part]:
    """Return the parts of a campaign: of all targets, or of those with a name, each with its equal share."""
    named = {
        "stories": [story.name for story in STORIES],
        "structured": [target.name for target in TARGETS],
        "mutated": [target.name for target in TARGETS if target.seeds],
    }
    chosen = {
        kind: [name for name in found if not names or name in names]
        for kind, found in named.items()
        if way in (None, kind)
    }
    whole = sum(SHARES[kind] for kind, found in chosen.items() if found)
    found = []
    for kind, listed in chosen.items():
        left = [ceil(inputs * SHARES[kind] / whole / len(listed))] * len(listed)
        size = PIECES[kind]
        found += [
            Part(kind, name, min(size, count - first), first // _STEPS[kind])
            for name, count in zip(listed, left, strict=True)
            for first in range(0, count, size)
        ]
    return found


def merged(results: list[Result]) -> list[Result]:
    """Return one result for each target and way: of its memory, that of the piece which grew most."""
    found: dict[str, Result] = {}
    for result in results:
        one = found.setdefault(result.part.title, Result(result.part))
        if not one.inputs or result.grown_bytes >= one.grown_bytes:
            one.before_bytes, one.after_bytes = result.before_bytes, result.after_bytes
        one.inputs += result.inputs
        one.seconds += result.seconds
        one.slowest_ms = max(one.slowest_ms, result.slowest_ms)
        one.failures += result.failures
    return list(found.values())


def run(part: Part, seed: int, only: int | None = None) -> Result:
    """Run a part in this process: from its first input on, or only one number of it."""
    result, started = Result(part), time.monotonic()
    warm = min(WARM_INPUTS, part.inputs // 2)
    if part.way == "stories":
        story = next(story for story in STORIES if story.name == part.name)
        watch = Watch(warm_inputs=warm)
        with no_hangs(watch):
            _run_stories(story, result, watch, seed, only)
    else:
        target = next(target for target in TARGETS if target.name == part.name)
        watch = Watch(target.bound_ms, warm)
        with no_hangs(watch):
            (_run_structured if part.way == "structured" else _run_mutated)(target, result, watch, seed, only)
    result.inputs, result.slowest_ms = watch.inputs, watch.slowest_ms
    result.seconds = time.monotonic() - started
    result.before_bytes, result.after_bytes = watch.before_bytes, resident_bytes()
    if result.grown_bytes > GROWTH_BYTES:
        result.failures.append(f"memory grew by {result.grown_bytes >> 20} MiB")
    return result


def campaign(found: list[Part], seed: int, jobs: int = 1) -> Iterator[Result]:
    """Run parts, each in a process of its own and so many at once, and yield what came of each."""
    forking = multiprocessing.get_context(
        "fork"
    )  # nothing runs here yet, and a spawned process would import for seconds
    with forking.Pool(jobs, maxtasksperchild=1) as pool:
        yield from pool.imap_unordered(partial(run, seed=seed), found, chunksize=1)


def _run_structured(target: Target, result: Result, watch: Watch, seed: int, only: int | None) -> None:
    for chunk in [only] if only is not None else _numbers(result.part):
        try:
            fuzz(target, min(CHUNK, result.part.inputs), seed=seed * 1_000_003 + chunk, watch=watch)
        except Exception:  # noqa: BLE001 - the next chunks have their turn as well
            _note(result, chunk, traceback.format_exc())


def _run_mutated(target: Target, result: Result, watch: Watch, seed: int, only: int | None) -> None:
    for number in [only] if only is not None else _numbers(result.part):
        data = target.mutant(seed, number)
        try:
            watch.see(lambda data=data: target.give_bytes(data))  # type: ignore[misc]
        except Exception:  # noqa: BLE001 - as above
            _note(result, number, f"{traceback.format_exc()}input: {data[:2_000]!r}")


def _run_stories(story: Story, result: Result, watch: Watch, seed: int, only: int | None) -> None:
    with staged() as stage:
        for number in [only] if only is not None else _numbers(result.part):
            try:
                story.run(stage, seed, number, watch)
            except Exception as error:  # noqa: BLE001 - as above
                _note(result, number, f"{error}\n" + "\n".join(stage.heard[:1]))


def _numbers(part: Part) -> range:
    return range(part.first, part.first - (-part.inputs // _STEPS[part.way]))


def _note(result: Result, number: int, told: Any) -> None:
    result.failures.append(f"number {number}\n{told}" if len(result.failures) < TOLD else f"number {number}")
