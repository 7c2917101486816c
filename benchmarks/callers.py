"""What a Lambda call costs the scheduler's process: as it makes them, and through botocore.

``AWS_ENDPOINT_URL_LAMBDA=... python -m benchmarks.callers`` prints both in microseconds of processor time, medians of
rounds in which they take turns. It is a process of its own, in which nothing else takes time.
"""

import json
import statistics
import time

from benchmarks.instant_lambda import FUNCTION_ARN
from karin.aws.access import AccessBook
from karin.aws.apart import find_access_apart
from karin.aws.calling import DirectInvoker, Invoker
from karin.aws.invoke import LambdaInvoker
from karin.clock import SystemClock
from karin.mapping.outcome import Responded
from karin.mapping.payload import Payload

CALLS, ROUNDS = 500, 9  # of each way: 4,500 calls
TIMEOUT_SECONDS = 3
RECORD = {
    "messageId": "11111111-1111-1111-1111-111111111111",
    "receiptHandle": "x" * 100,
    "body": f"0 {'x' * 200}",
    "attributes": {"SentTimestamp": "0", "ApproximateReceiveCount": "1", "SenderId": "AIDA"},
    "messageAttributes": {},
    "md5OfBody": "0" * 32,
    "eventSource": "aws:sqs",
    "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:work",
    "awsRegion": "us-east-1",
}
EVENT = json.dumps({"Records": [RECORD]}).encode()


def main() -> None:
    """Print a line for each way of calling: its processor time for one call, in microseconds."""
    clock = SystemClock()
    ways: dict[str, Invoker] = {
        "directly": DirectInvoker(1, AccessBook(find_access_apart, clock), clock, _not_needed),
        "with botocore": LambdaInvoker(1),
    }
    for invoker in ways.values():  # what is found out and made at the first call is no part of the others
        call(invoker, 20)
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, invoker in ways.items():
            before_s = time.process_time()
            call(invoker, CALLS)
            taken[name].append((time.process_time() - before_s) / CALLS * 1e6)
    for name, each in taken.items():
        print(name, f"{statistics.median(each):.0f}", sep="\t")


def call(invoker: Invoker, count: int) -> None:
    """Call the function one time after the other."""
    for _ in range(count):
        result = invoker.invoke(FUNCTION_ARN, Payload(EVENT), TIMEOUT_SECONDS)
        assert isinstance(result, Responded), result


def _not_needed() -> Invoker:
    raise AssertionError("botocore is not needed to call here")


if __name__ == "__main__":
    main()
