"""Begins a trial by HTTP, and ends it 30 days later."""

import base64
import json
import os
from typing import Any

import boto3

sqs = boto3.client("sqs")
TRIAL_SECONDS = 30 * 24 * 60 * 60


def begin(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer a request to the function's URL: send the end of the trial, to come when it is due."""
    customer = base64.b64decode(event["body"]).decode() if event["isBase64Encoded"] else event["body"]
    sent = sqs.send_message(QueueUrl=os.environ["TRIALS_URL"], MessageBody=customer, DelaySeconds=TRIAL_SECONDS)
    return {"statusCode": 202, "body": json.dumps({"id": sent["MessageId"]})}


def end(event: dict[str, Any], _context: object) -> None:
    """End the trials that are due."""
    for record in event["Records"]:
        print(f"the trial of {record['body']} is over")
