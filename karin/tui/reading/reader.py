"""What to read, and when: plain code without threads, so that tests turn its clock.

A round reads everything, once in ten seconds; between two rounds only the queues are read that were nudged, that a
person changed, or whose next message has come due. The deployment changes by syncs alone, which are signalled.
"""

from msgspec.structs import replace

from karin.operations import status as operations
from karin.operations.context import Context
from karin.operations.status import Status
from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.names import QueueId
from karin.store.signals import Nudge, Signal, Synced
from karin.tui.budget import Budget

ROUND_MS = 10_000
SNAPSHOT_MS = 60_000  # a lost signal is repaired after a minute
CLAIM_MS = 300  # how long a due message may take to be claimed: looking earlier would show it as merely ready
SUBSCRIBE_COMMANDS = 2


class Reader:
    """Reads the store for one subscription; made anew after each loss of the connection."""

    def __init__(self, context: Context, sweep_interval_seconds: int, budget: Budget) -> None:
        self._context = context
        self._sweep_interval_seconds = sweep_interval_seconds
        self._budget = budget
        self._status: Status | None = None
        self._read_at_ms: dict[QueueId, int] = {}
        self._nudged: set[QueueId] = set()
        self._round_at_ms = 0
        self._snapshot_at_ms = 0
        budget.spend(SUBSCRIBE_COMMANDS)

    def heard(self, signal: Signal | None) -> None:
        """Take note of a signal."""
        match signal:
            case Nudge(queue):
                self._nudged.add(queue)
            case Synced():
                self._snapshot_at_ms = 0
                self._round_at_ms = 0

    def read_again(self) -> None:
        """Read everything at the next chance: a person has changed something."""
        self._round_at_ms = 0

    def read_if_due(self) -> Status | None:
        """Return a new status, or None when there is nothing to read or the budget is spent.

        Raises StoreUnavailable.
        """
        now_ms = self._context.clock.now_ms()
        if not self._budget.allows(now_ms):
            return None
        if self._status is None or now_ms >= self._round_at_ms or self._nudged - self._read_at_ms.keys():
            return self._round(now_ms)
        stale = self._nudged | {queue for queue in self._read_at_ms if self._came_due(queue, now_ms)}
        return self._some(self._status, stale) if stale else None

    def _round(self, now_ms: int) -> Status:
        self._nudged.clear()
        snapshot = self._status.snapshot if self._status else None
        cost = 2  # the heartbeats of schedulers, the names of queues
        if now_ms >= self._snapshot_at_ms:
            snapshot = self._context.store.deployment.snapshot()
            self._snapshot_at_ms = now_ms + SNAPSHOT_MS
            cost += 2
        alive = operations.scheduler_count(self._context, self._sweep_interval_seconds)
        queues = operations.queue_states(self._context)
        self._budget.spend(cost + len(queues))
        self._status = Status(now_ms, alive, queues, snapshot)
        self._read_at_ms = dict.fromkeys((state.queue for state in queues), now_ms)
        self._round_at_ms = now_ms + ROUND_MS
        return self._status

    def _some(self, status: Status, stale: set[QueueId]) -> Status | None:
        """Read single queues, as many as the budget allows, in order of name."""
        states = {state.queue: state for state in status.queues}
        for queue in sorted(stale):
            now_ms = self._context.clock.now_ms()
            if not self._budget.allows(now_ms):
                break
            self._budget.spend(1)
            self._nudged.discard(queue)
            try:
                states[queue] = self._context.store.queues.describe(queue, now_ms)
                self._read_at_ms[queue] = now_ms
            except QueueDoesNotExist:
                del states[queue], self._read_at_ms[queue]
        self._status = replace(status, queues=tuple(states.values()))
        return self._status

    def _came_due(self, queue: QueueId, now_ms: int) -> bool:
        """Tell whether a queue's next message came due after the queue was read."""
        states = self._status.queues if self._status else ()
        due_at_ms = next((state.next_due_at_ms for state in states if state.queue == queue), None)
        return due_at_ms is not None and self._read_at_ms[queue] < due_at_ms + CLAIM_MS <= now_ms
