"""Stores that hold a backlog: a private Valkey with karin's own options, its log included, and messages of a whole day.

A standard queue's messages are sent now, with delays. A FIFO queue's delay is the queue's own, so its messages are
"sent" at instants of the coming day: either way none is due while anything is measured.
"""

import random
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from karin.clock import SystemClock
from karin.operations.context import Context
from karin.settings import Settings
from karin.sqs.message import Message
from karin.sqs.names import QueueId
from karin.sqs.queue_attributes import defaults_for
from karin.store import keys
from karin.store.messages import Outgoing
from karin.store.store import Store
from tests.processes import running_store
from tests.support import wait_until

ACCOUNT = "000000000000"
QUEUES = 100
GROUPS = 10  # of each FIFO queue
AT_ONCE = 200
BODY_BYTES = 100
DAY_MS = 86_400_000
SOON_MS = 3_600_000  # nothing of the backlog is due before


@dataclass
class Backlog:
    """A running store, and how many messages it was filled with."""

    context: Context
    raw: "redis.Redis"
    queues: tuple[QueueId, ...]
    memory_when_empty: int
    held: int = 0
    is_fifo: bool = False

    @property
    def store(self) -> Store:
        """Return the store."""
        return self.context.store

    def fill(self, count: int) -> None:
        """Send messages until there are so many, as many in each queue; then let the store come to rest."""
        for queue in self.queues:
            left = (count - self.held) // QUEUES
            while left > 0:
                some = min(left, AT_ONCE)
                self._send(queue, some)
                left -= some
        self.held = count
        wait_until(lambda: not self.info("persistence")["aof_rewrite_in_progress"], "the log is rewritten", 300)

    def bytes_beyond_the_body(self) -> float:
        """Return how much of its memory the store took for each message, without its body."""
        used = self.info("memory")["used_memory"] - self.memory_when_empty
        return float(used / self.held - BODY_BYTES)

    def bytes_remembered(self) -> float:
        """Return how much of that is what deduplication remembers for five minutes."""
        remembering = [part(queue) for queue in self.queues for part in (keys.remembered, keys.forgetting)]
        return sum(self.raw.memory_usage(key, samples=100) or 0 for key in remembering) / self.held

    def info(self, section: str) -> dict[str, Any]:
        """Return what the store tells of itself."""
        told: Any = self.raw.info(section)
        return dict(told)

    def _send(self, queue: QueueId, count: int) -> None:
        now_ms = self.context.clock.now_ms()
        laters_ms = random.sample(range(SOON_MS, DAY_MS), count)
        if self.is_fifo:
            now_ms += laters_ms[0]
            some = [outgoing(queue, now_ms, group=f"group-{place % GROUPS}") for place in range(count)]
        else:
            some = [outgoing(queue, now_ms, later_ms, group="") for later_ms in laters_ms]
        self.store.messages.send(queue, now_ms, some)


def outgoing(queue: QueueId, now_ms: int, delay_ms: int = 0, *, group: str) -> Outgoing:
    """Return a message with a small body; one of a standard queue has its own delay, one of a FIFO queue its group."""
    id_ = str(uuid.uuid4())
    if not queue.is_fifo:
        return Outgoing(Message(id_, "x" * BODY_BYTES, now_ms, ACCOUNT), 0, delay_ms)
    message = Message(id_, "x" * BODY_BYTES, now_ms, ACCOUNT, group_id=group, deduplication_id=id_)
    return Outgoing(message, 0, None)


@contextmanager
def running_backlog(home: Path, *, fifo: bool) -> Iterator[Backlog]:
    """Run a store with a hundred empty queues."""
    home.mkdir()
    with running_store(home, "--appendonly", "yes") as url:
        store = Store.open(url, max_connections=1)
        raw = redis.Redis.from_url(url)
        store.schema.claim()
        queues = tuple(QueueId(ACCOUNT, f"grow-{number:03}{'.fifo' if fifo else ''}") for number in range(QUEUES))
        now_ms = time.time_ns() // 1_000_000
        for queue in queues:
            store.queues.create(queue, now_ms, {}, defaults_for(fifo=fifo))
        context = Context.of(store, SystemClock(), Settings(home=home))
        used: Any = raw.info("memory")
        yield Backlog(context, raw, queues, int(used["used_memory"]), is_fifo=fifo)
        raw.close()
