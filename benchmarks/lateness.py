"""Dispatch lateness: from a message's due time to the arrival of its Invoke request, over 1,000 delayed messages."""

import itertools
import random

from benchmarks.harness import percentile, print_table, running_karin

MESSAGES = 1_000
QUEUE = "late"
DELAYS_SECONDS = range(3, 14)


def main() -> None:
    """Print p50, p99 and the worst, in ms."""
    random.seed(1)
    with running_karin([QUEUE]) as karin:
        sqs = karin.client()
        url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        for _ in range(MESSAGES // 10):
            chosen = random.sample(DELAYS_SECONDS, 10)
            entries = [{"Id": str(delay), "MessageBody": str(delay), "DelaySeconds": delay} for delay in chosen]
            sqs.send_message_batch(QueueUrl=url, Entries=entries)
        late = [float(line.split()[1]) for line in itertools.islice(karin.arrivals, MESSAGES)]
    print_table(
        f"Lateness in ms of {MESSAGES} messages, delayed 3-13 s, function answers at once",
        [
            ("", "p50", "p99", "worst"),
            ("karin", percentile(late, 50), percentile(late, 99), max(late)),
            ("AWS SQS to Lambda, published for messages due now", 16.2, 105.0, "-"),
        ],
    )
