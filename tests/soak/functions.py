"""The Lambda service of a soak: functions that work, fail, are slow, and come and go. It keeps nothing of a call."""

import json
import random
import threading

from tests.scheduler.broken_lambda import Request, fail, succeed
from tests.scheduler.queue_functions import QueueFunctions, attributes_of

MAILS, ORDERS, FLAKY, BROKEN, SLOW = "mails", "orders.fifo", "flaky", "broken", "slow"
MAPPED = (MAILS, ORDERS, FLAKY, BROKEN, SLOW)
DEAD = "dead"
FAILS = 0.2  # of the calls of the flaky function, and of the messages of the others
SLOW_SECONDS = 1.5


class Functions(QueueFunctions):
    """The last function that is listed is a guest whose queue changes its name."""

    def __init__(self) -> None:
        super().__init__(MAPPED)
        self.timeout_seconds = 5
        self.handed = 0  # messages; read by one who does not need it exact

    def invite(self, guest: str) -> None:
        """Deploy a mapping anew under another name."""
        self.behaviours = {**dict.fromkeys(MAPPED, succeed), guest: succeed}

    def attributes(self, queue: str) -> dict[str, str]:
        """Return a queue's attributes."""
        return attributes_of(queue, DEAD if queue in (FLAKY, BROKEN) else None)

    def call(self, request: Request, name: str, event: bytes) -> None:
        """Answer as the function would, some by chance."""
        records = json.loads(event)["Records"]
        self.handed += len(records)
        if name == SLOW:
            threading.Event().wait(SLOW_SECONDS)
        chance = random.random()  # noqa: S311 - no secret
        if name == BROKEN or (name == FLAKY and chance < FAILS):
            fail(request)
        elif name == FLAKY and chance < 2 * FAILS:
            request.answer(200, {"batchItemFailures": [{"itemIdentifier": records[-1]["messageId"]}]})
        else:
            succeed(request)
