"""What a receipt handle must be, and what SQS says of one that no longer serves (API reference, DeleteMessage)."""

from karin.sqs.errors import InvalidParameterValue, MissingParameter, ReceiptHandleIsInvalid
from karin.sqs.names import QueueId
from karin.sqs.receipts import Receipt, read_receipt_handle


def check_handle(handle: str | None, queue: QueueId, *, parameter: str = "ReceiptHandle") -> Receipt:
    """Return what a handle for a queue says; raises MissingParameter or ReceiptHandleIsInvalid."""
    if not handle:
        raise MissingParameter(parameter)
    receipt = read_receipt_handle(handle)
    if receipt is None or receipt.queue != queue:
        raise ReceiptHandleIsInvalid(handle)
    return receipt


def expired(receipt: Receipt) -> InvalidParameterValue:
    """Return the error for a handle whose receive holds its message of a FIFO queue no longer."""
    return _refusal(receipt, "The receipt handle has expired.")


def not_available(receipt: Receipt) -> InvalidParameterValue:
    """Return the error for a message that is deleted, or that someone else received since."""
    return _refusal(receipt, "Message does not exist or is not available for visibility timeout change.")


def _refusal(receipt: Receipt, reason: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"Value {receipt.handle} for parameter ReceiptHandle is invalid. Reason: {reason}")
