"""What one would run instead of karin: a process that receives messages, calls the function with them, deletes them.

``python -m benchmarks.poller QUEUE_URL FUNCTIONS_URL BATCH_SIZE`` polls until it is killed. It always receives and
deletes ten messages at a time, and calls the function with ten or with each of them, as BATCH_SIZE says.
"""

import json
import sys
from typing import Any
from urllib.parse import urlsplit

from benchmarks.harness import client
from benchmarks.instant_lambda import FUNCTION_ARN


def main() -> None:
    """Poll for ever."""
    queue_url, functions_url, batch_size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    sqs = client("{0.scheme}://{0.netloc}".format(urlsplit(queue_url)))
    functions = client(functions_url, "lambda")
    while True:
        answer = sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=20, MessageSystemAttributeNames=["All"]
        )
        messages = answer.get("Messages", [])
        for start in range(0, len(messages), batch_size):
            event = {"Records": [record(message) for message in messages[start : start + batch_size]]}
            functions.invoke(FunctionName=FUNCTION_ARN, Payload=json.dumps(event))
        if messages:
            entries = [
                {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]} for place, message in enumerate(messages)
            ]
            sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries)


def record(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message as a function expects it."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
    }


if __name__ == "__main__":
    main()
