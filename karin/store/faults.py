"""What can be wrong with the store, and when to ask it again.

Each kind of fault has its signs, its words for whoever reads the log, and the longest pause before the store is asked
again. ``Faults`` keeps one process from asking a store that does not serve again and again, and logs each episode once.
It knows nothing of connections.
"""

import logging
import random
import threading
from collections.abc import Callable, Iterable, MutableSequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import redis
from redis.exceptions import AskError

from karin.clock import Clock, SystemClock

FIRST_PAUSE_MS = 100  # doubles with each try in vain
TRIAL_MS = 3_000  # how long others leave a try alone; no command waits longer
QUIET_MS = 10_000  # a fault that was told comes and goes without another word, until it has kept away for so long

Cells = MutableSequence[int] | memoryview


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault.

    ``signs`` are found in the store's words, in lower case. ``longest_pause_ms`` is short for what passes by itself. A
    fault that is not ``whole`` concerns the command that met it, and others may be served.
    """

    name: str
    signs: tuple[str, ...]
    advice: str
    longest_pause_ms: int
    is_whole: bool = True


QUOTA = Fault(
    "quota",
    ("max daily request limit", "max requests limit"),
    "its plan's requests are used up: what is queued is safe and waits; move to a larger plan, or unset REDIS_URL to"
    " use karin's own store",
    30_000,
)
LOCKED_OUT = Fault(
    "locked-out",
    # A long command of who has not said the password is a "Protocol error: unauthenticated multibulk length".
    ("noauth", "wrongpass", "noperm", "unauthenticated", "invalid password", "invalid username-password"),
    "it does not accept karin's user and password: correct them in REDIS_URL",
    30_000,
)
CROWDED = Fault(
    "crowded",
    ("max number of clients",),
    "it takes no more connections: close what else is connected to it, or raise its limit; karin needs 6 a machine",
    30_000,
)
FULL = Fault(
    "full",
    ("oom command not allowed", "capacity quota"),
    "its memory is full: new messages are refused, what is queued is still delivered; purge what nobody needs"
    " (`karin queues`), or give it more room",
    1_000,
    is_whole=False,
)
READ_ONLY = Fault(
    "read-only",
    ("readonly",),
    "it is a replica that takes no writes: nothing is sent or delivered until it is the primary again, or REDIS_URL"
    " names the primary",
    30_000,
    is_whole=False,
)
DISK = Fault(
    "disk",
    ("misconf",),
    "it cannot write to its disk and takes no writes until it can: look at its log and at the free space of its disk",
    30_000,
    is_whole=False,
)
NO_PRIMARY = Fault(
    "no-primary",
    ("masterdown", "clusterdown"),
    "it has lost its primary: what is queued waits until a primary is back",
    5_000,
)
LOADING = Fault("loading", ("loading",), "it loads its data: this passes by itself", 1_000)
BUSY = Fault("busy", ("busy",), "a script keeps it busy: this passes by itself", 1_000)
UNTRUSTED = Fault(
    "untrusted",
    ("[ssl", "certificate"),
    "it does not agree with karin on TLS: REDIS_URL=rediss://... takes ssl_ca_certs=/path/ca.pem for a CA of its own,"
    " ssl_certfile and ssl_keyfile if it wants a certificate, and the host that its certificate is made out to",
    5_000,
)
OVERLOADED = Fault(
    "overloaded",
    ("no connection available",),
    "more is asked of it at once than it answers in time: requests are refused until that passes",
    0,
    is_whole=False,
)
AWAY = Fault(
    "away",
    (),
    "it cannot be reached: requests are refused and nothing is delivered until it is back; see that it runs, and that"
    " REDIS_URL is its address",
    500,
)
_BY_SIGNS = (UNTRUSTED, QUOTA, LOCKED_OUT, CROWDED, FULL, READ_ONLY, DISK, NO_PRIMARY, LOADING, BUSY, OVERLOADED)


def fault_of(error: redis.RedisError) -> Fault | None:
    """Return the fault that an error of redis-py tells of; None when it only tells of the command."""
    # redis-py takes the code off the words of some errors and not of others; within a script it stands in the middle.
    said = f"{getattr(error, 'status_code', None) or ''} {error}".lower()
    for fault in _BY_SIGNS:
        if any(sign in said for sign in fault.signs):
            return fault
    return AWAY if isinstance(error, redis.ConnectionError | redis.TimeoutError) else None


class StoreUnavailable(Exception):  # noqa: N818 - a state of the store, told in one line
    """Redis cannot be used just now; the message is one line that says why. ``fault`` is None for no known kind."""

    def __init__(self, message: str, fault: Fault | None = None) -> None:
        super().__init__(message)
        self.fault = fault


def pause_ms(tries: int, fault: Fault | None, most_ms: int = 30_000) -> int:
    """Return how long to leave the store alone after so many tries in vain: ever longer, and never quite the same."""
    longest_ms = min(FIRST_PAUSE_MS * 2 ** min(tries, 10), (fault or AWAY).longest_pause_ms, most_ms)
    return random.randint(longest_ms // 2, longest_ms)  # noqa: S311 - spreads load, guards nothing


@dataclass(slots=True)
class _Episode:
    """A fault that lasts. Who tries meanwhile is ``trier``, a thread's or greenlet's number."""

    fault: Fault
    said: str
    since_ms: int
    is_told: bool
    tries: int = 1
    refused: int = 0
    shut_at_ms: int = 0
    next_try_at_ms: int = 0
    trier: int | None = None

    def is_shut(self, now_ms: int) -> bool:
        """Tell whether it is too soon to try; a clock that was set back opens."""
        return self.shut_at_ms <= now_ms < self.next_try_at_ms

    def shut(self, now_ms: int, for_ms: int) -> None:
        """Let nobody try for so long."""
        self.shut_at_ms, self.next_try_at_ms = now_ms, now_ms + for_ms


@dataclass
class Faults:
    """The faults of a store as one process meets them; shared by threads and greenlets.

    While a fault lasts, commands are refused here at once, but for one try after each pause; the first that is served
    ends the episode. ``most_pause_ms`` bounds the pauses further than the faults do: people wait for the endpoint.
    Each node of a cluster has faults of its own (``of``), since the others serve while one is away.
    """

    log: logging.Logger
    most_pause_ms: int = 30_000
    clock: Clock = field(default_factory=SystemClock)
    spent: Cells = field(default_factory=lambda: [0])  # commands that were sent, in its one cell
    charged: Cells | None = None  # the same once more, where they are counted against a budget
    when_used_up: Callable[[str], object] | None = None  # is told what the store says when its plan is used up
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _episodes: dict[str, _Episode] = field(default_factory=dict, init=False)  # by command; "" for all commands
    _met_at_ms: dict[str, int] = field(default_factory=dict, init=False)  # by name of the fault
    _nodes: dict[str, "Faults"] = field(default_factory=dict, init=False)

    def of(self, node: str) -> "Faults":
        """Return the faults of one node of the store."""
        with self._lock:
            if node not in self._nodes:
                self._nodes[node] = Faults(
                    self.log, self.most_pause_ms, self.clock, self.spent, self.charged, self.when_used_up
                )
            return self._nodes[node]

    def keep(self, nodes: Iterable[str]) -> None:
        """Forget all nodes but these."""
        known = set(nodes)
        with self._lock:
            self._nodes = {node: faults for node, faults in self._nodes.items() if node in known}

    def guarding(self, command: str) -> AbstractContextManager[None]:
        """Learn from a command what the store does, each time that it is run; many may run at once.

        Entering raises StoreUnavailable when it is too soon to ask the store.
        """
        return _Guard(self, command)

    def check(self) -> None:
        """Refuse whoever waited for a connection while the store went away. Raises StoreUnavailable."""
        with self._lock:
            episode = self._episodes.get("")
            if episode and episode.is_shut(self.clock.now_ms()) and episode.trier != threading.get_ident():
                raise _refusal(episode)

    def heard(self, error: BaseException | None, command: str) -> None:
        """Note how a command ended."""
        if error is None:
            self._served(command)
        elif isinstance(error, redis.RedisError):
            if (fault := fault_of(error)) is None:
                self._served(command)  # badly, but it answered
            else:
                self.failed(fault, str(error), command)
        elif isinstance(error, StoreUnavailable):
            self._put_off(command)

    def current(self) -> Fault | None:
        """Return a fault that lasts, None when there is none; one that concerns all commands comes first.

        A node's fault is one of a part of the store.
        """
        with self._lock:
            found = self._episodes.get("") or next(iter(self._episodes.values()), None)
            return found.fault if found else None

    def learn(self, error: StoreUnavailable) -> None:
        """Note what a connection met that is not guarded itself.

        Of a cluster it is no news: whoever asks that node next finds out, and the other nodes serve.
        """
        if error.fault and error.__cause__ and not self._nodes:
            self.failed(error.fault, str(error.__cause__), "SUBSCRIBE")

    def failed(self, fault: Fault, said: str, command: str) -> None:
        """Note that a command met a fault."""
        if fault is QUOTA and self.when_used_up:
            self.when_used_up(said)
        now_ms = self.clock.now_ms()
        with self._lock:
            if not fault.longest_pause_ms:
                self._tell(fault, said, now_ms)
                return
            key = "" if fault.is_whole else command
            episode = self._episodes.get(key)
            if episode is None:
                episode = self._episodes[key] = _Episode(fault, said, now_ms, self._tell(fault, said, now_ms))
            elif episode.fault is not fault:
                episode.fault, episode.said = fault, said
                episode.tries += 1
                episode.is_told |= self._tell(fault, said, now_ms)
            elif episode.trier == threading.get_ident():
                episode.tries += 1
            elif episode.is_shut(now_ms):
                return  # it was on its way when the fault began
            self._met_at_ms[fault.name] = now_ms
            episode.trier = None
            episode.shut(now_ms, pause_ms(episode.tries, fault, self.most_pause_ms))

    def met_at_ms(self, fault: Fault) -> int | None:
        """Return when a command last met a fault, None if none has."""
        return self._met_at_ms.get(fault.name)

    def enter(self, command: str) -> None:
        """Begin a command; raises StoreUnavailable when it is too soon for one."""
        if self._episodes:
            self._try(command)
        self.count(1)

    def count(self, commands: int) -> None:
        """Count commands that are sent."""
        self.spent[0] += commands
        if self.charged is not None:
            self.charged[0] += commands

    def _try(self, command: str) -> None:
        now_ms = self.clock.now_ms()
        with self._lock:
            for episode in (self._episodes.get(""), self._episodes.get(command)):
                if episode is None:
                    continue
                if episode.is_shut(now_ms):
                    episode.refused += 1
                    raise _refusal(episode)
                episode.trier = threading.get_ident()
                episode.shut(now_ms, TRIAL_MS)

    def _put_off(self, command: str) -> None:
        """Note that a try came to nothing because it was too soon to ask the nodes that it was to ask."""
        now_ms = self.clock.now_ms()
        with self._lock:
            for episode in (self._episodes.get(""), self._episodes.get(command)):
                if episode and episode.trier == threading.get_ident():
                    episode.trier = None
                    episode.shut(now_ms, pause_ms(episode.tries, episode.fault, self.most_pause_ms))

    def _served(self, command: str) -> None:
        if not self._episodes:
            return
        with self._lock:
            for key in ("", command):
                episode = self._episodes.pop(key, None)
                if episode and episode.is_told:
                    lasted_s = (self.clock.now_ms() - episode.since_ms) / 1000
                    self.log.warning(
                        "the store serves again after %.1f s (%s); %d commands were not sent meanwhile",
                        lasted_s,
                        episode.fault.name,
                        episode.refused,
                    )

    def _tell(self, fault: Fault, said: str, now_ms: int) -> bool:
        """Log a fault unless it was met a moment ago; tell whether it was logged."""
        known = [faults.met_at_ms(fault) for faults in (self, *self._nodes.values())]  # a node's own have told of it
        self._met_at_ms[fault.name] = now_ms
        if any(at_ms is not None and at_ms <= now_ms < at_ms + QUIET_MS for at_ms in known):
            return False
        self.log.warning("the store does not serve: %s. What it means: %s", _first_line(said), fault.advice)
        return True


class _Guard(AbstractContextManager[None]):
    """A command under guard, without memory of its own; ``contextmanager`` would take longer than the guarding does."""

    __slots__ = ("_command", "_faults")

    def __init__(self, faults: Faults, command: str) -> None:
        self._faults = faults
        self._command = command

    def __enter__(self) -> None:
        self._faults.enter(self._command)

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        self._faults.heard(error, self._command)


def unavailable(error: redis.RedisError) -> StoreUnavailable:
    """Return what an error of redis-py means to whoever uses the store."""
    if isinstance(error, AskError):  # a cluster's client follows it
        return StoreUnavailable("the store is a node of a cluster: write REDIS_URL=redis+cluster://host:port")
    return StoreUnavailable(
        f"the store does not serve: {_first_line(str(error)) or type(error).__name__}", fault_of(error)
    )


def _refusal(episode: _Episode) -> StoreUnavailable:
    return StoreUnavailable(f"the store does not serve: {_first_line(episode.said)}", episode.fault)


def _first_line(text: str) -> str:
    return (text.splitlines() or [""])[0].rstrip(".")
