"""Message commands that are counted for metrics; without metrics nobody pays for that."""

from collections.abc import Sequence
from typing import Any

from karin.metrics.catalog import DEAD_LETTERED, RECEIVED, SENT
from karin.metrics.tally import Tally
from karin.sqs.names import QueueId, queue_id_from_arn
from karin.store.messages import Call, Claim, MessageCommands, Outgoing, Sent
from karin.store.scripts import Scripts


class CountedMessages(MessageCommands):
    """Counts what callers send and receive, and what goes to dead-letter queues: neither deliveries nor redrives."""

    def __init__(self, scripts: Scripts, tally: Tally) -> None:
        super().__init__(scripts)
        self._cells = tally.cells

    def send(
        self, queue: QueueId, now_ms: int, outgoing: Sequence[Outgoing], *, most_held_bytes: int | None = None
    ) -> Sent:
        """Store messages; see MessageCommands."""
        sent = super().send(queue, now_ms, outgoing, most_held_bytes=most_held_bytes)
        if outgoing and outgoing[0].size:
            stored = len([fate for fate in sent.fates if not (fate.is_too_long or fate.is_over_limit)])
            self._cells(SENT, queue.name)[0] += stored
        elif outgoing and (source := queue_id_from_arn(outgoing[0].message.dead_letter_source_arn or "")):
            moved = len(sent.fates)
            self._cells(DEAD_LETTERED, source.name)[0] += moved
        return sent

    def claim(
        self, queue: QueueId, now_ms: int, *, call: Call | None = None, counts: bool = True, **more: Any
    ) -> Claim:
        """Take due messages; see MessageCommands."""
        claim = super().claim(queue, now_ms, call=call, counts=counts, **more)
        if call is None and counts and claim.messages:
            received = len(claim.messages)
            self._cells(RECEIVED, queue.name)[0] += received
        return claim
