"""The Lambda service of runs that last: one function for each queue, and karins that end while they call it."""

import json
from collections.abc import Iterable
from typing import Any

from tests.scheduler.broken_lambda import REGION, BrokenLambda, succeed
from tests.store.support import ACCOUNT

VISIBILITY_SECONDS = 2
MOST_RECEIVES = 2


class QueueFunctions(BrokenLambda):
    """Functions that may report what failed of a batch; who inherits from it says how queues are and calls end."""

    def __init__(self, queues: Iterable[str]) -> None:
        super().__init__(dict.fromkeys(queues, succeed), FunctionResponseTypes=["ReportBatchItemFailures"])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: callers end while their connections are open."""


def attributes_of(queue: str, dead_letters: str | None = None, **more: str) -> dict[str, str]:
    """Return a queue's attributes as AWS tells them; ``dead_letters`` is the name of the queue for those."""
    told = {"VisibilityTimeout": str(VISIBILITY_SECONDS)}
    if queue.endswith(".fifo"):
        told["FifoQueue"] = "true"
    if dead_letters:
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{dead_letters}"
        told["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MOST_RECEIVES})
    return told | more
