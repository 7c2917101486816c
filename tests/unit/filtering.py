"""Records and one-filter questions, for the tests of event filtering."""

import json
from typing import Any

import pytest

from karin.mapping.filters import InvalidPattern, compile_filters


def record(body: str, **fields: Any) -> dict[str, Any]:
    """Return a record as a function receives it."""
    return {
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1545082649183",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1545082649185",
        },
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-west-2:123456789012:my-queue",
        "awsRegion": "us-west-2",
        **fields,
    }


def passes(pattern: Any, of: dict[str, Any]) -> bool:
    """Tell whether a record passes one filter."""
    return compile_filters([json.dumps(pattern)]).matches(of)


def holds(pattern: Any, event: Any) -> bool:
    """Tell whether a body of JSON passes a filter on it."""
    return passes({"body": pattern}, record(json.dumps(event)))


def refusal(pattern: Any) -> str:
    with pytest.raises(InvalidPattern) as caught:
        compile_filters([pattern if isinstance(pattern, str) else json.dumps(pattern)])
    return str(caught.value)
