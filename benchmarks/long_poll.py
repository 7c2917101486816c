"""Long polls: how soon a waiter has a message that is sent, and what a waiter costs in memory."""

import time
from typing import Any

import redis

from benchmarks.harness import percentile, print_table, running_karin
from benchmarks.memory import pss_mb
from tests.system.whole import children_of
from tests.wire.pollers import Poller, waiting
from tests.wire.raw import ask_json

MESSAGES = 200
WAITERS = 500
QUEUE = "awaited"


def main() -> None:
    """Print p50, p99 and the worst in ms from the send of a message to its receipt, and kB per waiter."""
    with running_karin([]) as karin:
        raw = redis.Redis(unix_socket_path=str(karin.home / "store.sock"), decode_responses=True)
        call(karin.url, "CreateQueue", QueueName=QUEUE)
        waits_ms = [one_wait_ms(karin.url, raw) for _ in range(MESSAGES)]
        [worker] = children_of(karin.pids()["endpoint"])
        before_mb = pss_mb(worker)
        with waiting(raw, karin.url, QUEUE, WAITERS) as pollers:
            with_waiters_mb = pss_mb(worker)
            all_served_ms = serve_all_ms(karin.url, pollers)
        raw.close()
    print_table(
        f"From SendMessage to the answer of a waiting ReceiveMessage in ms, {MESSAGES} messages one by one",
        [("", "p50", "p99", "worst"), ("karin", percentile(waits_ms, 50), percentile(waits_ms, 99), max(waits_ms))],
    )
    print_table(
        f"{WAITERS} waiters in one worker",
        [
            ("worker without waiters, PSS MB", before_mb),
            ("worker with waiters, PSS MB", with_waiters_mb),
            ("per waiter, kB", (with_waiters_mb - before_mb) * 1024 / WAITERS),
            (f"{WAITERS} messages sent and received by all, ms", all_served_ms),
        ],
    )


def one_wait_ms(url: str, raw: redis.Redis) -> float:
    """Return the time from the send of a message until the waiter has it."""
    with waiting(raw, url, QUEUE) as [poller]:
        began_s = time.perf_counter()
        call(url, "SendMessage", QueueUrl=QUEUE, MessageBody="hello")
        [message] = poller.messages()
        wait_s = time.perf_counter() - began_s
    call(url, "DeleteMessage", QueueUrl=QUEUE, ReceiptHandle=message["ReceiptHandle"])
    return wait_s * 1000


def serve_all_ms(url: str, pollers: list[Poller]) -> float:
    """Return the time from the first of as many messages as there are waiters until everyone has one."""
    began_s = time.perf_counter()
    entries = [{"Id": str(place), "MessageBody": "hello"} for place in range(10)]
    for _ in range(len(pollers) // 10):
        call(url, "SendMessageBatch", QueueUrl=QUEUE, Entries=entries)
    for poller in pollers:
        assert len(poller.messages()) == 1
    return (time.perf_counter() - began_s) * 1000


def call(url: str, action: str, **parameters: Any) -> None:
    """Call an action, which must succeed."""
    answer = ask_json(url, action, parameters)
    assert answer.status == 200, answer
