"""The senders of a run: programs with boto3 that send unique messages and try again until each is accepted."""

import random
import threading
import uuid
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.chaos.functions import DELAYS, FIFO, STANDARD
from tests.chaos.ledger import Accepted, Intent, Ledger, now_ms
from tests.store.support import ACCOUNT

MOST_DELAY_SECONDS = 5
LONGEST_FILLER = 2_000  # characters
PATIENCE_SECONDS = 4  # for an answer; then the same is sent again, as SDKs do
RETRY_PAUSE_SECONDS = 0.1
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.02, 0.4
GROUPS = ("a", "b")
SENDERS_OF_STANDARD = 2
LETTERS = 'abcdefgh ≠é한\n<&>"\\'


def client_of(url: str) -> Any:
    """Return boto3 against karin; its own retries are off, so that each try is known."""
    return boto3.client(
        "sqs",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="chaos",
        aws_secret_access_key="chaos-secret",
        config=Config(
            retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=PATIENCE_SECONDS, max_pool_connections=1
        ),
    )


class Sender:
    """Sends to one queue, one request after the other; in a FIFO queue, to one group."""

    def __init__(self, url: str, ledger: Ledger, queue: str, group: str, seed: str) -> None:
        self._sqs = client_of(url)
        self._url = f"{url}/{ACCOUNT}/{queue}"
        self._ledger = ledger
        self._queue = queue
        self._group = group
        self._chance = random.Random(seed)  # noqa: S311 - it is to be repeatable
        self._number = 0
        self.abandoned = threading.Event()  # once set, nothing is tried again

    def run(self, stopping: threading.Event) -> None:
        """Send until told to stop; what was begun is brought to its end."""
        while not stopping.is_set():
            self.send(self._chance.choice((1, 1, 1, 2, 10)))
            stopping.wait(self._chance.uniform(SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS))
        self.close()

    def close(self) -> None:
        """Close its connection."""
        self._sqs.close()

    def send(self, count: int, delay_ms: int | None = None) -> list[str]:
        """Send so many messages in one request, again and again until all are accepted; return their ids.

        ``delay_ms`` None leaves each delay to chance, or to the queue if it is a FIFO queue. Once the sender is
        abandoned, it returns the ids of what was accepted until then.
        """
        waiting = [self._intent(delay_ms) for _ in range(count)]
        first_asked_at_ms = now_ms()
        ids: list[str] = []
        while waiting and not self.abandoned.is_set():
            asked_at_ms = now_ms()
            try:
                accepted = self._request(waiting)
            except (BotoCoreError, ClientError) as error:
                self._ledger.tried(_name(error))
                self.abandoned.wait(RETRY_PAUSE_SECONDS)
                continue
            self._ledger.tried()
            answered_at_ms = now_ms()
            for place, message_id in accepted.items():
                since_ms = first_asked_at_ms if self._group else asked_at_ms
                self._ledger.accept(Accepted(message_id, waiting[place], since_ms, answered_at_ms))
                ids.append(message_id)
            waiting = [intent for place, intent in enumerate(waiting) if place not in accepted]
        return ids

    def _intent(self, delay_ms: int | None) -> Intent:
        self._number += 1
        filler = "".join(self._chance.choices(LETTERS, k=self._chance.randint(0, LONGEST_FILLER)))
        if delay_ms is None:
            seconds = DELAYS.get(self._queue, 0) if self._group else self._chance.randint(0, MOST_DELAY_SECONDS)
            delay_ms = seconds * 1000
        body = f"{uuid.uuid4()} {self._queue} {self._group} {self._number} {filler}"
        intent = Intent(self._queue, self._group, self._number, delay_ms, body)
        self._ledger.intend(intent)
        return intent

    def _request(self, intents: Sequence[Intent]) -> dict[int, str]:
        """Send in one request; return the ids of what was accepted, by place."""
        messages = [self._message(intent) for intent in intents]
        if len(messages) == 1:
            return {0: str(self._sqs.send_message(QueueUrl=self._url, **messages[0])["MessageId"])}
        entries = [{"Id": str(place)} | message for place, message in enumerate(messages)]
        answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
        return {int(one["Id"]): str(one["MessageId"]) for one in answer.get("Successful", ())}

    def _message(self, intent: Intent) -> dict[str, Any]:
        if not self._group:
            return {"MessageBody": intent.body, "DelaySeconds": intent.delay_ms // 1000}
        unique = intent.body.partition(" ")[0]
        return {"MessageBody": intent.body, "MessageGroupId": self._group, "MessageDeduplicationId": unique}


class Senders:
    """All senders of a run, each in a thread."""

    def __init__(self, url: str, ledger: Ledger, seed: int) -> None:
        places = [(queue, "", number) for queue in STANDARD for number in range(SENDERS_OF_STANDARD)]
        places += [(queue, group, 0) for queue in FIFO for group in GROUPS]
        self._stopping = threading.Event()
        self._senders = [
            Sender(url, ledger, queue, group, f"{seed} {place}") for place, (queue, group, _) in enumerate(places)
        ]
        self._threads = [
            threading.Thread(target=sender.run, args=(self._stopping,), daemon=True) for sender in self._senders
        ]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float) -> bool:
        """Begin nothing new; tell whether all that was begun came to its end in time."""
        self._stopping.set()
        until_ms = now_ms() + seconds * 1000
        for thread in self._threads:
            thread.join(max(0.0, (until_ms - now_ms()) / 1000))
        return not any(thread.is_alive() for thread in self._threads)

    def abandon(self) -> None:
        """End them, whatever was not accepted yet."""
        self._stopping.set()
        for sender in self._senders:
            sender.abandoned.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()


def _name(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code") or "no code")
    return type(error).__name__
