"""``python -m tests.chaos [--seed N] [--seconds S] [--store embedded|outside|both]``: prove that nothing is lost.

Prints the schedule of faults as it goes and a table at the end; exits with 1 when anything speaks against karin's
promises. The same seed, seconds and store make the same faults again.
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

LONG_SECONDS = 300  # from here on, processes stand still for up to a minute and the disk is filled
LONG_STOP_MS, SHORT_STOP_MS = 60_000, 10_000
DISK_SIZE = "192m"
MOST_SHOWN = 50  # problems: what is wrong once is often wrong a thousand times


def main() -> int:
    """Run what was asked for; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description="Prove that no accepted message is lost."
    )
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="default: a random one")  # noqa: S311
    parser.add_argument("--seconds", type=float, default=600, help="how long faults come, in all (default 600)")
    parser.add_argument("--store", choices=("embedded", "outside", "both"), default="both")
    options = parser.parse_args()
    stores = ("embedded", "outside") if options.store == "both" else (options.store,)
    problems = 0
    for store in stores:
        problems += _run(options.seed, options.seconds / len(stores), store, is_long=options.seconds >= LONG_SECONDS)
    return 1 if problems else 0


def _run(seed: int, seconds: float, store: str, *, is_long: bool) -> int:
    longest_stop_ms = LONG_STOP_MS if is_long else int(min(SHORT_STOP_MS, max(1_000, seconds * 250)))
    with _small_disk(wanted=is_long) as disk:
        choices = Choices(store == "outside", disk is not None, longest_stop_ms)
        _say(f"\nseed {seed}, {seconds:g} s of faults, {store} store{_words(disk, is_long=is_long)}")
        ledger, problems = run(Run(seed, seconds, choices, disk), _say)
    _say("")
    for line in (*report.lines(ledger), "", *problems[:MOST_SHOWN]):
        _say(line)
    _say(f"seed {seed}, {store} store: {f'{len(problems)} PROBLEMS' if problems else 'every promise was kept'}")
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
