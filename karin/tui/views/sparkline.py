"""Numbers as bars of one cell each."""

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[int]) -> str:
    """Return one bar for each value, relative to the greatest; a space for nothing."""
    most = max(values, default=0)
    return "".join(" " if not value else BARS[(value * len(BARS) - 1) // most] for value in values)
