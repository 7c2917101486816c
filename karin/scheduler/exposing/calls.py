"""Counting calls of functions."""

import threading
from bisect import bisect_left

from karin.mapping.invocation import Invocation
from karin.mapping.outcome import OutcomeKind
from karin.metrics.catalog import DELIVERED, DURATION, INVOCATIONS, LATENESS, Metric
from karin.metrics.tally import Cells, Tally


class CallMeter:
    """Counts calls by queue and outcome, how late they were and how long they took; shared by threads."""

    def __init__(self, tally: Tally) -> None:
        self._cells = tally.cells
        self._lock = threading.Lock()

    def ended(self, invocation: Invocation, delivered: int) -> None:
        """Count a call."""
        queue = invocation.queue.name
        with self._lock:
            for outcome in OutcomeKind:  # from the first call on there is a 0 of each, so that a rise from it is seen
                self._cells(INVOCATIONS, queue, outcome.value)[0] += outcome is invocation.outcome
            self._cells(DELIVERED, queue)[0] += delivered
            if invocation.outcome is not OutcomeKind.FILTERED:
                _observe(LATENESS, self._cells(LATENESS, queue), invocation.lateness_ms)
                _observe(DURATION, self._cells(DURATION, queue), invocation.duration_ms)


def _observe(metric: Metric, cells: Cells, took_ms: int) -> None:
    cells[bisect_left(metric.bounds, took_ms / 1000)] += 1
    cells[-1] += took_ms * 1000
