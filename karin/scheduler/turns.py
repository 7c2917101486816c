"""Whose turn it is to claim from a queue first, when several schedulers run: without that, all race for each message.

Every scheduler hears every nudge. One of them, the same in the eyes of all, claims at once; the next waits for a tenth
of a second, and each further one twice as long as the one before it. Most find nothing to do by then: they would only
claim in vain. Nobody is relied upon: a queue whose first scheduler is dead or has its hands full is the next one's, and
the longer its messages wait, the more schedulers join. The ranks differ from queue to queue, so that the work does.
"""

import hashlib
import threading
from collections.abc import Mapping

from karin.sqs.names import QueueId

FIRST_WAIT_MS = 100  # many times what a claim takes
RANKS = 8  # that hear nudges; the longest wait is 6.4 s
FAR_MS = 10_000  # for how long messages wait until those join as well who only sweep


class Turns:
    """This scheduler's rank for each queue; shared by threads.

    An id begins with the host's name, up to the last two dashes. Of each host only the scheduler counts that swept
    last: those that crashed there before it will never claim.
    """

    def __init__(self, scheduler_id: str, started_at_ms: int) -> None:
        self._id = scheduler_id
        self._started_at_ms = started_at_ms
        self._lock = threading.Lock()
        self._others: tuple[str, ...] = ()
        self._ranks: dict[QueueId, int] = {}

    def learn(self, last_sweeps: Mapping[str, int], oldest_ms: int) -> None:
        """Note who swept when; who did not since ``oldest_ms`` is taken for dead."""
        latest: dict[str, tuple[int, str]] = {}
        for name, at_ms in last_sweeps.items():
            since_ms = max(oldest_ms, self._started_at_ms) if _host(name) == _host(self._id) else oldest_ms
            if name != self._id and at_ms >= since_ms:
                latest[_host(name)] = max(latest.get(_host(name), (0, "")), (at_ms, name))
        others = tuple(sorted(name for _, name in latest.values()))
        with self._lock:
            if others != self._others:
                self._others, self._ranks = others, {}

    def wait_ms(self, queue: QueueId) -> int:
        """Return for how long messages of a queue are left to others."""
        rank = self._rank(queue)
        if rank >= RANKS:
            return FAR_MS
        return FIRST_WAIT_MS * 2 ** (rank - 1) if rank else 0

    def hears(self, queue: QueueId) -> bool:
        """Tell whether a nudge concerns this scheduler."""
        return self._rank(queue) < RANKS

    def seen(self, queue: QueueId, due_at_ms: int | None, now_ms: int) -> int | None:
        """Return when a queue is due as a sweep has it, None if it is for others to see to."""
        if due_at_ms is None or self.hears(queue) or due_at_ms + FAR_MS <= now_ms:
            return due_at_ms
        return None

    def _rank(self, queue: QueueId) -> int:
        with self._lock:
            if not self._others:
                return 0
            rank = self._ranks.get(queue)
            if rank is None:
                own = _weight(queue, self._id)
                rank = self._ranks[queue] = sum(_weight(queue, other) > own for other in self._others)
            return rank


def _host(scheduler_id: str) -> str:
    return scheduler_id.rsplit("-", 2)[0]


def _weight(queue: QueueId, scheduler_id: str) -> bytes:
    """Return what orders schedulers for a queue: rendezvous hashing, so that one more or less moves few queues."""
    return hashlib.blake2b(f"{queue} {scheduler_id}".encode(), digest_size=8).digest()
