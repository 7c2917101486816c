"""Takes a reminder by HTTP, and rings when it is due."""

import base64
import json
import os
import time
from typing import Any

import boto3

sqs = boto3.client("sqs")
LONGEST_SECONDS = 900  # of SQS; karin takes more where KARIN_MAX_DELAY_SECONDS says so


def remind(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer a request to the function's URL: have a message come back later."""
    body = base64.b64decode(event["body"]).decode() if event["isBase64Encoded"] else event["body"]
    asked = json.loads(body)
    seconds = min(max(int(asked["seconds"]), 0), LONGEST_SECONDS)
    sent = sqs.send_message(QueueUrl=os.environ["REMINDERS_URL"], MessageBody=asked["text"], DelaySeconds=seconds)
    return {"statusCode": 202, "body": json.dumps({"id": sent["MessageId"], "due": round(time.time()) + seconds})}


def ring(event: dict[str, Any], _context: object) -> None:
    """Print what is due."""
    for record in event["Records"]:
        print(f"reminder: {record['body']}")
