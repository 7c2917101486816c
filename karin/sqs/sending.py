"""What a send must look like before the store sees it (SQS API reference, SendMessage and SendMessageBatch)."""

from collections.abc import Iterable

import msgspec

from karin.sqs.characters import INVALID_CHARACTERS_TEXT, has_only_allowed_characters
from karin.sqs.errors import InvalidMessageContents, InvalidParameterValue, MissingParameter
from karin.sqs.fifo import check_fifo_id
from karin.sqs.message import MessageAttribute, message_bytes
from karin.sqs.message_attributes import validate_attributes, validate_system_attributes

ENTRY = "SendMessageBatchRequestEntry"


class Send(msgspec.Struct, frozen=True):
    """One message that a caller wants sent; ``delay_seconds`` None leaves the delay to the queue.

    No attributes are none of a kind: both are empty or None. The shapes of requests are kinds of this.
    """

    body: str | None
    delay_seconds: int | None = None
    attributes: dict[str, MessageAttribute] | None = None
    system_attributes: dict[str, MessageAttribute] | None = None
    group_id: str | None = None
    deduplication_id: str | None = None


def check_send(send: Send, *, fifo: bool, max_delay_seconds: int, entry: int | None = None) -> str | None:
    """Check one send by every rule that does not depend on its queue's attributes; return its X-Ray trace header.

    ``entry`` is its 1-based place in a batch, which AWS names in some texts. Raises the SqsError that AWS gives for the
    first rule broken.
    """
    if not send.body:
        raise MissingParameter("MessageBody" if entry is None else f"{ENTRY}.{entry}.MessageBody")
    if not has_only_allowed_characters(send.body):
        raise InvalidMessageContents(INVALID_CHARACTERS_TEXT)
    if send.delay_seconds is not None:
        _check_delay(send.delay_seconds, fifo=fifo, max_delay_seconds=max_delay_seconds)
    if fifo or send.group_id is not None or send.deduplication_id is not None:
        _check_fifo_ids(send, fifo=fifo, in_batch=entry is not None)
    if send.attributes:
        validate_attributes(send.attributes)
    return validate_system_attributes(send.system_attributes) if send.system_attributes else None


def check_groups(sends: Iterable[Send]) -> None:
    """Refuse a whole batch for a FIFO queue in which a message lacks its group: AWS words that as a wrong value."""
    if any(send.group_id is None for send in sends):
        raise InvalidParameterValue(MissingParameter("MessageGroupId").message)


def send_bytes(send: Send) -> int:
    """Return the size in bytes of the message that a send asks for, valid or not."""
    return message_bytes(send.body or "", send.attributes or {})


def too_long(limit: int, *, in_batch: bool) -> InvalidParameterValue:
    """Return AWS's error for a message beyond its queue's MaximumMessageSize of ``limit`` bytes."""
    start = "One or more parameters cannot be validated." if in_batch else "One or more parameters are invalid."
    return InvalidParameterValue(f"{start} Reason: Message must be shorter than {limit} bytes.")


def _check_delay(delay_seconds: int, *, fifo: bool, max_delay_seconds: int) -> None:
    subject = f"Value {delay_seconds} for parameter DelaySeconds is invalid. Reason: "
    if fifo and delay_seconds > 0:
        raise InvalidParameterValue(subject + "The request include parameter that is not valid for this queue type.")
    if not 0 <= delay_seconds <= max_delay_seconds:
        raise InvalidParameterValue(f"{subject}DelaySeconds must be >= 0 and <= {max_delay_seconds}.")


def _check_fifo_ids(send: Send, *, fifo: bool, in_batch: bool) -> None:
    if fifo and send.group_id is None:
        raise MissingParameter("MessageGroupId")
    if send.group_id is not None:
        check_fifo_id("MessageGroupId", send.group_id)
    if send.deduplication_id is not None:
        check_fifo_id("MessageDeduplicationId", send.deduplication_id)
    if send.deduplication_id is not None and not fifo:
        reason = "The request include parameter that is not valid for this queue type"
        if not in_batch:
            reason = (
                f"Value {send.deduplication_id} for parameter MessageDeduplicationId is invalid."
                " Reason: The request includes a parameter that is not valid for this queue type."
            )
        raise InvalidParameterValue(reason)
