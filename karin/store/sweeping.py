"""The sweep: one command that tells what a scheduler has to see to, and that the scheduler lives."""

from collections.abc import Sequence

import msgspec

from karin.sqs.moves import ActiveMove
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.faults import StoreUnavailable
from karin.store.moves import read_active
from karin.store.scripts import Argument, Scripts, optional_instant

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
        """Return when the queues are due, and all move tasks, in one command. Raises StoreUnavailable.

        On a cluster it is one command for each of them, and what a node keeps that is away is left out.
        """
        if not self._scripts.is_split:
            return self._some(queues, scheduler_id, now_ms)
        swept, failure = Swept({}, ()), None
        parts = [([], True, False), ([], False, True), *(([queue], False, False) for queue in queues)]
        for some, has_schedulers, has_moving in parts:
            try:
                found = self._some(some, scheduler_id, now_ms, has_schedulers=has_schedulers, has_moving=has_moving)
            except StoreUnavailable as error:
                failure = error
            else:
                swept = Swept(swept.heads | found.heads, swept.moves + found.moves)
        if failure is not None and not swept.heads:
            raise failure
        return swept

    def _some(
        self,
        queues: Sequence[QueueId],
        scheduler_id: str,
        now_ms: int,
        *,
        has_schedulers: bool = True,
        has_moving: bool = True,
    ) -> Swept:
        listed = [keys.SCHEDULERS] * has_schedulers + [keys.MOVING] * has_moving
        args: list[Argument] = [now_ms, scheduler_id, FORGOTTEN_MS, int(has_schedulers), int(has_moving)]
        _, (count, *rest) = self._scripts.call("sweep", [*listed, *map(keys.due, queues)], args)
        moves, heads = rest[: 2 * count], rest[2 * count :]
        return Swept(
            {queue: optional_instant(head) for queue, head in zip(queues, heads, strict=True)},
            tuple(read_active(member, at_ms) for member, at_ms in zip(moves[::2], moves[1::2], strict=True)),
        )
