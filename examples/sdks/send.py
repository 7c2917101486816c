"""Python, boto3 1.28 or newer: no word of karin in it, ``AWS_ENDPOINT_URL_SQS`` says where to send."""

import os

import boto3

sqs = boto3.client("sqs")
sent = sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody="hello", DelaySeconds=60)
print(sent["MessageId"])
