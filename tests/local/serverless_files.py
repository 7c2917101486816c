"""A serverless.yml in pieces, as the tests of reading one put it together."""

HEAD = "service: shop\nprovider: {name: aws, runtime: python3.11, region: eu-west-1}\n"
ONE = HEAD + "functions:\n  mail:\n    handler: mail.send\n"
QUEUE = (
    "resources: {Resources: {Mails: {Type: AWS::SQS::Queue, Properties: {QueueName: mails, VisibilityTimeout: 60}}}}\n"
)
ARN = "arn:aws:sqs:eu-west-1:123456789012"


def event(text: str) -> str:
    """Return a file with one function and one sqs event, written on lines of its own."""
    lines = "".join(f"          {line}\n" for line in text.strip().splitlines())
    return f"{ONE}    events:\n      - sqs:\n{lines}"
