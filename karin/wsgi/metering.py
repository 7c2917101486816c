"""Counting requests for metrics: a few whole numbers in a mapped file, two microseconds a request."""

from bisect import bisect_left
from pathlib import Path

from karin.clock import SteadyClock
from karin.metrics.catalog import COMMANDS, REQUEST_DURATION, REQUEST_ERRORS, REQUESTS, RESULTS
from karin.metrics.tally import Cells, Tally
from karin.sqs.errors import SqsError
from karin.wsgi.actions import ACTIONS

ROLE = "endpoint"
UNKNOWN = "(unknown)"  # an action that SQS does not have, or none
BOUNDS_US = [round(bound * 1_000_000) for bound in REQUEST_DURATION.bounds]


class RequestMeter:
    """Counts requests by action and result, how long they took, and their errors."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.commands = tally.cells(COMMANDS, ROLE)
        self.now_us = SteadyClock().now_us
        self._actions = {action: self._cells_of(action) for action in (*ACTIONS, UNKNOWN)}

    @classmethod
    def open(cls, home: Path) -> "RequestMeter":
        """Count in a file of a KARIN_HOME."""
        return cls(Tally.open(home, ROLE))

    def answered(self, action: str | None, error: SqsError | None, began_us: int) -> None:
        """Count a request that is answered, and that began at an instant of ``now_us``."""
        took_us = self.now_us() - began_us
        ok, client_error, server_error, durations = self._actions.get(action or UNKNOWN) or self._actions[UNKNOWN]
        durations[bisect_left(BOUNDS_US, took_us)] += 1
        durations[-1] += took_us
        if error is None:
            ok[0] += 1
            return
        (client_error if error.is_sender_fault else server_error)[0] += 1
        self.tally.cells(REQUEST_ERRORS, error.code)[0] += 1

    def _cells_of(self, action: str) -> tuple[Cells, Cells, Cells, Cells]:
        ok, client_error, server_error = (self.tally.cells(REQUESTS, action, result) for result in RESULTS)
        return ok, client_error, server_error, self.tally.cells(REQUEST_DURATION, action)
