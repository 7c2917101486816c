"""The sweep: one command that tells what a scheduler has to see to, and that the scheduler lives."""

from collections.abc import Sequence

import msgspec

from karin.sqs.moves import ActiveMove
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.moves import read_active
from karin.store.scripts import Scripts, optional_instant

FORGOTTEN_MS = 24 * 60 * 60 * 1000  # a scheduler that has not swept for a day is not listed any more


class Swept(msgspec.Struct, frozen=True):
    """What a sweep found: each queue's next due instant in ms (None: it is empty), and the active move tasks."""

    heads: dict[QueueId, int | None]
    moves: tuple[ActiveMove, ...]


class Sweep:
    """Reads the truth that signals only hint at."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def sweep(self, queues: Sequence[QueueId], scheduler_id: str, now_ms: int) -> Swept:
        """Return when the queues are due, and all move tasks, in one command. Raises StoreUnavailable."""
        taken_keys = [keys.SCHEDULERS, keys.MOVING, *(keys.due(queue) for queue in queues)]
        _, (count, *rest) = self._scripts.call("sweep", taken_keys, [now_ms, scheduler_id, FORGOTTEN_MS])
        moves, heads = rest[: 2 * count], rest[2 * count :]
        return Swept(
            {queue: optional_instant(head) for queue, head in zip(queues, heads, strict=True)},
            tuple(read_active(member, at_ms) for member, at_ms in zip(moves[::2], moves[1::2], strict=True)),
        )
