"""What a scheduler leaves out while the commands of the day are short (karin.budget.levels)."""

import logging

from karin.budget import words
from karin.budget.ledger import Ledger
from karin.budget.levels import Level, Outlook

LOOK_SECONDS = 10  # a few small files; the store is not asked

log = logging.getLogger("karin.scheduler")


class Thrift:
    """Looks at the ledger now and then, and says in the log when it changes what is given up."""

    def __init__(self, ledger: Ledger | None) -> None:
        """Give way by a ledger; without one, never."""
        self._ledger = ledger
        self._level = Level.NOTHING
        self._left_out = False
        self.outlook: Outlook | None = None

    def look(self) -> None:
        """Learn how the day stands."""
        if self._ledger is None:
            return
        self.outlook = outlook = self._ledger.look()
        level = outlook.level if outlook else Level.NOTHING
        if outlook and level is not self._level:
            log.log(logging.WARNING if level > self._level else logging.INFO, "%s", words.change(outlook))
        self._level = level

    def surveys(self) -> bool:
        """Tell whether sweeps survey queues for metrics."""
        return self._level < Level.METRICS

    def syncs(self) -> bool:
        """Tell whether syncs that nobody asked for are made."""
        return self._level < Level.SWEEP

    def takes_sweep(self) -> bool:
        """Tell whether a regular sweep is made: every other is left out, for who misses more is taken for dead."""
        self._left_out = self._level >= Level.SWEEP and not self._left_out
        return not self._left_out
