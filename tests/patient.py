"""boto3 as users have it: it tries again by itself."""

from typing import Any

import boto3
from botocore.config import Config


def patient_sqs(url: str, attempts: int, keys: tuple[str, str] = ("test", "testing-secret")) -> Any:
    """Return boto3 against an endpoint, with so many attempts at each request; ``keys`` are an id and its secret."""
    key_id, secret = keys
    return boto3.client(
        "sqs",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}),
    )
