"""Deleting messages that were received."""

from collections.abc import Sequence
from functools import partial

from karin.operations.context import Context
from karin.operations.settling import settle_batch, settle_one
from karin.sqs.errors import SqsError
from karin.sqs.handles import check_handle, expired
from karin.sqs.names import QueueId
from karin.store.messages import Effect, Settlement, Verdict

ENTRY = "DeleteMessageBatchRequestEntry"


def delete_message(context: Context, queue: QueueId, handle: str | None) -> None:
    """Delete one message, or find it deleted; raises the SqsError that AWS would give."""
    settle_one(context, queue, partial(_check, queue, handle), _refusal)


def delete_message_batch(
    context: Context, queue: QueueId, entries: Sequence[tuple[str | None, str | None]]
) -> list[tuple[str, SqsError | None]]:
    """Delete up to ten messages by id of entry and receipt handle; return what was refused, as ``settle_batch``."""
    checks = [
        (entry_id, partial(_check, queue, handle, f"{ENTRY}.{place}.ReceiptHandle"))
        for place, (entry_id, handle) in enumerate(entries, start=1)
    ]
    return settle_batch(context, queue, ENTRY, checks, _refusal)


def _check(queue: QueueId, handle: str | None, parameter: str = "ReceiptHandle") -> Settlement:
    receipt = check_handle(handle, queue, parameter=parameter)
    # In a standard queue any handle of a message deletes it, also one that is out of date.
    return Settlement(receipt, Verdict.DELETE_HELD if queue.is_fifo else Verdict.DELETE)


def _refusal(settlement: Settlement, effect: Effect) -> SqsError | None:
    return expired(settlement.receipt) if effect is Effect.LOST else None
