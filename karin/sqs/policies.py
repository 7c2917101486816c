"""Access policies of queues: checked for form, stored, echoed, never evaluated: karin's keys decide who may call."""

import json

from karin.sqs.errors import InvalidAttributeValue, InvalidParameterValue, OverLimit, SqsError
from karin.sqs.limits import POLICY_BYTES, POLICY_STATEMENTS


def normal_policy(text: str, creating: bool) -> str:
    """Return a queue policy as it is stored: exactly as given, once it is a JSON object within SQS's limits."""
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError):
        policy = None
    if not isinstance(policy, dict) or len(text.encode()) > POLICY_BYTES:
        raise InvalidAttributeValue("Invalid value for the parameter Policy.")
    statements = policy.get("Statement", [])
    count = len(statements) if isinstance(statements, list) else 1
    if count > POLICY_STATEMENTS:
        error: type[SqsError] = InvalidParameterValue if creating else OverLimit
        raise error(f"{count} statements were found in the submitted policy, max allowed is {POLICY_STATEMENTS}")
    return text
