"""How commands show things: aligned columns for people, JSON for scripts."""

import json
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from karin.operations.printing import printable_json

CLEAR_LINE = "\r\x1b[K"


def print_json(value: Any) -> None:
    """Print any value as JSON with its field names; what could command a terminal is written as an escape."""
    print(printable_json(json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=False)))


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]], otherwise: str) -> None:
    """Print rows in columns, or a sentence when there are none; wide characters keep their place."""
    if not rows:
        print(otherwise)
        return
    table = [titles, *rows]
    widths = [max(width(row[column]) for row in table) for column in range(len(titles))]
    for row in table:
        cells = (cell + " " * (widths[column] - width(cell)) for column, cell in enumerate(row))
        print("  ".join(cells).rstrip())


def width(text: str) -> int:
    """Return how many terminal cells a text takes."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def iso(at_ms: int | None) -> str | None:
    """Return an instant in ISO 8601, UTC."""
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
