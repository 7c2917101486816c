"""Prints the body of every message it is given, one line each."""

from typing import Any


def handle(event: dict[str, Any], _context: object) -> None:
    """Handle one batch of SQS messages."""
    for record in event["Records"]:
        print(record["body"])
