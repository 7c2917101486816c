"""Dispatch lateness: from a message's due time to the arrival of its Invoke request, by how many are due a second."""

import random
import statistics
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.harness import Karin, percentile, print_table, running_karin

QUEUE = "late"
SENT_BEFORE = 1_000
DELAYS_SECONDS = range(3, 14)
ROUNDS = 3
A_SECOND = (5, 100, 300)
STEADY_SECONDS = 20


def main() -> None:
    """Print p50, p99 and the worst, in ms."""
    random.seed(1)
    with running_karin([QUEUE]) as karin:
        sqs = karin.client()
        url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        before = sent_before(karin, sqs, url)
        rounds = {rate: [steady(karin, sqs, url, rate) for _ in range(ROUNDS)] for rate in A_SECOND}
    print_table(
        "Lateness in ms, function answers at once",
        [
            ("", "p50", "p99", "worst"),
            (f"karin, {SENT_BEFORE:,} messages delayed 3-13 s, sent before", *figures(before)),
            *(
                (
                    f"karin, {rate} messages due a second for {STEADY_SECONDS} s, sent meanwhile, median of {ROUNDS}",
                    *(statistics.median(column) for column in zip(*map(figures, late), strict=True)),
                )
                for rate, late in rounds.items()
            ),
            ("AWS SQS to Lambda, published for messages due now", 16.2, 105.0, "-"),
        ],
    )


def sent_before(karin: Karin, sqs: Any, url: str) -> list[float]:
    """Return how late messages are that are sent as fast as can be, most of them before the first is due."""
    for _ in range(SENT_BEFORE // 10):
        send_ten(sqs, url)
    return [one.late_ms for one in karin.functions.arrived(SENT_BEFORE)]


def steady(karin: Karin, sqs: Any, url: str, a_second: int) -> list[float]:
    """Return how late messages are while as many are sent as become due, at instants that know nothing of each other.

    The first seconds, in which fewer become due, do not count; neither do the last.
    """
    longest_delay_seconds = DELAYS_SECONDS[-1]
    sending_seconds = STEADY_SECONDS + longest_delay_seconds
    began_s = next_s = time.time()
    count = 0
    while next_s < began_s + sending_seconds:
        time.sleep(max(0, next_s - time.time()))  # noqa: TID251 - paces the load
        send_ten(sqs, url)
        count += 10
        next_s += random.expovariate(a_second / 10)
    first_ms, last_ms = (began_s + longest_delay_seconds) * 1000, (began_s + sending_seconds) * 1000
    arrivals = karin.functions.arrived(count)
    return [one.late_ms for one in arrivals if first_ms <= one.arrived_at_ms - one.late_ms < last_ms]


def send_ten(sqs: Any, url: str) -> None:
    """Send ten messages with ten different delays."""
    delays = random.sample(DELAYS_SECONDS, 10)
    entries = [{"Id": str(delay), "MessageBody": str(delay), "DelaySeconds": delay} for delay in delays]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)


def figures(late_ms: Sequence[float]) -> tuple[float, float, float]:
    """Return p50, p99 and the worst."""
    return percentile(late_ms, 50), percentile(late_ms, 99), max(late_ms)
