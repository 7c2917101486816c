"""The local Lambda service: stands in for AWS Lambda (and, for mapped queues' attributes, SQS) on this machine.

Runs as its own process, ``python -m karin.local``; everything else talks to it over HTTP, as it would to AWS.
"""
