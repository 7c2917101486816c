"""The table of a soak: the level of each figure early and late, and after the load."""

from collections.abc import Iterator, Sequence

from tests.soak.growth import Series
from tests.soak.sampling import Sample

HEADS = ("", "second quarter", "last quarter", "worst", "drained", "")


def table(measured: Sequence[Series], drained: Sample) -> Iterator[str]:
    """Yield the lines of a table."""
    rows = [HEADS, *(_row(one, drained) for one in measured)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(widths[place]) for place, cell in enumerate(row[1:-1], 1))]
        yield "  ".join((*cells, row[-1])).rstrip()


def _row(one: Series, drained: Sample) -> tuple[str, ...]:
    figures = (one.before, one.after, max(one.values), drained.get((one.name, one.unit), 0.0))
    places = 1 if one.unit.endswith("B") else 0
    bound = f" of {one.bound:,.0f}" if one.bound is not None else ""
    verdict = "TOO MUCH" if one.problem() else ""
    return f"{one.name}, {one.unit}{bound}", *(f"{figure:,.{places}f}" for figure in figures), verdict
