"""Changing for how long messages that were received stay hidden: the new time counts from now."""

from collections.abc import Sequence
from functools import partial

import msgspec

from karin.operations.context import Context
from karin.operations.settling import settle_batch, settle_one
from karin.sqs.errors import SqsError
from karin.sqs.extending import check_timeout, check_total
from karin.sqs.handles import check_handle, expired, not_available
from karin.sqs.names import QueueId
from karin.store.messages import Effect, Settlement, Verdict

ENTRY = "ChangeMessageVisibilityBatchRequestEntry"


class Extension(msgspec.Struct, frozen=True):
    """A receipt handle, and for how long from now its message is to stay hidden."""

    handle: str | None
    timeout_seconds: int | None


def change_visibility(context: Context, queue: QueueId, extension: Extension) -> None:
    """Hide one message for so long, or no longer; raises the SqsError that AWS would give."""
    settle_one(context, queue, partial(_check, context, queue, extension), _refusal)


def change_visibility_batch(
    context: Context, queue: QueueId, entries: Sequence[tuple[str | None, Extension]]
) -> list[tuple[str, SqsError | None]]:
    """Do so for up to ten messages; return what was refused, as ``settle_batch``."""
    checks = [
        (entry_id, partial(_check, context, queue, extension, f"{ENTRY}.{place}."))
        for place, (entry_id, extension) in enumerate(entries, start=1)
    ]
    return settle_batch(context, queue, ENTRY, checks, _refusal)


def _check(context: Context, queue: QueueId, extension: Extension, parameters: str = "") -> Settlement:
    seconds = check_timeout(extension.timeout_seconds, parameter=f"{parameters}VisibilityTimeout")
    receipt = check_handle(extension.handle, queue, parameter=f"{parameters}ReceiptHandle")
    now_ms = context.clock.now_ms()
    check_total(receipt, seconds, now_ms)
    return Settlement(receipt, Verdict.EXTEND, now_ms + seconds * 1000)


def _refusal(settlement: Settlement, effect: Effect) -> SqsError | None:
    receipt = settlement.receipt
    if effect is Effect.DONE:
        return None
    return expired(receipt) if effect is Effect.LOST and receipt.queue.is_fifo else not_available(receipt)
