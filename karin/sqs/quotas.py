"""How many bytes queues may hold, one and all together, and what a sender is told who asks for more.

SQS has no such limits: a store has. They stand well below what it can hold, so that a flood is refused with a reason
before it costs a message, and one flooded queue leaves room to the others.
"""

import msgspec

from karin.sqs.errors import OverLimit
from karin.sqs.names import QueueId

BYTES_BESIDE = 250  # that a message takes in the store beside what is stored of it (benchmarks, "stored") ...
FIFO_BYTES_BESIDE = 450  # ... and in a FIFO queue, which keeps its order and its deduplication id
SHARE = 3 / 4  # of a store's memory, for what queues hold; and of that, for one of them


class Limits(msgspec.Struct, frozen=True):
    """Most bytes that one queue may hold, and that all may hold together; None for no limit."""

    queue_bytes: int | None = None
    total_bytes: int | None = None

    @classmethod
    def of(cls, queue_bytes: int | None, total_bytes: int | None, most_memory: int, nodes: int = 1) -> "Limits":
        """Return limits as they are set (0: there is none), else by the memory of the store's nodes (0: no bound).

        All of a queue is on one node.
        """
        total = int(most_memory * nodes * SHARE) if total_bytes is None else total_bytes
        queue = int(total / nodes * SHARE) if queue_bytes is None else queue_bytes
        return cls(queue or None, total or None)


def bytes_beside(queue: QueueId) -> int:
    """Return what counts for each message of a queue beside what is stored of it."""
    return FIFO_BYTES_BESIDE if queue.is_fifo else BYTES_BESIDE


def queue_is_full(queue: QueueId, held_bytes: int, limits: Limits) -> OverLimit:
    """Return what a sender to a queue is told that has no room for the message."""
    return OverLimit(
        f"The queue {queue.name} holds {held_bytes:,} bytes and has no room for this message: it may hold"
        f" {limits.queue_bytes:,} (KARIN_MAX_QUEUE_BYTES)."
    )


def all_is_full(held_bytes: int, limits: Limits) -> OverLimit:
    """Return what a sender is told when all queues together have no room for the message."""
    return OverLimit(
        f"All queues together hold {held_bytes:,} bytes and have no room for this message: they may hold"
        f" {limits.total_bytes:,} (KARIN_MAX_BYTES)."
    )
