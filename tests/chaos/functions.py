"""The Lambda service of a run: it writes down what it is called with, and misbehaves when it is told to."""

import json
import random
import threading
from typing import Any

from tests.chaos.ledger import Delivery, Ledger, now_ms
from tests.scheduler.broken_lambda import Request, drop, fail, garble, refuse, succeed, truncate
from tests.scheduler.queue_functions import QueueFunctions, attributes_of

MISBEHAVES = 0.7  # of the calls while a mood lasts
CANARY = "canary"  # its function is always well: it tells when karin is
FIFO_DELAY_SECONDS = 1
STANDARD, FIFO = ("plain", "work"), ("orders.fifo", "late.fifo")
DEAD_LETTERS = {"work": "dead", "orders.fifo": "dead.fifo"}
DELAYS = {"late.fifo": FIFO_DELAY_SECONDS}


class Functions(QueueFunctions):
    """Functions that do wrong while a mood lasts."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        super().__init__((*STANDARD, *FIFO, CANARY))
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

    def attributes(self, queue: str) -> dict[str, str]:
        """Return a queue's attributes."""
        return attributes(queue)

    def call(self, request: Request, name: str, event: bytes) -> None:
        """Write down what a function is called with, and answer."""
        records = json.loads(event)["Records"]
        mood = self.mood if name != CANARY and self.chance.random() < MISBEHAVES else None
        if mood in ("throttle", "refuse"):  # then no function is called, and nothing is delivered
            _refuse(request, mood)
            return
        made = self.ledger.deliver(name, [_told(one) for one in records])
        listed = _failing(records, self.chance) if mood == "partial" else []
        try:
            self._answer(request, mood, listed)
        finally:
            _complete(made, mood, set(listed))

    def _answer(self, request: Request, mood: str | None, listed: list[str]) -> None:
        match mood:
            case "fail":
                fail(request)
            case "partial":
                request.answer(200, {"batchItemFailures": [{"itemIdentifier": one} for one in listed]})
            case "hang":
                self.calmed.wait(60)
                drop(request)
            case "reset":
                drop(request)
            case "garbage":
                garble(request)
            case "truncate":
                truncate(request)
            case _:
                succeed(request)


def _refuse(request: Request, mood: str) -> None:
    if mood == "throttle":
        refuse(429, "TooManyRequestsException")(request)
    else:
        refuse(503, "ServiceException")(request)


def _told(record: dict[str, Any]) -> tuple[str, str, int, int]:
    """Return what an event tells of a message: its id, its body, when it was sent and first received."""
    attributes = record["attributes"]
    instants = (int(attributes["SentTimestamp"]), int(attributes["ApproximateFirstReceiveTimestamp"]))
    return record["messageId"], record["body"], *instants


def attributes(queue: str) -> dict[str, str]:
    """Return a queue's attributes as AWS tells them."""
    delay = {"DelaySeconds": str(DELAYS.get(queue, 0))} if queue.endswith(".fifo") else {}
    return attributes_of(queue, DEAD_LETTERS.get(queue), **delay)


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
