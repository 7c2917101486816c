"""Checked scalars of a deployment file: whole numbers in a range, one of a few words."""

from typing import Any

from karin.local.project.problems import Unresolved


def whole_number(value: Any, low: int, high: int) -> int:
    """Return a number that may be written as text; raises Unresolved beyond the range that AWS allows."""
    text = str(value).strip()
    if isinstance(value, bool) or not text.isdecimal() or not low <= int(text) <= high:
        raise Unresolved(f"{value!r} is not a whole number from {low} to {high}")
    return int(text)


def is_true(value: Any) -> bool:
    """Tell whether a value is true, also when it is written as text."""
    return str(value).lower() == "true"
