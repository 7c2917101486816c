"""Settling what callers hold: one Redis command for one message or a batch of ten."""

from collections.abc import Callable, Sequence

from karin.operations.context import Context
from karin.operations.queues import missing_queue_first
from karin.sqs.batches import check_entry_ids
from karin.sqs.errors import SqsError
from karin.sqs.names import QueueId
from karin.store.messages import Effect, Settlement

Check = Callable[[], Settlement]  # raises the SqsError that a caller's wish deserves
Refusal = Callable[[Settlement, Effect], SqsError | None]  # what the caller is told of an effect


def settle_one(context: Context, queue: QueueId, check: Check, refusal: Refusal) -> None:
    """Settle one message; raises the SqsError that AWS would give."""
    with missing_queue_first(context, queue):
        settlement = check()
    settled = context.store.messages.settle(queue, context.clock.now_ms(), [settlement])
    if refused := refusal(settlement, settled.effects[0]):
        raise refused


def settle_batch(
    context: Context,
    queue: QueueId,
    entry_name: str,
    entries: Sequence[tuple[str | None, Check]],
    refusal: Refusal,
) -> list[tuple[str, SqsError | None]]:
    """Settle up to ten messages; return each entry's id with why it was refused, None if it was not, in order.

    Raises an SqsError when the batch is refused as a whole, and then changes nothing.
    """
    with missing_queue_first(context, queue):
        check_entry_ids([entry_id for entry_id, _ in entries], entry_name)
    checks = [(entry_id or "", _outcome(check)) for entry_id, check in entries]
    settlements = [one for _, one in checks if isinstance(one, Settlement)]
    if not settlements:
        context.store.queues.describe(queue, context.clock.now_ms())  # a missing queue wins over bad entries
        return [(entry_id, one) for entry_id, one in checks if isinstance(one, SqsError)]
    settled = context.store.messages.settle(queue, context.clock.now_ms(), settlements)
    effects = iter(settled.effects)
    return [(entry_id, one if isinstance(one, SqsError) else refusal(one, next(effects))) for entry_id, one in checks]


def _outcome(check: Check) -> Settlement | SqsError:
    try:
        return check()
    except SqsError as error:
        return error
