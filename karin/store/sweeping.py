"""The sweep: one command that tells the next due instant of every mapped queue, and that the scheduler lives."""

from collections.abc import Sequence

from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.scripts import Scripts, optional_instant

FORGOTTEN_MS = 24 * 60 * 60 * 1000  # a scheduler that has not swept for a day is not listed any more


class Sweep:
    """Reads the truth that nudges only hint at."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def sweep(self, queues: Sequence[QueueId], scheduler_id: str, now_ms: int) -> dict[QueueId, int | None]:
        """Return queue -> its next due instant in ms (None: empty), in one command. Raises StoreUnavailable."""
        _, heads = self._scripts.call(
            "sweep", [keys.SCHEDULERS, *(keys.due(queue) for queue in queues)], [now_ms, scheduler_id, FORGOTTEN_MS]
        )
        return {queue: optional_instant(head) for queue, head in zip(queues, heads, strict=True)}
