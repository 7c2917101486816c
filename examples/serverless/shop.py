"""The shop's front: takes an order by HTTP, puts it in line, and has a mail sent."""

import base64
import json
import os
from typing import Any

import boto3

sqs = boto3.client("sqs")


def take_order(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer a request to the function's URL."""
    body = base64.b64decode(event["body"]).decode() if event["isBase64Encoded"] else event["body"]
    order = json.loads(body)
    sqs.send_message(QueueUrl=os.environ["ORDERS_URL"], MessageBody=body, MessageGroupId=order["customer"])
    sent = sqs.send_message(QueueUrl=os.environ["MAILS_URL"], MessageBody=f"{order['customer']}: thank you")
    return {"statusCode": 202, "body": json.dumps({"mail": sent["MessageId"]})}
