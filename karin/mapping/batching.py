"""From messages that were claimed to the event of one call: filtered, in order, and never larger than Lambda takes.

Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS" (batching) and "Lambda quotas" (payload of Invoke).
"""

from collections.abc import Sequence

import msgspec

from karin.mapping.event import EVENT_BYTES, encode_record, event_of, record_fields, record_of
from karin.mapping.filters import Filters
from karin.mapping.model import Mapping
from karin.sqs.message import ReceivedMessage

MOST_EVENT_BYTES = 6_291_456  # of a synchronous call, counted as it is sent


class Batch(msgspec.Struct, frozen=True):
    """What became of the messages of one claim; in each tuple they are in the order in which they were claimed.

    ``event`` is the payload with those ``taken``, empty when there are none; ``filtered`` passed none of the filters;
    ``left`` begins with the first message that the event had no room for, and ends with the claim.
    """

    event: bytes
    taken: tuple[ReceivedMessage, ...]
    filtered: tuple[ReceivedMessage, ...]
    left: tuple[ReceivedMessage, ...]


def fill(
    messages: Sequence[ReceivedMessage], mapping: Mapping, filters: Filters, most_bytes: int = MOST_EVENT_BYTES
) -> Batch:
    """Fill an event with messages, from the first on, as long as they fit; the first is taken whatever its size.

    What does not fit is left with everything behind it, so that no message of a group overtakes another.
    """
    records: list[bytes] = []
    taken: list[ReceivedMessage] = []
    filtered: list[ReceivedMessage] = []
    event_bytes = EVENT_BYTES
    for place, received in enumerate(messages):
        record = record_of(received, mapping)
        if filters.patterns and not filters.matches(record_fields(record)):
            filtered.append(received)
            continue
        encoded = encode_record(record)
        event_bytes += len(encoded) + (1 if records else 0)  # the comma
        if records and event_bytes > most_bytes:
            left = tuple(messages[place:])
            break
        records.append(encoded)
        taken.append(received)
    else:
        left = ()
    return Batch(event_of(records) if records else b"", tuple(taken), tuple(filtered), left)
