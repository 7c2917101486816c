"""Calls of a karin in a container or on a machine, signed as its guides tell."""

from tests.wire.raw import JSON_TYPE
from tests.wire.signing import Request, sign


def call(url: str, action: str, body: str) -> str:
    """Send a signed request; return the body of its answer."""
    headers = {"Content-Type": JSON_TYPE, "X-Amz-Target": f"AmazonSQS.{action}"}
    answer = sign(Request("POST", "/", headers, body.encode()), url).send(url)
    assert answer.status == 200, answer
    return answer.body.decode()
