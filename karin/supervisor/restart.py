"""The restart policy: what to do with a child, from its history alone.

Pure: it reads no clock, knows no process and sends no signal, so that tests replay histories.

    NEW --START--> RUNNING --(it ends)--> ENDED --START after a backoff--> RUNNING
                      |                     `--GIVE_UP: beyond repair
                      `--STOP--> STOPPING --KILL at the limit--> KILLED --(it ends)--> GONE
"""

from dataclasses import dataclass, replace
from enum import Enum, auto

FIRST_BACKOFF_MS = 200
LAST_BACKOFF_MS = 30_000
STABLE_MS = 30_000  # a child that was up this long starts its next backoff from the first step
NEVER_UP_LIMIT = 5  # failures in a row of a child that has never been up
PROBE_INTERVAL_MS = 25
RESERVED_PARTS = 7  # of a drain's limit, a seventh is kept for each child that has yet to stop
FATAL_EXIT_CODES = {
    2: "its settings or its command line are wrong",
    3: "its worker failed to boot",  # gunicorn's WORKER_BOOT_ERROR
    4: "its application failed to load",  # gunicorn's APP_LOAD_ERROR
    78: "its store was written by a newer karin",  # karin.store.schema
    126: "its program may not be executed",  # as in a shell
    127: "its program was not found",
}


class Phase(Enum):
    """Where a child is in its life."""

    NEW = auto()
    RUNNING = auto()
    ENDED = auto()
    STOPPING = auto()
    KILLED = auto()  # SIGKILL sent, not yet reaped
    GONE = auto()  # ended, and not to be started again


class Verb(Enum):
    """What to do with a child."""

    LEAVE = auto()
    START = auto()
    PROBE = auto()
    STOP = auto()
    KILL = auto()
    GIVE_UP = auto()


@dataclass(frozen=True, slots=True)
class Action:
    """What to do now, and when to ask again if nothing happens before (None: no need to)."""

    verb: Verb
    again_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ChildState:
    """The history of one child, as far as the policy cares."""

    probed: bool = False  # it has a probe that tells when it is up
    phase: Phase = Phase.NEW
    since_ms: int = 0  # when it started, or when it ended
    up: bool = False  # this run of it has answered its probe
    ever_up: bool = False
    failures: int = 0  # in a row
    exit_status: int | None = None  # of the last run; negative: the signal that ended it
    kill_at_ms: int | None = None  # set when it is this child's turn to stop
    draining: bool = False

    @property
    def alive(self) -> bool:
        """Say whether there is a process."""
        return self.phase in (Phase.RUNNING, Phase.STOPPING, Phase.KILLED)

    def started(self, now_ms: int) -> "ChildState":
        """Return the state of a child whose process has just been started."""
        return replace(self, phase=Phase.RUNNING, since_ms=now_ms, up=False)

    def answered(self) -> "ChildState":
        """Return the state of a child whose probe has succeeded."""
        return replace(self, up=True, ever_up=True)

    def ended(self, exit_status: int, now_ms: int) -> "ChildState":
        """Return the state of a child whose process has ended."""
        if self.draining:
            return replace(self, phase=Phase.GONE, exit_status=exit_status)
        stable = now_ms - self.since_ms >= STABLE_MS and (self.up or not self.probed)
        return replace(
            self,
            phase=Phase.ENDED,
            since_ms=now_ms,
            up=False,
            ever_up=self.ever_up or stable,
            failures=1 if stable else self.failures + 1,
            exit_status=exit_status,
        )

    def drained(self) -> "ChildState":
        """Return the state of a child that is not to be started again; a running one waits for its turn to stop."""
        return replace(self, draining=True, phase=self.phase if self.alive else Phase.GONE)

    def told_to_stop(self, kill_at_ms: int) -> "ChildState":
        """Return the state of a draining child whose turn it is, or whose limit has changed."""
        return replace(self, kill_at_ms=kill_at_ms)

    def stopping(self) -> "ChildState":
        """Return the state of a child that has been sent its stop signal."""
        return replace(self, phase=Phase.STOPPING)

    def killed(self) -> "ChildState":
        """Return the state of a child that has been sent SIGKILL."""
        return replace(self, phase=Phase.KILLED)


def next_action(child: ChildState, now_ms: int) -> Action:
    """Decide what to do with a child at an instant. The caller reports what came of it through the state's methods."""
    match child.phase:
        case Phase.NEW:
            return Action(Verb.START)
        case Phase.RUNNING if child.kill_at_ms is not None:
            return Action(Verb.STOP, child.kill_at_ms)
        case Phase.RUNNING if child.probed and not child.up and not child.draining:
            return Action(Verb.PROBE, now_ms + PROBE_INTERVAL_MS)
        case Phase.STOPPING if child.kill_at_ms is not None:
            return Action(Verb.KILL) if now_ms >= child.kill_at_ms else Action(Verb.LEAVE, child.kill_at_ms)
        case Phase.ENDED if why_beyond_repair(child) is not None:
            return Action(Verb.GIVE_UP)
        case Phase.ENDED:
            start_at_ms = child.since_ms + backoff_ms(child.failures)
            return Action(Verb.START) if now_ms >= start_at_ms else Action(Verb.LEAVE, start_at_ms)
        case _:
            return Action(Verb.LEAVE)


def backoff_ms(failures: int) -> int:
    """Return how long to wait before the next start after a number of failures in a row."""
    doublings = min(max(failures - 1, 0), 16)  # 16 is far beyond the cap: no huge numbers after a year of failures
    return min(FIRST_BACKOFF_MS << doublings, LAST_BACKOFF_MS)


def stop_limit_ms(drain_limit_ms: int, still_to_stop: int) -> int:
    """Return how long after the start of a drain a child is killed when others still have to stop after it.

    Whatever the first ones do, the store keeps its time to close its log.
    """
    return drain_limit_ms - still_to_stop * drain_limit_ms // RESERVED_PARTS


def why_beyond_repair(child: ChildState) -> str | None:
    """Return why another start of an ended child would change nothing, or None when it is worth it.

    A child that was up once is started again for ever: what broke it may heal, and ending everything would not mend it.
    """
    if child.exit_status in FATAL_EXIT_CODES:
        return FATAL_EXIT_CODES[child.exit_status]
    if not child.ever_up and child.failures >= NEVER_UP_LIMIT:
        return f"it failed {child.failures} times in a row and was never up"
    return None
