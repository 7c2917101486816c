"""ReceiveMessage as a long poll, under real gunicorn: who waits is woken in time, in order, and for nothing else."""

import signal
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from karin.clock import SystemClock
from karin.sqs.names import QueueId
from tests.processes import bare_environ, free_port, process, running_endpoint, running_store, status_of
from tests.support import START_SECONDS, wait_until
from tests.wire.monitoring import commands
from tests.wire.pollers import first_answered, listeners, polling, scripts_run, waiting
from tests.wire.raw import ask_json
from tests.wire.receiving import due_instants_ms, receive, received, send
from tests.wire.sdk import ACCOUNT, QUEUE_DOES_NOT_EXIST, SqsClient

PROMISE_MS = 20
ROUNDS = 7
FIFO = QueueId(ACCOUNT, "work.fifo")


def act(endpoint: str, action: str, queue: str = "work", **parameters: Any) -> Any:
    """Call an action on a queue, which must succeed; return its result."""
    answer = ask_json(endpoint, action, {"QueueUrl": queue, **parameters})
    assert answer.status == 200, answer
    return answer.json() if answer.body else None


def take(endpoint: str, queue: str = "work", **parameters: Any) -> list[dict[str, Any]]:
    """Receive without waiting."""
    found: list[dict[str, Any]] = act(endpoint, "ReceiveMessage", queue, **parameters).get("Messages", [])
    return found


def now_ms() -> int:
    return SystemClock().now_ms()


@pytest.fixture
def fifo(endpoint: str) -> str:
    """Return the name of an empty FIFO queue."""
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    answer = ask_json(endpoint, "CreateQueue", {"QueueName": FIFO.name, "Attributes": attributes})
    assert answer.status == 200
    return FIFO.name


@pytest.fixture
def warm(work: str, raw: redis.Redis) -> str:
    """Return the endpoint with a queue named ``work``; it listens for nudges, and all scripts are loaded."""
    with waiting(raw, work, "work") as [poller]:
        act(work, "SendMessage", MessageBody="first")
        [message] = poller.messages()
    act(work, "DeleteMessage", ReceiptHandle=message["ReceiptHandle"])
    return work


def lateness_ms(one_round: Callable[[], int]) -> float:
    """Return the median of how late an answer was; the first round, in which everything is loaded, does not count."""
    return statistics.median([one_round() for _ in range(ROUNDS + 1)][1:])


# How soon


@pytest.mark.alone
def test_a_sent_message_is_received_in_time(work: str, raw: redis.Redis) -> None:
    def one_round() -> int:
        with waiting(raw, work, "work") as [poller]:
            began_ms = now_ms()
            act(work, "SendMessage", MessageBody="hello")
            assert poller.bodies() == ["hello"]
            return now_ms() - began_ms

    assert lateness_ms(one_round) < PROMISE_MS


@pytest.mark.alone
def test_a_delayed_message_is_received_when_its_delay_is_over(work: str, raw: redis.Redis) -> None:
    def one_round() -> int:
        act(work, "PurgeQueue")
        raw.hdel(f"karin:{{{ACCOUNT}/work}}:queue", "purged_at_ms")
        with waiting(raw, work, "work") as [poller]:
            act(work, "SendMessage", MessageBody="hello", DelaySeconds=1)
            [due_at_ms] = due_instants_ms(raw)
            assert poller.bodies() == ["hello"]
            late_ms = now_ms() - due_at_ms
            assert late_ms >= 0
            return late_ms

    assert lateness_ms(one_round) < PROMISE_MS


@pytest.mark.alone
def test_a_hidden_message_is_received_when_its_visibility_timeout_is_over(work: str, raw: redis.Redis) -> None:
    act(work, "SendMessage", MessageBody="hello")

    def one_round() -> int:
        with polling(work, "work", VisibilityTimeout=1) as [poller]:
            [due_at_ms] = due_instants_ms(raw)
            assert poller.bodies() == ["hello"]
            return now_ms() - due_at_ms

    assert lateness_ms(one_round) < PROMISE_MS


@pytest.mark.alone
def test_a_message_that_is_made_visible_is_received_in_time(work: str, raw: redis.Redis) -> None:
    act(work, "SendMessage", MessageBody="hello")
    [message] = take(work)
    handle: str = message["ReceiptHandle"]

    def one_round() -> int:
        nonlocal handle
        with waiting(raw, work, "work") as [poller]:
            began_ms = now_ms()
            act(work, "ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=0)
            [again] = poller.messages()
            handle = again["ReceiptHandle"]
            return now_ms() - began_ms

    assert lateness_ms(one_round) < PROMISE_MS


@pytest.mark.alone
def test_a_group_that_a_delete_unblocks_is_received_in_time(endpoint: str, fifo: str, raw: redis.Redis) -> None:
    for number in range(ROUNDS + 2):
        act(endpoint, "SendMessage", fifo, MessageBody=str(number), MessageGroupId="g")
    [message] = take(endpoint, fifo)

    def one_round() -> int:
        nonlocal message
        with waiting(raw, endpoint, fifo) as [poller]:
            began_ms = now_ms()
            act(endpoint, "DeleteMessage", fifo, ReceiptHandle=message["ReceiptHandle"])
            [after] = poller.messages()
            assert int(after["Body"]) == int(message["Body"]) + 1
            message = after
            return now_ms() - began_ms

    assert lateness_ms(one_round) < PROMISE_MS


# How long


def test_a_wait_that_brings_nothing_ends_empty(client: SqsClient, queue_url: str) -> None:
    began_ms = now_ms()

    assert receive(client, queue_url, WaitTimeSeconds=1) == []

    assert now_ms() - began_ms >= 1_000


def test_messages_that_are_there_are_not_waited_for(client: SqsClient, queue_url: str) -> None:
    send(client, queue_url)
    began_ms = now_ms()

    assert len(receive(client, queue_url, WaitTimeSeconds=20, MaxNumberOfMessages=10)) == 1

    assert now_ms() - began_ms < 5_000


def test_a_receive_that_says_nothing_waits_as_long_as_the_queue_says(client: SqsClient) -> None:
    url = client.create("work", ReceiveMessageWaitTimeSeconds="20")
    send(client, url, "later", DelaySeconds=1)

    assert [message["Body"] for message in receive(client, url)] == ["later"]


def test_a_wait_ends_with_the_messages_of_a_group_in_their_order(client: SqsClient) -> None:
    url = client.create("work.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    received(client, url, 3, VisibilityTimeout=1)

    messages = receive(client, url, WaitTimeSeconds=20, MaxNumberOfMessages=10, AttributeNames=["All"])

    assert [message["Body"] for message in messages] == ["0", "1", "2"]
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in messages} == {"2"}


# Who, and at what cost


def test_who_came_first_is_served_first(work: str, raw: redis.Redis) -> None:
    with ExitStack() as stack:
        pollers = [stack.enter_context(waiting(raw, work, "work"))[0] for _ in range(3)]
        for number, poller in enumerate(pollers):
            act(work, "SendMessage", MessageBody=str(number))
            assert poller.bodies() == [str(number)]


def test_one_message_wakes_one_of_many_waiters(warm: str, raw: redis.Redis) -> None:
    with waiting(raw, warm, "work", 20) as pollers:
        with commands(raw) as seen:
            act(warm, "SendMessage", MessageBody="hello")
            assert first_answered(pollers).bodies() == ["hello"]
        assert seen == ["EVALSHA"] * 2  # the send and one claim


def test_two_messages_of_one_batch_reach_two_waiters(work: str, raw: redis.Redis) -> None:
    with waiting(raw, work, "work", 2) as pollers:
        entries = [{"Id": body, "MessageBody": body} for body in ("a", "b")]
        act(work, "SendMessageBatch", Entries=entries)

        assert sorted(body for poller in pollers for body in poller.bodies()) == ["a", "b"]


def test_who_comes_later_is_woken_by_what_an_earlier_receive_learnt(work: str, raw: redis.Redis) -> None:
    """The second message is due while the first wakes its waiter; nobody is told of it again."""
    for delay_seconds in (1, 2):
        act(work, "SendMessage", MessageBody=str(delay_seconds), DelaySeconds=delay_seconds)

    with waiting(raw, work, "work") as [first], waiting(raw, work, "work") as [second]:
        assert (first.bodies(), second.bodies()) == (["1"], ["2"])


def test_waiting_costs_no_redis_command(warm: str, raw: redis.Redis) -> None:
    with waiting(raw, warm, "work", 50, wait_seconds=3) as pollers, commands(raw) as seen:
        assert [poller.bodies() for poller in pollers] == [[]] * 50

    assert seen == []


def test_five_hundred_waiters_of_one_worker_each_get_a_message(work: str, raw: redis.Redis) -> None:
    with waiting(raw, work, "work", 500) as pollers:
        for number in range(50):
            entries = [{"Id": str(place), "MessageBody": f"{number}-{place}"} for place in range(10)]
            act(work, "SendMessageBatch", Entries=entries)

        assert len({poller.bodies()[0] for poller in pollers}) == 500


def test_waiters_of_many_queues_do_not_mix(endpoint: str, raw: redis.Redis) -> None:
    names = [f"queue-{number}" for number in range(20)]
    for name in names:
        assert ask_json(endpoint, "CreateQueue", {"QueueName": name}).status == 200
    with ExitStack() as stack:
        pollers = [stack.enter_context(waiting(raw, endpoint, name))[0] for name in names]
        for name in reversed(names):
            act(endpoint, "SendMessage", name, MessageBody=name)

        assert [poller.bodies() for poller in pollers] == [[name] for name in names]


def test_waiters_of_several_workers_all_get_a_message(store_url: str, raw: redis.Redis) -> None:
    with running_endpoint(store_url, WEB_CONCURRENCY="2") as endpoint:
        assert ask_json(endpoint, "CreateQueue", {"QueueName": "work"}).status == 200
        with waiting(raw, endpoint, "work", 12) as pollers:
            for number in range(12):
                act(endpoint, "SendMessage", MessageBody=str(number))

            assert {poller.bodies()[0] for poller in pollers} == {str(number) for number in range(12)}


# Clients that hang up, and clients that hurry


def test_a_client_that_hung_up_gets_nothing_and_the_next_does(work: str, raw: redis.Redis) -> None:
    with waiting(raw, work, "work", 3) as [*gone, there]:
        for poller in gone:
            poller.hang_up()

        act(work, "SendMessage", MessageBody="hello")

        [message] = there.messages()
        assert message["Body"] == "hello"
    with waiting(raw, work, "work") as [poller]:
        poller.hang_up()
    act(work, "SendMessage", MessageBody="for whoever asks")
    [message] = take(work, AttributeNames=["ApproximateReceiveCount"])
    assert message["Attributes"] == {"ApproximateReceiveCount": "1"}


@pytest.mark.parametrize("wait_seconds", [0, 20])
def test_what_was_claimed_for_a_client_that_hung_up_is_given_back(
    warm: str, raw: redis.Redis, wait_seconds: int
) -> None:
    act(warm, "SendMessage", MessageBody="hello")
    before = scripts_run(raw)
    raw.client_pause(5_000, all=False)
    with polling(warm, "work", wait_seconds=wait_seconds) as [poller]:
        wait_until(lambda: blocked(raw), "the claim is on its way")
        poller.hang_up()
        raw.client_unpause()

    wait_until(lambda: scripts_run(raw) == before + 2, "it was claimed and given back")
    [message] = take(warm, AttributeNames=["ApproximateReceiveCount"])
    assert message["Attributes"] == {"ApproximateReceiveCount": "1"}


def test_a_request_that_is_sent_ahead_is_answered_after_the_wait(work: str, raw: redis.Redis) -> None:
    with waiting(raw, work, "work") as [poller]:
        poller.connection.sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: karin\r\n\r\n")
        act(work, "SendMessage", MessageBody="hello")

        assert poller.bodies() == ["hello"]


def test_a_connection_serves_one_wait_after_the_other(work: str, raw: redis.Redis) -> None:
    with waiting(raw, work, "work") as [poller]:
        for number in range(5):
            if number:
                poller.ask()
            act(work, "SendMessage", MessageBody=str(number))
            assert poller.bodies() == [str(number)]


# Endings and mishaps


def test_a_stopping_endpoint_answers_all_waiters(store_url: str, raw: redis.Redis) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = bare_environ(REDIS_URL=store_url, KARIN_BIND=f"127.0.0.1:{port}")
    with process([sys.executable, "-m", "karin", "endpoint"], environ) as running:
        wait_until(lambda: status_of(f"{url}/healthz"), "the endpoint answers", START_SECONDS)
        assert ask_json(url, "CreateQueue", {"QueueName": "work"}).status == 200
        with waiting(raw, url, "work", 20) as pollers:
            running.send_signal(signal.SIGTERM)

            assert [poller.bodies() for poller in pollers] == [[]] * 20
            assert running.wait(8) == 0


def test_waiters_of_a_queue_that_is_deleted_learn_it_at_the_next_look(work: str, raw: redis.Redis) -> None:
    with waiting(raw, work, "work", 3) as pollers:
        act(work, "SendMessage", MessageBody="never seen", DelaySeconds=1)
        act(work, "DeleteQueue")

        for poller in pollers:
            poller.answer().check(QUEUE_DOES_NOT_EXIST)


def test_a_message_that_was_sent_while_nobody_listened_is_received(warm: str, raw: redis.Redis) -> None:
    with waiting(raw, warm, "work") as [poller]:
        raw.client_kill_filter(_type="pubsub")
        act(warm, "SendMessage", MessageBody="hello")

        assert poller.bodies() == ["hello"]


def test_a_wait_survives_a_restart_of_the_store(tmp_path: Path) -> None:
    with ExitStack() as until_the_end:
        with running_lasting_store(tmp_path) as (url, raw):
            endpoint = until_the_end.enter_context(running_endpoint(url, tmp_path / "endpoint.log"))
            assert ask_json(endpoint, "CreateQueue", {"QueueName": "work"}).status == 200
            pollers = until_the_end.enter_context(waiting(raw, endpoint, "work", 2))
        with polling(endpoint, "work") as [newcomer]:
            assert newcomer.answer().status == 503
        with running_lasting_store(tmp_path) as (url, raw):
            wait_until(lambda: listeners(raw), "the endpoint listens again")
            wait_until(lambda: ask_json(endpoint, "ListQueues", {}).status == 200, "requests are served again", 2)
            act(endpoint, "SendMessageBatch", Entries=[{"Id": body, "MessageBody": body} for body in ("a", "b")])

            assert sorted(body for poller in pollers for body in poller.bodies()) == ["a", "b"]


def test_a_wait_whose_store_does_not_come_back_ends_empty(tmp_path: Path) -> None:
    with ExitStack() as until_the_end:
        with running_lasting_store(tmp_path) as (url, raw):
            endpoint = until_the_end.enter_context(running_endpoint(url, tmp_path / "endpoint.log"))
            assert ask_json(endpoint, "CreateQueue", {"QueueName": "work"}).status == 200
            act(endpoint, "SendMessage", MessageBody="out of reach", DelaySeconds=1)
            [poller] = until_the_end.enter_context(waiting(raw, endpoint, "work", wait_seconds=3))

        assert poller.bodies() == []


def blocked(raw: redis.Redis) -> int:
    """Return how many clients a pause holds up."""
    found: Any = raw.info("clients")
    return int(found["blocked_clients"])


@contextmanager
def running_lasting_store(home: Path) -> Iterator[tuple[str, redis.Redis]]:
    """Run a store that keeps its data in a folder; yield its URL and a plain client."""
    with running_store(home, "--appendonly", "yes", "--appendfsync", "always") as url:
        client = redis.Redis.from_url(url, decode_responses=True)
        try:
            yield url, client
        finally:
            client.close()
