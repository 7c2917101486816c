"""Greets by name, and tells a queue of it."""

import json
import os
from typing import Any

import boto3

sqs = boto3.client("sqs")


def handle(event: dict[str, Any], _context: object) -> None:
    """Greet everyone in a batch."""
    for record in event["Records"]:
        name = json.loads(record["body"])["name"]
        print(f"{os.environ['GREETING']} {name}")
        sqs.send_message(QueueUrl=os.environ["GREETED_URL"], MessageBody=name)
