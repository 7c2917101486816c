"""The schedule of faults: what is done to karin, for how long, and how long it is left in peace after that.

Pure, and the same for the same seed and choices: a run that failed can be made again.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, auto

PROCESSES = ("supervisor", "master", "worker", "scheduler", "store")
MOODS = ("throttle", "fail", "partial", "hang", "reset", "garbage", "truncate", "refuse")
RUNTIMES = ("kill", "stop", "crash", "outlive", "service")
CUTS = ("cut", "delay", "stall")
PRIMARY = "primary"  # of a cluster, whose replica takes over
SLOT, SLOT_AT_ONCE = "slot", "slot at once"  # key by key, and as Valkey does since 9.0
JUMPS = ("forward", "back", "lapse")
SHORTEST_JUMP_MS, LONGEST_JUMP_MS = 1_000, 3_600_000
LONGEST_JUMP_BACK_MS = 15_000  # of those that stay: what waits then comes so much later, and the run waits for it
LONGEST_LAPSE_MS = 8_000  # of true time until a clock that was set back is set right again
SHORTEST_HOLD_MS, LONGEST_MOOD_MS, LONGEST_CUT_MS, LONGEST_OUTAGE_MS = 1_000, 8_000, 8_000, 3_000


class Verb(StrEnum):
    """What is done."""

    KILL = auto()  # SIGKILL
    STOP = auto()  # SIGSTOP, and SIGCONT after the hold
    RESTART = auto()  # gracefully
    RELOAD = auto()  # SIGHUP to the supervisor, which replaces the workers
    PROXY = auto()  # between karin and its store
    LAMBDA = auto()
    RUNTIME = auto()  # of functions that are processes of karin's own Lambda service
    FILL = auto()  # the disk under the append-only file
    MOVE = auto()  # a slot of a cluster from one primary to another, or all that one has to its replica
    JUMP = auto()  # of the clock of all processes but the store's


@dataclass(frozen=True)
class Fault:
    """One fault: ``hold_ms`` is how long it lasts, ``pause_ms`` how long nothing follows once karin has recovered.

    A clock jumps ``by_ms``: forward or back for good, or back until the fault is over (``lapse``).
    """

    verb: Verb
    target: str
    hold_ms: int
    pause_ms: int
    by_ms: int = 0

    @property
    def kind(self) -> str:
        """Return what is counted as one kind of fault."""
        return f"{self.verb.value} {self.target}"


@dataclass(frozen=True)
class Choices:
    """What a schedule may contain."""

    is_outside: bool  # the store is not karin's own, and a proxy stands before it
    can_fill: bool = False  # the disk can be filled without harm to others
    has_runtimes: bool = False  # karin's own Lambda service runs the functions, and none that misbehaves at will
    longest_stop_ms: int = 10_000
    longest_pause_ms: int = 4_000
    is_cluster: bool = False  # the store is a cluster


def faults(seed: int, choices: Choices) -> Iterator[Fault]:
    """Yield faults without end: each kind once in a random order, then all of them again in another."""
    chance = random.Random(seed)  # noqa: S311 - it is to be repeatable
    kinds = _kinds(choices)
    while True:
        for verb, target in chance.sample(kinds, len(kinds)):
            hold_ms = _hold_ms(chance, verb, choices)
            pause_ms = chance.randint(choices.longest_pause_ms // 8, choices.longest_pause_ms)
            if verb is not Verb.JUMP:
                yield Fault(verb, target, hold_ms, pause_ms)
            else:
                yield Fault(verb, target, hold_ms if target == "lapse" else 0, pause_ms, _by_ms(chance, target))


def _kinds(choices: Choices) -> list[tuple[Verb, str]]:
    targets = [PRIMARY if target == "store" and choices.is_cluster else target for target in PROCESSES]
    kinds = [(verb, target) for verb in (Verb.KILL, Verb.STOP) for target in targets]
    if choices.is_cluster:
        kinds += [(Verb.MOVE, target) for target in (SLOT, SLOT_AT_ONCE, PRIMARY)]
    kinds += [(Verb.RESTART, "karin"), (Verb.RELOAD, "endpoint")]
    if choices.is_cluster:  # what functions and clocks do has rigs of its own
        return kinds
    if choices.has_runtimes:
        kinds += [(Verb.RUNTIME, way) for way in RUNTIMES]
    else:
        kinds += [(Verb.LAMBDA, mood) for mood in MOODS]
    kinds += [(Verb.JUMP, way) for way in JUMPS]
    if choices.is_outside:
        kinds += [(Verb.RESTART, "store"), *((Verb.PROXY, way) for way in CUTS)]
    if choices.can_fill:
        kinds.append((Verb.FILL, "disk"))
    return kinds


def _hold_ms(chance: random.Random, verb: Verb, choices: Choices) -> int:
    longest_ms = {
        Verb.STOP: choices.longest_stop_ms,
        Verb.LAMBDA: min(LONGEST_MOOD_MS, choices.longest_stop_ms),
        Verb.RUNTIME: min(LONGEST_MOOD_MS, choices.longest_stop_ms),
        Verb.FILL: min(LONGEST_MOOD_MS, choices.longest_stop_ms),
        Verb.JUMP: min(LONGEST_LAPSE_MS, choices.longest_stop_ms),
        Verb.PROXY: min(LONGEST_CUT_MS, choices.longest_stop_ms),
    }
    if verb in longest_ms:
        return chance.randint(SHORTEST_HOLD_MS, longest_ms[verb])
    return chance.randint(0, min(LONGEST_OUTAGE_MS, choices.longest_stop_ms))  # how long an outside store is away


def _by_ms(chance: random.Random, way: str) -> int:
    """Choose how far a clock jumps: seconds, minutes and an hour are all as likely."""
    longest_ms = LONGEST_JUMP_BACK_MS if way == "back" else LONGEST_JUMP_MS
    size_ms = round(SHORTEST_JUMP_MS * math.pow(longest_ms / SHORTEST_JUMP_MS, chance.random()))
    return size_ms if way == "forward" else -size_ms
