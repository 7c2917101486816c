"""``python -m tests.chaos [--seed N] [--seconds S] [--rig embedded|outside|cluster|runtimes|all]``: nothing is lost.

Prints the schedule of faults as it goes and a table at the end; exits with 1 when anything speaks against karin's
promises. The same seed, seconds and rig make the same faults again.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos import report
from tests.chaos.plan import Choices
from tests.chaos.run import Run, run

LONG_SECONDS = 200  # with one rig; from here on, processes stand still for up to a minute and the disk is filled
LONG_STOP_MS, SHORT_STOP_MS = 60_000, 10_000
DISK_SIZE = "192m"
MOST_SHOWN = 50  # problems: what is wrong once is often wrong a thousand times
RIGS = {  # with their shares of the time
    "embedded": 5,
    "outside": 5,  # a store that karin does not look after, behind a proxy
    "cluster": 2,  # three primaries, which die, stand still and hand over slots or all, each with a replica
    "runtimes": 2,  # the embedded store, and functions in real processes of karin's own Lambda service
}


def main() -> int:
    """Run what was asked for; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description="Prove that no accepted message is lost."
    )
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="default: a random one")  # noqa: S311
    parser.add_argument("--seconds", type=float, default=600, help="how long faults come, in all (default 600)")
    parser.add_argument("--rig", choices=(*RIGS, "all"), default="all")
    options = parser.parse_args()
    rigs = RIGS if options.rig == "all" else {options.rig: RIGS[options.rig]}
    problems = 0
    for rig, share in rigs.items():
        problems += _run(options.seed, options.seconds * share / sum(rigs.values()), rig)
    return 1 if problems else 0


def _run(seed: int, seconds: float, rig: str) -> int:
    is_long = seconds >= LONG_SECONDS
    longest_stop_ms = LONG_STOP_MS if is_long else int(min(SHORT_STOP_MS, max(1_000, seconds * 250)))
    with _small_disk(wanted=is_long) as disk:
        choices = Choices(
            rig == "outside", disk is not None, rig == "runtimes", longest_stop_ms, is_cluster=rig == "cluster"
        )
        _say(f"\nseed {seed}, {seconds:g} s of faults, {rig}{_words(disk, is_long=is_long)}")
        ledger, problems = run(Run(seed, seconds, choices, disk), _say)
    _say("")
    for line in (*report.lines(ledger), "", *problems[:MOST_SHOWN]):
        _say(line)
    _say(f"seed {seed}, {rig}: {f'{len(problems)} PROBLEMS' if problems else 'every promise was kept'}")
    _say(f'the same faults again: make chaos ARGS="--seed {seed} --seconds {seconds:g} --rig {rig}"')
    return len(problems)


def _words(disk: Path | None, *, is_long: bool) -> str:
    if not is_long:
        return ""
    return ", on a small disk that gets full" if disk else "; the disk is not filled: only root can mount a small one"


@contextmanager
def _small_disk(*, wanted: bool) -> Iterator[Path | None]:
    """Mount a small disk if that is wanted and allowed; unmount it in the end."""
    if not wanted or os.geteuid() != 0:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="karin-disk-", dir="/tmp") as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE}", "tmpfs", folder]
        if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode != 0:
            yield None
            return
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
