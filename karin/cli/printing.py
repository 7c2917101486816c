"""How commands show things: aligned columns for people, JSON for scripts, times as people say them."""

import json
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"))


def print_json(value: Any) -> None:
    """Print any value as JSON with its field names."""
    print(json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=False))


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


def relative(at_ms: int | None, now_ms: int) -> str:
    """Return an instant as people say it: ``in 4m``, ``now``, ``12s ago``, ``-`` for none."""
    if at_ms is None:
        return "-"
    distance_ms = at_ms - now_ms
    for unit_ms, unit in _UNITS:
        if abs(distance_ms) >= unit_ms:
            count = abs(distance_ms) // unit_ms
            return f"in {count}{unit}" if distance_ms > 0 else f"{count}{unit} ago"
    return "now"


def iso(at_ms: int | None) -> str | None:
    """Return an instant in ISO 8601, UTC."""
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
