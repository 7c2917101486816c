"""The checks that every batch request shares, in AWS's order (SQS API reference, SendMessageBatch, errors)."""

import re
from collections.abc import Sequence

from karin.sqs.errors import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    TooManyEntriesInBatchRequest,
)
from karin.sqs.limits import BATCH_BYTES, BATCH_ENTRIES, BATCH_ENTRY_ID_LENGTH

_CHARACTERS = re.compile(r"[\w-]+", re.ASCII)  # of all ids together


def check_entry_ids(ids: Sequence[str | None], entry_name: str) -> None:
    """Check a batch's entry ids; ``entry_name`` is what AWS calls an entry of this action."""
    if not ids:
        raise EmptyBatchRequest(f"There should be at least one {entry_name} in the request.")
    if len(ids) > BATCH_ENTRIES:
        raise TooManyEntriesInBatchRequest(
            f"Maximum number of entries per request are {BATCH_ENTRIES}. You have sent {len(ids)}."
        )
    given = list(filter(None, ids))
    is_short = max(map(len, given), default=0) <= BATCH_ENTRY_ID_LENGTH
    if len(given) < len(ids) or not is_short or not _CHARACTERS.fullmatch("".join(given)):
        raise InvalidBatchEntryId(
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores."
            " It can be at most 80 letters long."
        )
    if len(set(given)) < len(given):
        repeated = next(entry_id for place, entry_id in enumerate(given) if entry_id in given[:place])
        raise BatchEntryIdsNotDistinct(f"Id {repeated} repeated.")


def check_batch_bytes(total: int) -> None:
    """Refuse a batch whose messages are longer together than one request may be, in bytes."""
    if total > BATCH_BYTES:
        raise BatchRequestTooLong(
            f"Batch requests cannot be longer than {BATCH_BYTES} bytes. You have sent {total} bytes."
        )
