"""karin: a queue server that speaks Amazon SQS and calls AWS Lambda when each message is due."""

__version__ = "0.1.0"
