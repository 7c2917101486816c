"""sqs-consumer and sqs-producer, the libraries that many Node.js programs use instead of the bare SDK."""

import json
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest
import redis

from karin.clock import SystemClock
from karin.settings import DEFAULT_ACCOUNT_ID
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.ids import stored_id
from karin.store.store import Store
from tests.clients.conftest import Door
from tests.clients.programs import Program, Told, node_program
from tests.clients.sdks import REGION
from tests.store.support import counts, create, send
from tests.support import wait_until

pytestmark = pytest.mark.usefixtures("needs_javascript")


@dataclass(frozen=True)
class Queue:
    """A queue, the way in by which programs use it, and what a test does behind their back."""

    id: QueueId
    door: Door
    store: Store

    @classmethod
    def new(cls, door: Door, store: Store) -> "Queue":
        """Create a queue of a name that no program of another test may still poll."""
        queue = cls(QueueId(DEFAULT_ACCOUNT_ID, f"work-{uuid.uuid4().hex}"), door, store)
        create(store, SystemClock().now_ms(), queue.id)
        return queue

    def consumer(
        self, handle: str = "acknowledge", *, in_batches: bool = False, **options: object
    ) -> AbstractContextManager[Program]:
        """Run a consumer; ``options`` are the library's."""
        given = {"queueUrl": self.door.queue_url(self.id), **options}
        job = {"client": client(self.door), "handle": handle, "in_batches": in_batches, "options": given}
        return node_program("consumer.js", job)

    def producer(self) -> AbstractContextManager[Program]:
        """Run a producer."""
        given = {"queueUrl": self.door.queue_url(self.id)}
        return node_program("producer.js", {"client": client(self.door), "options": given})

    def send(self, body: str) -> str:
        """Send a message; return its id."""
        return send(self.store, SystemClock().now_ms(), body, queue=self.id)

    def counts(self) -> tuple[int, int, int]:
        """Return how many messages are ready, leased and delayed by now."""
        return counts(self.store, SystemClock().now_ms(), self.id)


@pytest.fixture
def queue(door: Door, store: Store) -> Queue:
    """Return a queue by each way in."""
    return Queue.new(door, store)


@pytest.fixture
def signed_queue(signed: Door, store: Store) -> Queue:
    """Return a queue for those who sign."""
    return Queue.new(signed, store)


def test_what_a_producer_sends_a_consumer_handles_and_deletes(queue: Queue) -> None:
    with queue.producer() as producer, queue.consumer(batchSize=10, messageAttributeNames=["All"]) as consumer:
        [sent] = ask(producer, send="hello")["sent"]
        [handled] = consumer.tells(1, of("message_processed"))
        assert (handled["message"]["MessageId"], handled["message"]["Body"]) == (sent["MessageId"], "hello")
        attributes = {"number": {"DataType": "Number", "StringValue": "7"}}
        entries = [{"id": f"e{n:02}", "body": f"{n:02}번 <&>\r\n", "messageAttributes": attributes} for n in range(12)]
        assert [one["Id"] for one in ask(producer, send=entries)["sent"]] == [entry["id"] for entry in entries]
        _, *others = consumer.tells(13, of("message_processed"))
        assert sorted(told["message"]["Body"] for told in others) == [entry["body"] for entry in entries]
        assert all(told["message"]["MessageAttributes"] == attributes for told in others)
        assert len(consumer.told(of("message_received"))) == 13
    assert queue.counts() == (0, 0, 0)


def test_a_producer_counts_what_waits_and_names_what_was_refused(queue: Queue) -> None:
    with queue.producer() as producer:
        assert ask(producer) == {"size": 0}
        error = ask(producer, send=[{"id": "bad", "body": "\x01"}, {"id": "good", "body": "x"}])["error"]
        assert error == {"name": "Error", "message": "Failed to send messages: bad", "failed": ["bad"]}
        ask(producer, send=[{"id": "delayed", "body": "x", "delaySeconds": 900}])
        assert ask(producer) == {"size": 1}
    assert queue.counts() == (1, 0, 1)


def test_a_consumer_with_nothing_but_a_queue_url_finds_karin(signed_queue: Queue) -> None:
    message_id = signed_queue.send("hello")
    door = signed_queue.door
    given = {"client": None, "handle": "acknowledge", "options": {"queueUrl": door.queue_url(signed_queue.id)}}
    with node_program(
        "consumer.js", given, AWS_ACCESS_KEY_ID=door.key_id, AWS_SECRET_ACCESS_KEY=door.secret
    ) as consumer:
        [handled] = consumer.tells(1, of("message_processed"))
    assert handled["message"]["MessageId"] == message_id
    assert signed_queue.counts() == (0, 0, 0)


def test_what_a_batch_handler_leaves_out_comes_again(queue: Queue) -> None:
    for body in ("a", "b", "leave", "c"):
        queue.send(body)
    options = {"batchSize": 10, "visibilityTimeout": 1, "messageSystemAttributeNames": ["ApproximateReceiveCount"]}
    with queue.consumer("leave_some", in_batches=True, **options) as consumer:
        *others, last = consumer.tells(4, of("message_processed"))
        received = consumer.told(of("message_received"))
    assert sorted(told["message"]["Body"] for told in others) == ["a", "b", "c"]
    assert last["message"]["Body"] == "leave"
    assert [told["message"]["Attributes"]["ApproximateReceiveCount"] for told in received] == ["1", "1", "1", "1", "2"]
    assert queue.counts() == (0, 0, 0)


@pytest.mark.parametrize("in_batches", [False, True], ids=["alone", "batch"])
def test_heartbeats_keep_a_message_with_a_slow_handler(signed_queue: Queue, raw: redis.Redis, in_batches: bool) -> None:
    message_id = signed_queue.send("hello")
    options = {"visibilityTimeout": 3, "heartbeatInterval": 1}
    with signed_queue.consumer("take_long", in_batches=in_batches, **options) as consumer:
        consumer.tells(1, of("message_received"))
        leased_until_ms = raw.zscore(keys.leased(signed_queue.id), stored_id(message_id))
        assert leased_until_ms is not None
        wait_until(lambda: SystemClock().now_ms() > leased_until_ms, "the first lease is over")
        consumer.say("finish")
        consumer.tells(1, of("message_processed"))
        assert len(consumer.told(of("message_received"))) == 1
    assert signed_queue.counts() == (0, 0, 0)


@pytest.mark.parametrize("in_batches", [False, True], ids=["alone", "batch"])
@pytest.mark.parametrize(
    "options",
    [{"terminateVisibilityTimeout": True, "visibilityTimeout": 30}, {"visibilityTimeout": 1}],
    ids=["given back", "lapsed"],
)
def test_what_a_handler_failed_on_comes_again(
    signed_queue: Queue, options: dict[str, object], in_batches: bool
) -> None:
    message_id = signed_queue.send("hello")
    wants = {"messageSystemAttributeNames": ["ApproximateReceiveCount"], **options}
    with signed_queue.consumer("fail_once", in_batches=in_batches, **wants) as consumer:
        [handled] = consumer.tells(1, of("message_processed"))
        errors = consumer.told(lambda told: "error" in told)
    assert handled["message"]["MessageId"] == message_id
    assert handled["message"]["Attributes"]["ApproximateReceiveCount"] == "2"
    assert ["handler failure: the handler failed" in told["error"]["message"] for told in errors] == [True]
    assert signed_queue.counts() == (0, 0, 0)


def test_a_message_sent_after_a_consumer_broke_off_its_long_poll_reaches_the_next(signed_queue: Queue) -> None:
    with signed_queue.consumer() as consumer:
        signed_queue.send("first")
        consumer.tells(1, of("response_processed"))  # and polls again
        consumer.say("abort")
        consumer.tells(1, of("stopped"))
        signed_queue.send("second")
        with signed_queue.consumer() as another:
            [handled] = another.tells(1, of("message_processed"))
        assert handled["message"]["Body"] == "second"
        assert len(consumer.told(of("message_received"))) == 1
    assert signed_queue.counts() == (0, 0, 0)


def test_a_consumer_tells_a_missing_queue_from_a_wrong_key(signed_queue: Queue) -> None:
    door = signed_queue.door
    with signed_queue.consumer(queueUrl=door.queue_url(QueueId(DEFAULT_ACCOUNT_ID, "missing"))) as consumer:
        [told] = consumer.tells(1, of("error"))
    assert (told["error"]["name"], told["error"]["code"]) == ("SQSError", "QueueDoesNotExist")
    stranger = Door(door.endpoint, door.base_url, door.key_id, "wrong-secret")
    with Queue(signed_queue.id, stranger, signed_queue.store).consumer() as consumer:
        [told] = consumer.tells(1, of("error"))
    assert (told["error"]["code"], told["error"]["status"]) == ("SignatureDoesNotMatch", 403)


def client(door: Door) -> dict[str, Any]:
    """Return what a program's SQSClient is made with."""
    credentials = {"accessKeyId": door.key_id, "secretAccessKey": door.secret}
    return {"endpoint": door.endpoint, "region": REGION, "credentials": credentials}


def ask(producer: Program, **job: object) -> Told:
    """Give a producer a job and return its answer."""
    answered = len(producer.told())
    producer.say(json.dumps(job))
    return producer.tells(answered + 1)[-1]


def of(event: str) -> Callable[[Told], bool]:
    """Return a test for one event of a consumer."""
    return lambda told: told["event"] == event
