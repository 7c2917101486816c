"""How many values a request may hold, counted before any of them becomes an object.

A body of 9 MiB has room for three million `{}`, which decoded take a gigabyte. No legal request needs 600 values: ten
entries with ten attributes each.
"""

import re

from karin.sqs.errors import MalformedInput, SqsError, TooManyEntriesInBatchRequest
from karin.sqs.limits import BATCH_ENTRIES

MOST_VALUES = 2_000  # members, items and structures of one request, or parameters
_ESCAPED = ((b"\\\\", b""), (b'\\"', b""))  # in this order: a backslash that is itself escaped escapes no quote
_BATCH = re.compile(r"(?:^|&)Action=\w{1,40}Batch(?:&|$)", re.ASCII)


def check_json(body: bytes, *, is_batch: bool) -> None:
    """Refuse a JSON body with too many values: raises TooManyEntriesInBatchRequest for a batch, else MalformedInput."""
    if _values(body) <= MOST_VALUES:  # nearly always: whatever stands in strings is counted with the rest
        return
    for escaped, nothing in _ESCAPED:
        body = body.replace(escaped, nothing)
    if body.count(b'"') > 4 * MOST_VALUES or sum(map(_values, body.split(b'"')[::2])) > MOST_VALUES:
        raise too_many_values(is_batch=is_batch)


def is_batch_form(*texts: str) -> bool:
    """Tell whether the parameters of a Query request, still unread, name the action of a batch."""
    return any(_BATCH.search(text) for text in texts)


def too_many_values(*, is_batch: bool) -> SqsError:
    """Return the error of a request with too many values; a batch of so many has too many entries in any case."""
    if is_batch:
        return TooManyEntriesInBatchRequest(
            f"Maximum number of entries per request are {BATCH_ENTRIES}. You have sent more."
        )
    return MalformedInput(f"The request has more than {MOST_VALUES} values.")


def _values(text: bytes) -> int:
    return text.count(b",") + text.count(b"{") + text.count(b"[")
