"""How rows and sentences are laid out on a terminal: names are cut, sentences are wrapped, addresses stay whole.

Anything but a terminal gets one line for each row, as long as it is: programs such as grep read it.
"""

import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TextIO

from karin.cli.fitting import GAP, NARROWEST, fitted
from karin.cli.printing import width
from karin.operations.printing import one_line

LEAST_ROOM = 20  # cells that a sentence needs to stand beside other columns
INDENT = "    "  # of what stands below its row


def terminal_columns(stream: TextIO | None) -> int | None:
    """Return how wide a stream's terminal is, None when it is no terminal or does not know."""
    try:
        if stream is None or not stream.isatty():
            return None
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):  # closed, or no file at all
        return None


def print_rows(titles: Sequence[str], rows: Sequence[Sequence[str]], cut: Collection[str] = ()) -> None:
    """Print rows in columns; on a terminal those named in ``cut`` are cut as far as needed, and the last is wrapped."""
    places = [place for place, title in enumerate(titles) if title in cut]
    table = [titles, *([one_line(cell) for cell in row] for row in rows)]
    for line in laid_out(table, places, terminal_columns(sys.stdout)):
        print(line)


def print_lines(lines: Iterable[str], indent: str = "") -> None:
    """Print sentences, each from a line of its own on; on a terminal the longer ones are wrapped."""
    most = terminal_columns(sys.stdout)
    for line in lines:
        for text in wrapped(one_line(line), most, indent, f"{indent}  "):
            print(text)


def laid_out(rows: Sequence[Sequence[str]], cut: Collection[int], most: int | None) -> Iterator[str]:
    """Yield the lines of rows in aligned columns, of at most ``most`` cells as far as their words allow it.

    The first row has the titles. The columns whose places are in ``cut`` may be shortened. A last column that has no
    room is wrapped; it stands below its row where there is too little, or where a word such as a URL is too long.
    """
    heads = [list(row[:-1]) for row in rows]
    if most is not None and cut:
        heads = fitted(heads, cut, most - GAP - max(NARROWEST, width(rows[0][-1])))
    widths = [max(map(width, column)) for column in zip(*heads, strict=True)]
    start = sum(widths) + GAP * len(widths)
    for head, row in zip(heads, rows, strict=True):
        beside = "".join(cell + " " * (cells - width(cell) + GAP) for cell, cells in zip(head, widths, strict=True))
        last = row[-1]
        if most is None or _fits(last, most - start):
            yield from wrapped(last, most, beside, " " * start)
        else:
            yield beside.rstrip()
            yield from wrapped(last, most, INDENT, INDENT)


def wrapped(text: str, most: int | None, first: str = "", others: str = "") -> list[str]:
    """Return the lines of a text of at most ``most`` cells, cut between words; a longer word is not cut.

    ``first`` stands before the first line, ``others`` before the others. With no ``most`` there is one line.
    """
    lines = [first]
    for number, word in enumerate(text.split(" ")):
        gap = " " if number else ""
        if number and most is not None and width(lines[-1]) + 1 + width(word) > most:
            lines.append(others)
            gap = ""
        lines[-1] += f"{gap}{word}"
    return [line.rstrip() for line in lines]


def _fits(text: str, room: int) -> bool:
    """Tell whether a text stands beside other columns: all of it, or wrapped where there is room for that."""
    return width(text) <= room or (room >= LEAST_ROOM and max(map(width, text.split(" "))) <= room)
