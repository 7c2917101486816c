"""What to read, and when: plain code without threads, so that tests turn its clock.

A round reads who is alive and which queues there are, once in ten seconds. Between two rounds one command reads the
queues again: after a nudge, when a next message has come due, and every other second while something is in flight,
since nothing tells of its end. What only the view that is shown needs is read when it is opened and whenever the queues
changed. The deployment changes by syncs and pauses alone, which are signalled.

While nobody looks no minute may have more than two commands, and a round has more. Then it is one command at a time, by
turns: how the queues are, and who is alive.

While the machine's commands of the day are short, only what a person asks for is read: at the start, on coming back, by
a key, after an action, and what another view needs.
"""

from msgspec.structs import replace

from karin.budget.levels import Level
from karin.operations.status import Status
from karin.sqs.names import QueueId
from karin.store.signals import Nudge, PausesChanged, Signal, Synced
from karin.tui.reading.budget import Budget
from karin.tui.reading.gathering import Gatherer
from karin.tui.reading.interest import Interest
from karin.tui.world import Spending, World

ROUND_MS = 10_000
QUEUES_MS = 1_000  # between two looks at the queues, however many nudges come
IN_FLIGHT_MS = 2_000  # between two looks while something is in flight
NEEDED_MS = 2_000  # between two readings of what a view needs
DEPLOYMENT_MS = 60_000  # a lost signal is repaired after a minute
LOCAL_MS = 1_000  # between two looks at the log
CLAIM_MS = 300  # how long a due message may take to be claimed: looking earlier would show it as merely ready
SUBSCRIBE_COMMANDS = 2


class Reader:
    """Reads one karin for one subscription; made anew after each loss of the connection."""

    def __init__(self, gatherer: Gatherer, budget: Budget, since_ms: int, interest: Interest) -> None:
        self._gatherer = gatherer
        self._budget = budget
        self._since_ms = since_ms
        self._interest = interest
        self._world = World()
        self._is_nudged = False
        self._is_asked = True  # a person wants to see the present
        self._needs_again = True  # something changed since what the view needs was read
        self._round_at_ms = 0
        self._deployment_at_ms = 0
        self._queues_read_at_ms = 0
        self._needed_at_ms = 0
        self._local_at_ms = 0
        self._strangers: set[QueueId] = set()  # that were heard of and never read
        self._looks_at_queues = True  # of the two that are read by turns while nobody looks, the next
        budget.spend(SUBSCRIBE_COMMANDS)

    def heard(self, signal: Signal | None) -> None:
        """Take note of a signal."""
        match signal:
            case Nudge(queue):
                self._is_nudged = True
                states = self._world.status.queues if self._world.status else ()
                if all(state.queue != queue for state in states):
                    self._round_at_ms = 0  # it is new
                    self._strangers.add(queue)
            case Synced() | PausesChanged():
                self._deployment_at_ms = self._round_at_ms = 0

    def look_at(self, interest: Interest) -> None:
        """Read what is needed for another place, at the next chance."""
        if interest != self._interest:
            self._interest = interest
            self._needs_again = True
            self._needed_at_ms = self._local_at_ms = 0

    def read_again(self) -> None:
        """Read everything at the next chance: a person has changed something, or asks."""
        self._round_at_ms = self._needed_at_ms = 0
        self._needs_again = self._is_asked = True

    def attend(self, is_attended: bool) -> None:
        """Take note of whether someone looks; who comes back sees the present."""
        if is_attended and not self._budget.is_attended:
            self.read_again()
        self._budget.attend(is_attended, self._gatherer.now_ms())

    def read_if_due(self) -> World | None:
        """Return a new world, or None when there is nothing to read or the budget is spent.

        Raises StoreUnavailable.
        """
        before = self._world
        now_ms = self._gatherer.now_ms()
        if now_ms < self._local_at_ms - LOCAL_MS:  # the clock was set back: nothing is due by it for that long
            self.read_again()
            self._local_at_ms = self._deployment_at_ms = self._queues_read_at_ms = 0
        if now_ms >= self._local_at_ms:
            self._world = self._gatherer.local(self._world, self._interest)
            self._local_at_ms = now_ms + LOCAL_MS
        by_itself = not self._is_short()
        if not self._budget.is_attended and self._world.status:
            if by_itself and self._budget.allows(now_ms):
                self._read_one_thing()
        elif self._budget.allows(now_ms) and now_ms >= self._round_at_ms and (by_itself or self._is_asked):
            self._read_status(now_ms)
        elif by_itself and self._budget.allows(now_ms) and self._is_stale(now_ms):
            self._read_queues(now_ms)
        if self._budget.is_attended and self._budget.allows(now_ms) and self._is_needed(now_ms):
            self._read_needed(now_ms)
        if self._world == before:
            return None
        self._world = replace(self._world, spending=Spending(self._budget.spent, self._since_ms))
        return self._world

    def _is_short(self) -> bool:
        """Tell whether reading is given up but for what a person asks for."""
        outlook = self._world.outlook
        return outlook is not None and outlook.level >= Level.TUI

    def _is_stale(self, now_ms: int) -> bool:
        """Tell whether the queues are to be read before the next round."""
        age_ms = now_ms - self._queues_read_at_ms
        states = self._world.status.queues if self._world.status else ()
        if age_ms >= IN_FLIGHT_MS and any(state.leased for state in states):
            return True
        return age_ms >= QUEUES_MS and (self._is_nudged or self._came_due(self._world.status, now_ms))

    def _is_needed(self, now_ms: int) -> bool:
        wanted = self._interest.needs or self._interest.message
        return bool(wanted) and self._needs_again and now_ms >= self._needed_at_ms

    def _read_status(self, now_ms: int) -> None:
        with_deployment = now_ms >= self._deployment_at_ms
        self._world, cost = self._gatherer.status(self._world, with_deployment=with_deployment)
        self._strangers.clear()
        self._note_queues(now_ms, cost)
        self._round_at_ms = now_ms + ROUND_MS
        self._is_asked = False
        if with_deployment:
            self._deployment_at_ms = now_ms + DEPLOYMENT_MS

    def _read_one_thing(self) -> None:
        """Spend one command, while nobody looks; a person who comes back has everything read."""
        if self._looks_at_queues:
            self._world = self._gatherer.some_queues(self._world, self._strangers)
            self._strangers.clear()
        else:
            self._world = self._gatherer.alive(self._world)
        self._looks_at_queues = not self._looks_at_queues
        self._budget.spend(1)

    def _read_queues(self, now_ms: int) -> None:
        self._world, cost = self._gatherer.queues(self._world)
        self._note_queues(now_ms, cost)

    def _note_queues(self, now_ms: int, cost: int) -> None:
        self._budget.spend(cost)
        self._is_nudged = False
        self._needs_again = True
        self._queues_read_at_ms = now_ms

    def _read_needed(self, now_ms: int) -> None:
        self._world, cost = self._gatherer.needed(self._world, self._interest)
        self._budget.spend(cost)
        self._needs_again = False
        self._needed_at_ms = now_ms + NEEDED_MS

    def _came_due(self, status: Status | None, now_ms: int) -> bool:
        """Tell whether some queue's next message came due after the queues were read."""
        dues = (state.next_due_at_ms for state in status.queues) if status else ()
        return any(due is not None and self._queues_read_at_ms < due + CLAIM_MS <= now_ms for due in dues)
