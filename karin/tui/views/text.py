"""Text from outside as views show it; what a terminal must not be given is known to karin.operations.printing alone."""

from functools import lru_cache

from karin.operations.printing import one_line, pretty, printable, printable_json

__all__ = ["beginning", "document", "one_line", "printable", "printable_json"]

MOST_SHOWN = 20_000  # characters of a text: a screen lays all of it out each second, and a body may have a million


def beginning(text: str, otherwise: str = "") -> str:
    """Return a text of many lines that a terminal only shows; of a very long one the beginning, and what to do."""
    shown = printable(text[:MOST_SHOWN]).rstrip("\n")
    rest = len(text) - MOST_SHOWN
    return shown if rest <= 0 else f"{shown}\n… {rest:,} more characters{otherwise}"


@lru_cache(maxsize=4)  # a detail is made anew each second, and a body of 1 MiB takes a tenth of one
def document(text: str) -> str:
    """Return a body or an event as a detail shows it, JSON on lines of its own."""
    return beginning(pretty(text), ": y copies the text as it is, all of it")
