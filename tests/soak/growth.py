"""The rule that tells growth from noise. Pure.

Of each series the median of the last quarter of the run is held against that of the second quarter: by then caches and
the memory of five minutes that FIFO queues have are full, in a run of 20 minutes or more. Medians do not see peaks, so
what is compared is the level. Half a run lies between the two, in which a leak shows: of an hour with 25 messages a
second that is 45,000 messages, and 2 MB would be 45 bytes of each.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Tolerance:
    """How much higher the later level may be: a share of the earlier one, and so much more."""

    share: float
    more: float


TOLERANCES: Mapping[str, Tolerance] = {
    "MB": Tolerance(0.03, 1.0),  # of memory: allocators never settle quite
    "fds": Tolerance(0, 3),
    "threads": Tolerance(0, 3),
    "clients": Tolerance(0, 1),
    "keys": Tolerance(0.1, 3),
    "kB": Tolerance(0.1, 64),  # of what is in the store: the backlog is never quite the same
}


@dataclass(frozen=True)
class Series:
    """Samples of one figure, in order; ``unit`` is a key of the tolerances, ``bound`` is never to be passed."""

    name: str
    unit: str
    values: Sequence[float]
    bound: float | None = None

    @property
    def before(self) -> float:
        """Return the level in the second quarter."""
        quarter = len(self.values) // 4
        return statistics.median(self.values[quarter : 2 * quarter])

    @property
    def after(self) -> float:
        """Return the level in the last quarter."""
        return statistics.median(self.values[-(len(self.values) // 4) :])

    def problem(self) -> str | None:
        """Return what speaks against it: that it grew, or passed its bound."""
        if self.bound is not None:
            worst = max(self.values)
            return f"{self.name}: {worst:,.1f} {self.unit} is beyond {self.bound:,.1f}" if worst > self.bound else None
        tolerance = TOLERANCES[self.unit]
        most = self.before * (1 + tolerance.share) + tolerance.more
        if self.after <= most:
            return None
        return f"{self.name} grew from {self.before:,.1f} to {self.after:,.1f} {self.unit}, {most:,.1f} are allowed"
