"""How long a received message may be hidden (SQS API reference, ChangeMessageVisibility)."""

from karin.sqs.errors import InvalidParameterValue, MissingParameter
from karin.sqs.limits import VISIBILITY_SECONDS
from karin.sqs.receipts import Receipt


def check_timeout(seconds: int | None, *, parameter: str = "VisibilityTimeout") -> int:
    """Return a new visibility timeout; raises MissingParameter or InvalidParameterValue."""
    low, high = VISIBILITY_SECONDS
    if seconds is None:
        raise MissingParameter(parameter)
    if not low <= seconds <= high:
        raise _invalid(seconds, f"VisibilityTimeout must be an integer between {low} and {high}.")
    return seconds


def check_total(receipt: Receipt, seconds: int, now_ms: int) -> None:
    """Refuse a timeout that would hide a message for more than twelve hours since its receive, in whole seconds."""
    _, most = VISIBILITY_SECONDS
    if (now_ms - receipt.received_at_ms) // 1000 + seconds > most:
        raise _invalid(seconds, f"Total VisibilityTimeout for the message is beyond the limit [{most} seconds]")


def _invalid(seconds: int, reason: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: {reason}")
