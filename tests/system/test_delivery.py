"""Messages through a whole karin: on time, in due order, and none lost whichever process is killed."""

import json
import signal
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from karin.clock import SystemClock
from tests.support import wait_until
from tests.system.whole import Karin, children_of, definition, kill_hard, running_karin

GENEROUS_MS = 2_000  # how late a busy test machine may make a delivery; benchmarks measure the real figure


FAILS_TWICE = [
    {
        "name": f"work{suffix}",
        "attributes": {
            "VisibilityTimeout": "1",
            "RedrivePolicy": json.dumps({
                "deadLetterTargetArn": f"arn:aws:sqs:us-east-1:000000000000:dead{suffix}", "maxReceiveCount": 2
            }),
        },
    }
    for suffix in ("", ".fifo")
]  # fmt: skip
QUEUES: list[dict[str, Any]] = [
    {"name": "hello"},
    {"name": "brief", "attributes": {"VisibilityTimeout": "4"}},
    {"name": "retry", "attributes": {"VisibilityTimeout": "3"}},
    {"name": "orders.fifo", "attributes": {"ContentBasedDeduplication": "true"}},
    *FAILS_TWICE,
]
UNMAPPED = [{"name": "dead"}, {"name": "dead.fifo"}]


@pytest.fixture(scope="module")
def karin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Karin]:
    """Run one karin: first come the tests that do no harm to it, then those that kill a part; the last one ends it."""
    path = definition(tmp_path_factory.mktemp("functions"), QUEUES)
    content = json.loads(path.read_text())
    content["queues"] = UNMAPPED + content["queues"]
    for mapping in content["mappings"]:
        if mapping["queue"] == "orders.fifo":
            mapping["batch_size"] = 3
    path.write_text(json.dumps(content))
    with running_karin(path) as running:
        yield running


@pytest.fixture
def whole(karin: Karin) -> Karin:
    """Return a karin that has recovered from the test before."""
    wait_until(karin.is_healthy, "all that was killed runs again", 30)
    return karin


def send(karin: Karin, body: str, delay_seconds: int = 0, queue: str = "hello") -> str:
    """Send a message and return its id."""
    sqs = karin.sqs
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    sent = sqs.send_message(QueueUrl=url, MessageBody=body, DelaySeconds=delay_seconds)
    return str(sent["MessageId"])


def wait_for_delivery(karin: Karin, ids: set[str], timeout_s: float = 30) -> list[str]:
    """Wait until every message was delivered; return all deliveries."""
    wait_until(lambda: ids <= set(karin.delivered()), f"{len(ids)} messages are delivered", timeout_s)
    return karin.delivered()


def test_a_message_sent_later_but_due_earlier_arrives_first_and_none_before_its_time(karin: Karin) -> None:
    clock = SystemClock()
    before_ms = clock.now_ms()
    world = send(karin, "world", 3)
    hello = send(karin, "hello", 1)
    deliveries = wait_for_delivery(karin, {world, hello})
    assert deliveries.index(hello) < deliveries.index(world)
    arrivals = {
        message_id: record.received_at_ms
        for record in karin.functions.invocations()
        for message_id in record.message_ids
    }
    for message_id, delay_ms in ((hello, 1_000), (world, 3_000)):
        assert 0 <= arrivals[message_id] - before_ms - delay_ms < GENEROUS_MS


def test_a_message_due_now_is_delivered_at_once_and_then_gone(karin: Karin) -> None:
    message_id = send(karin, "now")
    wait_for_delivery(karin, {message_id})
    sqs = karin.sqs
    url = sqs.get_queue_url(QueueName="hello")["QueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def is_gone() -> bool:
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return set(counts.values()) == {"0"}

    wait_until(is_gone, "the delivered message is deleted")


def test_a_batch_that_is_due_together_is_delivered_in_one_call(karin: Karin) -> None:
    sqs = karin.sqs
    url = sqs.get_queue_url(QueueName="hello")["QueueUrl"]
    entries = [{"Id": str(number), "MessageBody": f"batch {number}", "DelaySeconds": 1} for number in range(10)]
    sent = {entry["MessageId"] for entry in sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]}
    wait_for_delivery(karin, sent)
    calls = [record for record in karin.functions.invocations() if sent & set(record.message_ids)]
    assert len(calls) == 1


def test_a_failed_message_comes_again_when_its_visibility_timeout_ends(karin: Karin) -> None:
    message_id = send(karin, "fail", queue="retry")

    def calls() -> list[int]:
        records = [record for record in karin.functions.invocations() if message_id in record.message_ids]
        return [record.received_at_ms for record in records]

    wait_until(lambda: len(calls()) >= 2, "the function is called again", 20)
    first_at_ms, second_at_ms = calls()[:2]
    assert 2_900 <= second_at_ms - first_at_ms < 3_000 + GENEROUS_MS


def counts(karin: Karin, queue: str) -> tuple[int, int, int]:
    """Return how many messages are ready, leased and delayed."""
    sqs = karin.sqs
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    kinds = ("", "NotVisible", "Delayed")
    ready, leased, delayed = (int(found[f"ApproximateNumberOfMessages{kind}"]) for kind in kinds)
    return ready, leased, delayed


@pytest.mark.parametrize("suffix", ["", ".fifo"])
def test_what_a_function_always_fails_on_ends_in_the_dead_letter_queue(karin: Karin, suffix: str) -> None:
    source, dead = f"work{suffix}", f"dead{suffix}"
    sqs = karin.sqs
    fifo = {"MessageGroupId": "g", "MessageDeduplicationId": "once"} if suffix else {}
    url = sqs.get_queue_url(QueueName=source)["QueueUrl"]
    message_id = sqs.send_message(QueueUrl=url, MessageBody="fail", **fifo)["MessageId"]
    wait_until(lambda: counts(karin, dead) == (1, 0, 0), "it is dead-lettered", 30)
    assert counts(karin, source) == (0, 0, 0)
    calls = [record for record in karin.functions.invocations() if message_id in record.message_ids]
    assert len(calls) == 2
    dead_url = sqs.get_queue_url(QueueName=dead)["QueueUrl"]
    (received,) = sqs.receive_message(QueueUrl=dead_url, AttributeNames=["All"])["Messages"]
    assert (received["MessageId"], received["Body"]) == (message_id, "fail")
    assert received["Attributes"]["ApproximateReceiveCount"] == "3"
    assert received["Attributes"]["DeadLetterQueueSourceArn"] == f"arn:aws:sqs:us-east-1:000000000000:{source}"


def test_the_messages_of_a_group_are_delivered_in_the_order_in_which_they_were_sent(karin: Karin) -> None:
    sqs = karin.sqs
    url = sqs.get_queue_url(QueueName="orders.fifo")["QueueUrl"]
    sent: dict[str, list[str]] = {group: [] for group in "abcde"}
    for number in range(20):
        entries = [{"Id": group, "MessageBody": f"{group} {number}", "MessageGroupId": group} for group in sent]
        for entry in sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]:
            sent[entry["Id"]].append(entry["MessageId"])
    everything = {message_id for ids in sent.values() for message_id in ids}
    wait_for_delivery(karin, everything)
    records = sorted(karin.functions.invocations(), key=lambda record: record.received_at_ms)
    delivered = [id_ for record in records for id_ in record.message_ids if id_ in everything]
    assert len(delivered) == len(everything)
    for ids in sent.values():
        assert [message_id for message_id in delivered if message_id in ids] == ids


@pytest.mark.parametrize("victim", ["scheduler", "endpoint worker", "store"])
def test_killing_a_process_loses_no_message(whole: Karin, victim: str) -> None:
    before = set(whole.delivered())
    sent = {send(whole, f"waiting {victim} {number}", 3, "brief") for number in range(20)}
    if victim == "store":
        # What was acknowledged before the last fsync of the append-only file survives; that is once a second.
        wait_until(lambda: is_in_append_only_file(whole, len(sent)), "the append-only file holds the messages")
    pid = children_of(whole.pid_of("endpoint"))[0] if victim == "endpoint worker" else whole.pid_of(victim)
    kill_hard(pid)
    sent |= {send(whole, f"after {victim} {number}", 1, "brief") for number in range(5)}
    deliveries = wait_for_delivery(whole, sent, 40)
    assert set(deliveries) - before == sent


def is_in_append_only_file(karin: Karin, messages: int) -> bool:
    """Tell whether the store has written so many messages to disk before it is killed."""
    written = b"".join(path.read_bytes() for path in (karin.home / "store" / "appendonlydir").glob("*.incr.aof"))
    return written.count(b"waiting store ") >= messages


def test_killing_the_scheduler_in_the_middle_of_a_call_delivers_the_message_again(whole: Karin) -> None:
    marker = f"slow {uuid.uuid4()}"
    message_id = send(whole, marker, queue="brief")
    wait_until(lambda: marker in whole.printed(), "the function is running")
    kill_hard(whole.pid_of("scheduler"))

    def calls() -> int:
        return sum(message_id in record.message_ids for record in whole.functions.invocations())

    wait_until(lambda: calls() >= 2, "the message is delivered again", 30)


def test_stopping_in_the_middle_of_a_call_lets_it_end_and_settles_it(whole: Karin) -> None:
    message_id = send(whole, "slow but sure", queue="brief")
    wait_until(lambda: "slow but sure" in whole.printed(), "the function is running")
    whole.supervisor.send_signal(signal.SIGTERM)
    assert whole.supervisor.wait(30) == 0
    assert message_id in whole.delivered()
