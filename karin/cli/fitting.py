"""Making rows fit a terminal: no wider than it."""

import os
import sys
from collections.abc import Collection, Sequence

from karin.cli.printing import width

USUAL_COLUMNS = 80
NARROWEST = 4  # cells that a column keeps
GAP = 2  # cells between columns


def columns() -> int:
    """Return how wide standard output is: the terminal's width, 80 for anything else."""
    if not sys.stdout.isatty():
        return USUAL_COLUMNS
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or USUAL_COLUMNS
    except OSError:
        return USUAL_COLUMNS


def fitted(rows: Sequence[Sequence[str]], flexible: Collection[int], most: int) -> list[list[str]]:
    """Return rows whose columns fit ``most`` cells: the widest of the ``flexible`` ones are cut, as far as needed."""
    if not rows:
        return []
    widths = [max(width(cell) for cell in column) for column in zip(*rows, strict=True)]
    while sum(widths) + GAP * (len(widths) - 1) > most:
        widest = max(flexible, key=lambda place: widths[place])
        if widths[widest] <= NARROWEST:
            break
        widths[widest] -= 1
    return [[cut(cell, cells) for cell, cells in zip(row, widths, strict=True)] for row in rows]


def cut(text: str, most: int) -> str:
    """Return a text of at most ``most`` cells; a longer one ends in an ellipsis."""
    if width(text) <= most:
        return text
    kept = text[:most]
    while width(kept) > most - 1:
        kept = kept[:-1]
    return f"{kept}…"
