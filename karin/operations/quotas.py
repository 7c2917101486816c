"""Whether there is room for what is sent: what this process knows of the bytes that queues hold.

A script touches one queue alone, so each keeps its own limit, and the limit of all together is kept here. Every reply
to a send tells how much its queue holds, so it costs no command of its own; what others send is looked up once a minute
while anyone sends, and what others took away once a second while there seems to be no room.
"""

from dataclasses import dataclass, field

from karin.sqs.errors import OverLimit
from karin.sqs.names import QueueId
from karin.sqs.quotas import Limits, all_is_full, bytes_beside
from karin.store.store import Store

LOOK_MS = 60_000
FULL_LOOK_MS = 1_000


@dataclass(slots=True)
class Quotas:
    """The limits, and the bytes that each queue held when it was last heard of; shared by greenlets and threads.

    ``max_queue_bytes`` and ``max_bytes`` are as they were set: None leaves them to the store's memory, 0 is no limit.
    """

    store: Store
    max_queue_bytes: int | None = None
    max_bytes: int | None = None
    limits: Limits = field(default_factory=Limits)
    _held: dict[QueueId, int] = field(default_factory=dict)
    _total: int = 0
    _looked_at_ms: int | None = None

    def look(self, now_ms: int) -> None:
        """Learn the limits, and what all queues hold: one command, and one more when there are new queues.

        Raises StoreUnavailable.
        """
        self._looked_at_ms = now_ms
        weighed = self.store.queues.weigh(list(self._held))
        self.limits = Limits.of(self.max_queue_bytes, self.max_bytes, weighed.most_memory, weighed.nodes)
        held = weighed.held_bytes
        if self.limits.total_bytes is not None and (new := [name for name in weighed.names if name not in held]):
            held = held | self.store.queues.weigh(new).held_bytes
        self._held = {name: held[name] for name in weighed.names if name in held}
        self._total = sum(self._held.values())

    def read_limits(self) -> Limits:
        """Return the limits as they are now, for those who look; one command. Raises StoreUnavailable."""
        weighed = self.store.queues.weigh([])
        return Limits.of(self.max_queue_bytes, self.max_bytes, weighed.most_memory, weighed.nodes)

    def refusal(self, queue: QueueId, stored_bytes: int, now_ms: int, messages: int = 1) -> OverLimit | None:
        """Return why there is no room for messages in all queues together; else keep room for them, and return None.

        ``stored_bytes`` are those of all of them. Raises StoreUnavailable.
        """
        if self._is_time_to_look(now_ms, LOOK_MS):
            self.look(now_ms)
        size = stored_bytes + messages * bytes_beside(queue)
        if self._is_over(size):
            if self._is_time_to_look(now_ms, FULL_LOOK_MS):
                self.look(now_ms)
            if self._is_over(size):
                return all_is_full(self._total, self.limits)
        self.learn(queue, self._held.get(queue, 0) + size)
        return None

    def learn(self, queue: QueueId, held_bytes: int) -> None:
        """Note what a queue holds, as a reply of the store told."""
        self._total += held_bytes - self._held.get(queue, 0)
        self._held[queue] = held_bytes

    def _is_over(self, size: int) -> bool:
        return self.limits.total_bytes is not None and self._total + size > self.limits.total_bytes

    def _is_time_to_look(self, now_ms: int, every_ms: int) -> bool:
        if self._looked_at_ms is None:
            return True
        is_bounded = self.limits.total_bytes is not None
        return is_bounded and not self._looked_at_ms <= now_ms < self._looked_at_ms + every_ms
