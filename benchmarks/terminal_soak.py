"""Whether anything of karin-tui grows: ten minutes under load, through all views, details, filters and dialogs.

In 80x24 on one core, 20 messages a second over 20 queues. ``KARIN_BENCH_SOAK_SECONDS`` is how long it lasts, 600 unless
told. The tour goes round several times: what still grows after the first rounds is a leak, and no cache.
"""

import itertools
import os
import time
from typing import NamedTuple

from benchmarks.harness import print_table, running_karin
from benchmarks.terminal import FIRST_SIGHT, MESSAGES_PER_SECOND, QUEUES, Screen, Watch, load, opened

SOAK_SECONDS = int(os.environ.get("KARIN_BENCH_SOAK_SECONDS", "600"))  # noqa: TID251 - a benchmark's own setting
STAY_SECONDS = 4.0  # on each view of the tour, twice: as it opens and after its keys

# A view's number, and what is pressed there: open and close a detail, sort, filter, ask and cancel, copy, the help.
TOUR = (
    (b"1", (b"j", b"\r", b"j", b"\x1b", b"n", b"\x1b")),
    (b"2", (b"j", b"\r", b"j", b"\x1b", b"o", b"o")),
    (b"3", (b"\r", b"\x1b", b"?", b"\x1b")),
    (b"4", (b"j", b"\r", b"G", b"\x1b", b"/", b"b", b"\r", b"\x1b", b"y")),
    (b"5", (b"G", b"\r", b"\x1b")),
    (b"6", (b"g", b"\r", b"\x1b", b"G")),
    (b"8", (b":", b"o", b"\x1b")),
)


class Round(NamedTuple):
    """What was measured at the end of a minute."""

    minute: float
    written: int
    commands: int
    pss_bytes: int


def _tour(screen: Screen, until: float) -> None:
    """Look at everything, again and again, until an instant."""
    for view, keys in itertools.cycle(TOUR):
        screen.press(view)
        screen.read(STAY_SECONDS)
        for key in keys:
            screen.press(key)
            screen.read(0.3)  # esc alone has to be told from the beginning of another key
        screen.read(STAY_SECONDS)
        if time.monotonic() >= until:
            return


def main() -> None:
    """Print a row for each minute."""
    with running_karin(QUEUES) as karin, opened(karin) as screen:
        assert FIRST_SIGHT in screen.read(20, FIRST_SIGHT)
        watch = Watch(karin)
        began = time.monotonic()
        seen = [Round(0, screen.written, watch.commands(), screen.pss_bytes())]
        with load(karin):
            while seen[-1].minute * 60 < SOAK_SECONDS:
                _tour(screen, time.monotonic() + min(60, SOAK_SECONDS))
                minute = (time.monotonic() - began) / 60
                seen.append(Round(minute, screen.written, watch.commands(), screen.pss_bytes()))
    rows: list[tuple[object, ...]] = [("minute", "bytes a second", "commands a minute", "PSS MB")]
    for before, now in itertools.pairwise(seen):
        minutes = now.minute - before.minute
        rows.append(
            (
                f"{now.minute:.1f}",
                f"{(now.written - before.written) / minutes / 60:,.0f}",
                f"{(now.commands - before.commands) / minutes:.0f}",
                f"{now.pss_bytes / 1e6:.1f}",
            )
        )
    print_table(f"karin-tui in 80x24, on tour over {len(QUEUES)} queues, {MESSAGES_PER_SECOND} messages a second", rows)
    print(
        f"PSS {seen[0].pss_bytes / 1e6:.1f} MB at first sight, {max(one.pss_bytes for one in seen) / 1e6:.1f} at most"
    )
