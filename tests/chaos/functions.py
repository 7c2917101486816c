"""The Lambda service of a run: it writes down what it is called with, and misbehaves when it is told to."""

import json
import random
import threading
from typing import Any
from urllib.parse import unquote

from tests.chaos.ledger import Delivery, Ledger, now_ms
from tests.scheduler.broken_lambda import (
    BrokenLambda,
    Request,
    drop,
    fail,
    garble,
    refuse,
    succeed,
    truncate,
)
from tests.store.support import ACCOUNT

VISIBILITY_SECONDS = 2
MOST_RECEIVES = 2
MISBEHAVES = 0.7  # of the calls while a mood lasts
CANARY = "canary"  # its function is always well: it tells when karin is
FIFO_DELAY_SECONDS = 1
STANDARD, FIFO = ("plain", "work"), ("orders.fifo", "late.fifo")
DEAD_LETTERS = {"work": "dead", "orders.fifo": "dead.fifo"}
DELAYS = {"late.fifo": FIFO_DELAY_SECONDS}


class Functions(BrokenLambda):
    """One function for each queue, of the same name."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        super().__init__(dict.fromkeys((*STANDARD, *FIFO, CANARY), succeed))
        self.RequestHandlerClass = _Call
        self.of_mapping = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
        self.ledger = ledger
        self.chance = random.Random(seed)  # noqa: S311 - it is to be repeatable
        self.mood: str | None = None
        self.calmed = threading.Event()

    def misbehave(self, mood: str) -> None:
        """Do wrong from now on."""
        self.calmed = threading.Event()
        self.mood = mood

    def calm(self) -> None:
        """Do right from now on; calls that hang end."""
        self.mood = None
        self.calmed.set()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: callers are killed in mid-call here."""


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
        records = body["Records"]
        mood = self.server.mood if queue != CANARY and self.server.chance.random() < MISBEHAVES else None
        if mood in ("throttle", "refuse"):  # then no function is called, and nothing is delivered
            self._refuse(mood)
            return
        made = self.server.ledger.deliver(queue, [_told(one) for one in records])
        listed = _failing(records, self.server.chance) if mood == "partial" else []
        try:
            self._answer(mood, listed)
        finally:
            _complete(made, mood, set(listed))

    def _refuse(self, mood: str) -> None:
        if mood == "throttle":
            refuse(429, "TooManyRequestsException")(self)
        else:
            refuse(503, "ServiceException")(self)

    def _answer(self, mood: str | None, listed: list[str]) -> None:
        match mood:
            case "fail":
                fail(self)
            case "partial":
                self.answer(200, {"batchItemFailures": [{"itemIdentifier": one} for one in listed]})
            case "hang":
                self.server.calmed.wait(60)
                drop(self)
            case "reset":
                drop(self)
            case "garbage":
                garble(self)
            case "truncate":
                truncate(self)
            case _:
                succeed(self)


def _told(record: dict[str, Any]) -> tuple[str, str, int, int]:
    """Return what an event tells of a message: its id, its body, when it was sent and first received."""
    attributes = record["attributes"]
    instants = (int(attributes["SentTimestamp"]), int(attributes["ApproximateFirstReceiveTimestamp"]))
    return record["messageId"], record["body"], *instants


def attributes(queue: str) -> dict[str, str]:
    """Return a queue's attributes as AWS tells them."""
    told = {"VisibilityTimeout": str(VISIBILITY_SECONDS)}
    if queue.endswith(".fifo"):
        told |= {"FifoQueue": "true", "DelaySeconds": str(DELAYS.get(queue, 0))}
    if target := DEAD_LETTERS.get(queue):
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{target}"
        told["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MOST_RECEIVES})
    return told


def _failing(records: list[dict[str, Any]], chance: random.Random) -> list[str]:
    """Choose what fails: one in two, and whatever stands behind a failure in its group, as AWS asks of functions."""
    listed, stuck = [], set()
    for record in records:
        group = record["attributes"].get("MessageGroupId")
        if group in stuck or chance.random() < 1 / 2:
            listed.append(str(record["messageId"]))
            if group is not None:
                stuck.add(group)
    return listed


def _complete(made: list[Delivery], mood: str | None, listed: set[str]) -> None:
    at_ms = now_ms()
    for delivery in made:
        delivery.answered_at_ms = at_ms
        delivery.is_done = mood is None or (mood == "partial" and delivery.message_id not in listed)
