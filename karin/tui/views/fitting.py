"""Making columns fit the cells there are, wide characters counted as two. Knows neither terminals nor colours."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from karin.tui.views.listing import Column

GAP = 2  # cells between two columns
LEAST_WIDTH = 8  # of a column that gives way


def cells(text: str) -> int:
    """Return how many cells a text takes.

    Rich measures every text with a cache of 4,096 of them: here most are ASCII, told once and never again.
    """
    return len(text) if text.isascii() and text.isprintable() else cell_len(text)


def fit(columns: Sequence[Column], wanted: Sequence[int], room: int) -> list[int]:
    """Return each column's width: what it wants; where that is too much, the widest flexible one gives way."""
    widths = list(wanted)
    flexible = [place for place, column in enumerate(columns) if column.is_flexible]
    excess = sum(widths) + GAP * (len(widths) - 1) - room
    while excess > 0 and flexible:
        widest = max(flexible, key=lambda place: widths[place])
        if widths[widest] <= LEAST_WIDTH:
            break
        # Sentences may be long beyond all measure: they give way at once, and not cell by cell.
        others = [widths[place] for place in flexible if place != widest]
        given = max(1, min(excess, widths[widest] - max([LEAST_WIDTH, *others])))
        widths[widest] -= given
        excess -= given
    return widths


def fitted(column: Column, text: str, width: int) -> str:
    """Return a text of exactly ``width`` cells: shortened as its column wants it, or filled up."""
    text = (cut if column.is_sentence else shorten)(text, width)
    padding = " " * (width - cells(text))
    return padding + text if column.is_number else text + padding


def cut(text: str, width: int) -> str:
    """Return the start of a text, as much as fits."""
    if cells(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def shorten(text: str, width: int) -> str:
    """Return a text that fits: names that start alike differ in the end, so the middle is left out."""
    if cells(text) <= width or width < LEAST_WIDTH:
        return cut(text, width)
    tail = text[-((width - 1) // 2) :]
    while cells(tail) > (width - 1) // 2:
        tail = tail[1:]
    return f"{set_cell_size(text, width - 1 - cells(tail))}…{tail}"
