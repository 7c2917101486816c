"""``python -m tests.fuzz``: a million inputs to all that strangers and AWS write, and what came of them."""

import argparse
import random
import sys
from collections.abc import Iterator

from tests.fuzz.campaign import SHARES, TARGETS, Part, Result, campaign, merged, parts, run
from tests.fuzz.guiding import AtherisMissing, guided
from tests.fuzz.stories import STORIES
from tests.store.machine import run_histories
from tests.store.test_model import StandardMachine
from tests.store.test_model_fifo import FifoMachine

INPUTS = 1_000_000
HISTORIES = 1_000
NAMES = sorted({*(target.name for target in TARGETS), *(story.name for story in STORIES)})


def main() -> int:
    """Fuzz; return 1 when something did what it must not do."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=INPUTS, metavar="N", help=f"in all ({INPUTS:,})")
    told = f"of a queue of each type, held against a model ({HISTORIES:,})"
    parser.add_argument("--histories", type=int, default=HISTORIES, metavar="N", help=told)
    parser.add_argument("--seed", type=int, help="to have the same inputs again")
    parser.add_argument("--target", action="append", metavar="NAME", choices=NAMES, help="; ".join(NAMES))
    parser.add_argument("--way", choices=tuple(SHARES), help="only inputs that are made so")
    parser.add_argument("--number", type=int, metavar="K", help="only the K-th input, chunk or story of one target")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="targets at once (1)")
    parser.add_argument("--guided", action="store_true", help="let atheris choose mutations by what code they reach")
    options = parser.parse_args()
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    found = parts(options.inputs, options.target, "mutated" if options.guided else options.way)
    if options.number is not None and (not options.way or len({part.name for part in found}) != 1):
        parser.error("--number needs --way and one --target")
    print(f"seed {seed}", flush=True)
    results = []
    try:
        for result in _results(found, seed, options):
            results.append(result)
            print(_row(result), flush=True)
            for failure in result.failures[:3]:
                print(_told(result.part, seed, failure), flush=True)
    except AtherisMissing as error:
        print(error, file=sys.stderr)
        return 2
    print("\n" + _table(merged(results)))
    if not (options.target or options.way or options.guided):
        for kind in (StandardMachine, FifoMachine):  # a failure is told as pytest tells it, with the shortest history
            run_histories(kind, options.histories, is_repeatable=False)
            print(
                f"{kind.__name__}: {options.histories:,} histories, none of which the model tells otherwise", flush=True
            )
    return 1 if any(result.failures for result in results) else 0


def _results(found: list[Part], seed: int, options: argparse.Namespace) -> Iterator[Result]:
    if options.guided:
        return guided(found, seed)
    if options.number is not None:
        return iter([run(found[0], seed, options.number)])
    return campaign(found, seed, options.jobs)


def _row(result: Result) -> str:
    speed = result.inputs / result.seconds if result.seconds else 0
    before = f"{result.before_bytes / 2**20:.0f}" if result.before_bytes else "-"
    return (
        f"{result.part.title:<38} {result.inputs:>9,} {speed:>8,.0f}/s {result.slowest_ms:>7.1f} ms"
        f" {before:>5} -> {result.after_bytes / 2**20:.0f} MiB  {len(result.failures)}"
    )


def _table(results: list[Result]) -> str:
    inputs = sum(result.inputs for result in results)
    seconds = sum(result.seconds for result in results)
    failures = sum(len(result.failures) for result in results)
    slowest_ms = max((result.slowest_ms for result in results), default=0.0)
    head = f"{'target':<38} {'inputs':>9} {'speed':>10} {'slowest':>10} {'memory, warm and at the end':>5}  failures"
    last = (
        f"{inputs:,} inputs in {seconds:,.0f} s, the slowest took {slowest_ms:.1f} ms of CPU time, {failures} failures"
    )
    return "\n".join([head, *map(_row, results), last])


def _told(part: Part, seed: int, failure: str) -> str:
    number = failure.split("\n", 1)[0].removeprefix("number ")
    again = f"make fuzz ARGS=\"--seed {seed} --way {part.way} --target '{part.name}' --number {number}\""
    return f"  FAILED {failure}\n  again: {again}" if number.isdecimal() else f"  FAILED {failure}"


if __name__ == "__main__":
    sys.exit(main())
