"""The load of a soak: what users do to a karin, all at once, each in a thread of its own, for as long as it lasts."""

import random
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from tests.soak import functions
from tests.store.support import ACCOUNT

JOBS, QUIET, POOL = "jobs", "quiet", "pool"  # received by programs; never anything in it; filled and purged
MOST_FILLER = 1_500  # characters
LONG_DELAY_SECONDS = 900

Round = Callable[["Place"], None]


@dataclass(frozen=True)
class Activity:
    """What one thread does again and again, with a pause of about so many seconds after each round.

    No pause is longer than a minute: the endpoint closes what is idle for 65 s, and nothing here is tried again.
    """

    do: Round
    pause_seconds: float


class Place:
    """What an activity works with: a client of its own, and chance."""

    def __init__(self, url: str, name: str) -> None:
        self.url = url
        self.chance = random.Random(name)  # noqa: S311 - no secret
        self.rounds = 0
        self.sqs: Any = client_of(url)

    def url_of(self, queue: str) -> str:
        """Return a queue's URL."""
        return f"{self.url}/{ACCOUNT}/{queue}"

    def body(self) -> str:
        """Return a body of some length."""
        return f"{self.rounds} " + "x" * self.chance.randint(0, MOST_FILLER)

    def send(self, queue: str, count: int, longest_delay: int = 0, **fields: str) -> None:
        """Send a batch."""
        entries = [
            {"Id": str(number), "MessageBody": self.body(), **fields}
            | ({"DelaySeconds": self.chance.randint(0, longest_delay)} if longest_delay else {})
            for number in range(count)
        ]
        answer = self.sqs.send_message_batch(QueueUrl=self.url_of(queue), Entries=entries)
        assert "Failed" not in answer, answer


class Load:
    """Runs activities; ``failures`` counts what went wrong, by activity and first words: nothing should."""

    def __init__(self, url: str, activities: Sequence[Activity]) -> None:
        self._stopping = threading.Event()
        self.rounds: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self._threads = [
            threading.Thread(target=self._run, args=(one, Place(url, f"{number}")), daemon=True)
            for number, one in enumerate(activities)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no other round; return when all are over."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, activity: Activity, place: Place) -> None:
        name = getattr(activity.do, "__name__", type(activity.do).__name__)
        with closing(place.sqs):
            while not self._stopping.is_set():
                try:
                    activity.do(place)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is counted, told of and fails the soak
                    self.failures[f"{name}: {type(error).__name__}: {str(error)[:120]}"] += 1
                    traceback.print_exc()
                place.rounds += 1
                self.rounds[name] += 1
                self._stopping.wait(activity.pause_seconds * place.chance.uniform(0.5, 1.5))


def client_of(url: str, **options: Any) -> Any:
    """Return boto3 against karin."""
    return boto3.client(
        "sqs",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="soak",
        aws_secret_access_key="soak-secret",
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=1, **options),
    )


def send_mails(place: Place) -> None:
    """Send to a standard queue, alone and in batches, now and with delays."""
    place.send(functions.MAILS, place.chance.choice((1, 1, 1, 3, 10)), place.chance.choice((0, 1, 5)))


def send_orders(place: Place) -> None:
    """Send to ever new groups of a FIFO queue, and one message twice."""
    group = f"customer-{place.rounds // 5}"
    for _ in range(2):
        place.sqs.send_message(
            QueueUrl=place.url_of(functions.ORDERS),
            MessageBody=place.body(),
            MessageGroupId=group,
            MessageDeduplicationId=f"{place.rounds}",
        )


def send_to_flaky(place: Place) -> None:
    """Send to a function that fails now and then, by lanes of a fair queue."""
    place.send(functions.FLAKY, 3, MessageGroupId=f"tenant-{place.rounds % 50}")


def send_to_broken(place: Place) -> None:
    """Send to a function that always fails."""
    place.send(functions.BROKEN, 1)


def send_to_slow(place: Place) -> None:
    """Send to a function that takes its time."""
    place.send(functions.SLOW, 2)


def send_jobs(place: Place) -> None:
    """Send what programs receive."""
    place.send(JOBS, place.chance.choice((1, 5)), place.chance.choice((0, 1)))


def work_off_jobs(place: Place) -> None:
    """Receive as programs do: wait long, give one back, keep another for longer, delete the rest."""
    url = place.url_of(JOBS)
    answer = place.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
    handles = [message["ReceiptHandle"] for message in answer.get("Messages", ())]
    if len(handles) > 2:
        place.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handles.pop(), VisibilityTimeout=0)
        place.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handles[0], VisibilityTimeout=60)
    for handle in handles:
        place.sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)


def wait_in_vain(place: Place) -> None:
    """Wait for messages that never come."""
    answer = place.sqs.receive_message(QueueUrl=place.url_of(QUIET), WaitTimeSeconds=10)
    assert "Messages" not in answer, answer


def fill_the_pool(place: Place) -> None:
    """Send what is not due for long; purge it from time to time."""
    place.send(POOL, 10, LONG_DELAY_SECONDS)
    if place.rounds % 40 == 39:
        place.sqs.purge_queue(QueueUrl=place.url_of(POOL))


def come_and_go(place: Place) -> None:
    """Create a queue, use it, tag it, and delete it."""
    name = f"visitor-{place.rounds}" + (".fifo" if place.rounds % 2 else "")
    attributes = {"VisibilityTimeout": "1"} | ({"FifoQueue": "true"} if place.rounds % 2 else {})
    url = place.sqs.create_queue(QueueName=name, Attributes=attributes, tags={"made": "by a soak"})["QueueUrl"]
    fields = {"MessageGroupId": "one", "MessageDeduplicationId": "one"} if place.rounds % 2 else {}
    place.sqs.send_message(QueueUrl=url, MessageBody=place.body(), **fields)
    place.sqs.receive_message(QueueUrl=url)
    place.sqs.tag_queue(QueueUrl=url, Tags={"round": str(place.rounds)})
    place.sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "2048"})
    place.sqs.list_queue_tags(QueueUrl=url)
    place.sqs.list_queues(QueueNamePrefix="visitor-")
    place.sqs.delete_queue(QueueUrl=url)


ACTIVITIES = (
    *[Activity(send_mails, 0.4)] * 2,
    Activity(send_orders, 0.3),
    Activity(send_to_flaky, 1.0),
    Activity(send_to_broken, 2.0),
    Activity(send_to_slow, 2.0),
    Activity(send_jobs, 0.4),
    *[Activity(work_off_jobs, 0.01)] * 3,
    *[Activity(wait_in_vain, 0.01)] * 3,
    Activity(fill_the_pool, 2.0),
    Activity(come_and_go, 2.0),
)
