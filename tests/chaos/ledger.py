"""What really happened in a run, as the two ends saw it: the senders, and the functions. All instants in ms."""

import threading
import time
from dataclasses import dataclass, field


def now_ms() -> float:
    """Return the instant by the machine's wall clock, which karin reads too."""
    return time.time_ns() / 1e6


@dataclass(frozen=True)
class Intent:
    """A message that a sender wants delivered. ``group`` is "" in a standard queue; numbers count within a sender."""

    queue: str
    group: str
    number: int
    delay_ms: int
    body: str


@dataclass(frozen=True)
class Accepted:
    """A send that was answered with success. ``asked_at_ms`` is when its first byte can have left.

    In a FIFO queue that is the first try: a later one may have been answered with the first one's id.
    """

    message_id: str
    intent: Intent
    asked_at_ms: float
    answered_at_ms: float


@dataclass
class Delivery:
    """One message in one call of a function."""

    call: int
    queue: str
    message_id: str
    body: str
    sent_at_ms: int  # as karin says
    received_at_ms: int  # for the first time, as karin says
    at_ms: float
    answered_at_ms: float | None = None
    is_done: bool = False  # the function answered that it is done with it


@dataclass
class Window:
    """A fault as it went: from its beginning until a message sent after it was delivered."""

    kind: str
    started_at_ms: float
    ended_at_ms: float = float("inf")
    released_at_ms: float = float("inf")
    killed_at_ms: float = float("-inf")  # the store, if that is the fault
    log_tail: bytes = b""  # the end of the append-only file as the kernel had it, when the store was killed

    @property
    def recovery_ms(self) -> float:
        """Return how long karin took once the fault was over."""
        return self.ended_at_ms - self.released_at_ms


@dataclass(frozen=True)
class Setting:
    """karin's clock was set: before ``since_ms`` nobody saw it, from ``until_ms`` on it is off by ``offset_ms``."""

    since_ms: float
    until_ms: float
    offset_ms: float


@dataclass
class Wall:
    """By how much karin's clock differed from the true one, and when; all instants are true ones."""

    settings: list[Setting] = field(default_factory=list)

    def offsets_ms(self, from_ms: float, until_ms: float) -> list[float]:
        """Return every offset that a process can have met in a span, in order."""
        before = [0.0, *(one.offset_ms for one in self.settings if one.until_ms <= from_ms)]
        meanwhile = [one for one in self.settings if one.until_ms > from_ms and one.since_ms <= until_ms]
        return [before[-1], *(one.offset_ms for one in meanwhile)]

    def set_by_ms(self, from_ms: float, until_ms: float) -> float:
        """Return how far apart the clock and itself can have been within a span: zero if it was not set in it."""
        offsets_ms = self.offsets_ms(from_ms, until_ms)
        return max(offsets_ms) - min(offsets_ms)

    def reached_at_ms(self, told_ms: float, from_ms: float) -> float:
        """Return when, from an instant on, the clock first told another instant or a later one."""
        since_ms, offset_ms = 0.0, 0.0
        for one in self.settings:
            at_ms = max(since_ms, told_ms - offset_ms, from_ms)
            if at_ms < one.since_ms:
                return at_ms
            since_ms, offset_ms = one.until_ms, one.offset_ms
        return max(since_ms, told_ms - offset_ms, from_ms)


@dataclass
class Ledger:
    """The records of a run; any thread may add to them."""

    intents: dict[str, Intent] = field(default_factory=dict)  # by body
    accepted: dict[str, Accepted] = field(default_factory=dict)  # by message id
    deliveries: list[Delivery] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    wall: Wall = field(default_factory=Wall)
    left: dict[str, str] = field(default_factory=dict)  # message id -> the queue that it lies in at the end
    tries: int = 0
    refused: dict[str, int] = field(default_factory=dict)  # by error
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: set[str] = field(default_factory=set)
    _calls: int = 0

    def intend(self, intent: Intent) -> None:
        """Note what is about to be sent."""
        with self._lock:
            self.intents[intent.body] = intent

    def accept(self, accepted: Accepted) -> None:
        """Note that a send was answered with success."""
        with self._lock:
            self.accepted.setdefault(accepted.message_id, accepted)

    def tried(self, error: str = "") -> None:
        """Count a request to send, and its error if there was one."""
        with self._lock:
            self.tries += 1
            if error:
                self.refused[error] = self.refused.get(error, 0) + 1

    def deliver(
        self, queue: str, messages: list[tuple[str, str, int, int]], at_ms: float | None = None
    ) -> list[Delivery]:
        """Note a call with messages: id, body, instants of its send and first receive; ``at_ms`` None: it begins now.

        Returns what is to be completed when it is answered.
        """
        with self._lock:
            self._calls += 1
            at_ms = now_ms() if at_ms is None else at_ms
            made = [Delivery(self._calls, queue, *message, at_ms) for message in messages]
            self.deliveries += made
            self._seen.update(message_id for message_id, *_ in messages)
            return made

    def has_seen(self, message_id: str) -> bool:
        """Tell whether a message was delivered."""
        return message_id in self._seen

    def undelivered(self) -> set[str]:
        """Return the ids of accepted messages that no function was called with."""
        with self._lock:
            return set(self.accepted) - self._seen
