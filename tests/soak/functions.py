"""The Lambda service of a soak: functions that work, fail, are slow, and come and go. It keeps nothing of a call."""

import json
import random
import threading
from typing import Any
from urllib.parse import unquote

from tests.scheduler.broken_lambda import BrokenLambda, Request, fail, succeed
from tests.store.support import ACCOUNT

MAILS, ORDERS, FLAKY, BROKEN, SLOW = "mails", "orders.fifo", "flaky", "broken", "slow"
MAPPED = (MAILS, ORDERS, FLAKY, BROKEN, SLOW)
DEAD = "dead"
VISIBILITY_SECONDS = 2
MOST_RECEIVES = 2
FAILS = 0.2  # of the calls of the flaky function, and of the messages of the others
SLOW_SECONDS = 1.5


class Functions(BrokenLambda):
    """One function for each queue, of the same name; the last one listed is a guest whose queue changes its name."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(MAPPED, succeed))
        self.RequestHandlerClass = _Call
        self.of_mapping = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
        self.timeout_seconds = 5
        self.handed = 0  # messages; read by one who does not need it exact

    def invite(self, guest: str) -> None:
        """Deploy a mapping anew under another name."""
        self.behaviours = {**dict.fromkeys(MAPPED, succeed), guest: succeed}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: karin ends while its connections are open."""


class _Call(Request):
    """One request of karin's scheduler."""

    server: Functions

    def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
        """Call a function, or tell a queue's attributes."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "/invocations" not in self.path:
            self.answer(200, {"Attributes": attributes(str(body["QueueUrl"]).rpartition("/")[2])})
            return
        queue = unquote(self.path).split(":function:")[1].split("/")[0].split(":")[0]
        self.server.handed += len(body["Records"])
        if queue == SLOW:
            threading.Event().wait(SLOW_SECONDS)
        chance = random.random()  # noqa: S311 - no secret
        if queue == BROKEN or (queue == FLAKY and chance < FAILS):
            fail(self)
        elif queue == FLAKY and chance < 2 * FAILS:
            self.answer(200, {"batchItemFailures": [{"itemIdentifier": body["Records"][-1]["messageId"]}]})
        else:
            succeed(self)


def attributes(queue: str) -> dict[str, str]:
    """Return a queue's attributes as AWS tells them."""
    told = {"VisibilityTimeout": str(VISIBILITY_SECONDS)}
    if queue.endswith(".fifo"):
        told["FifoQueue"] = "true"
    if queue in (FLAKY, BROKEN):
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{DEAD}"
        told["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MOST_RECEIVES})
    return told
