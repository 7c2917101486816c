"""A batch from its claim to its settlement."""

import msgspec

from karin.mapping.model import Mapping
from karin.mapping.payload import Payload
from karin.scheduler.served import Service
from karin.sqs.names import QueueId
from karin.sqs.receipts import Receipt
from karin.store.messages import Call


class Flight(msgspec.Struct, frozen=True):
    """Messages that were claimed for one call. Their bodies are in the payload alone, and only until it is sent.

    ``receipts`` are those of the messages in the event, in its order; ``filtered`` passed none of the filters and are
    deleted with the batch. ``due_at_ms`` is when the earliest was due, ``retry_at_ms`` when they are if the function
    fails, ``over_at_ms`` when its call has surely ended. ``trace_headers`` are those of its messages
    if there are traces.
    """

    service: Service
    call: Call
    payload: Payload
    compressed_event: bytes
    receipts: tuple[Receipt, ...]
    filtered: tuple[Receipt, ...]
    due_at_ms: int
    claimed_at_ms: int
    leased_until_ms: int
    retry_at_ms: int
    over_at_ms: int
    trace_headers: tuple[str, ...] = ()

    @property
    def mapping(self) -> Mapping:
        """Return whose call it is."""
        return self.service.mapping

    @property
    def queue(self) -> QueueId:
        """Return where its messages come from."""
        return self.service.mapping.queue

    @property
    def message_ids(self) -> tuple[str, ...]:
        """Return the ids of the messages in the event."""
        return tuple(receipt.message_id for receipt in self.receipts)
