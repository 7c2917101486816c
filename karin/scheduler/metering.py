"""Who is told of calls of functions, to count them for metrics."""

from typing import Protocol

from karin.mapping.invocation import Invocation


class Meter(Protocol):
    """Whoever is told of calls."""

    def ended(self, invocation: Invocation, delivered: int) -> None:
        """Note a call that ended, and how many messages its function took."""
        ...


class Unmetered:
    """Counts nothing."""

    def ended(self, invocation: Invocation, delivered: int) -> None:
        """Do nothing."""
