"""``python -m tests.fuzz --examples N [TARGET ...]``: so many inputs for each target, and what came of them."""

import argparse
import sys
import traceback

from tests.fuzz import rules, wire
from tests.fuzz.target import fuzz

TARGETS = (*wire.TARGETS, *rules.TARGETS)


def main() -> int:
    """Fuzz; return 1 when a target did what it must not do."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=1_000, metavar="N", help="inputs for each target")
    parser.add_argument("--seed", type=int, help="to have the same inputs again")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(target.name for target in TARGETS))
    options = parser.parse_args()
    failed = 0
    for target in TARGETS:
        if options.targets and target.name not in options.targets:
            continue
        try:
            outcome = fuzz(target, options.examples, seed=options.seed)
        except Exception:  # noqa: BLE001 - the other targets have their turn as well
            failed += 1
            print(f"{target.name}: FAILED", flush=True)
            traceback.print_exc()
        else:
            worst_ms = outcome.worst_seconds * 1000
            print(f"{target.name}: {outcome.inputs} inputs, the slowest took {worst_ms:.1f} ms", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
