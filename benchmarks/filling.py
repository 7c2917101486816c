"""A batch that fills by bytes while its window runs: how long after the message that fills it the call begins.

Lambda takes 6 MB in one call, so a window ends as soon as so much is there.
"""

import os
import statistics
import time
from typing import Any

from benchmarks.harness import Arrival, Karin, print_table, running_karin
from karin.scheduler.claiming import MOST_CLAIM_BYTES

WINDOW_SECONDS = 20
BODY_BYTES = 200_000
FITTING = MOST_CLAIM_BYTES // BODY_BYTES  # so many are called at once: with another one the batch is full
CALLS = 6
WAYS = {
    "single": ("one by one, 8 a second", 1, 8, 0),
    "batches": ("5 at once, as fast as can be", 5, 0, 0),
    "delayed": ("the same, but delayed by 5 s", 5, 0, 5),
}


def main() -> None:
    """Print the median and the worst of several calls, and how much of the window was left."""
    rows: list[tuple[object, ...]] = [("", "p50", "worst", "window left s", "messages", "MB")]
    with running_karin([f"{queue}:1000:{WINDOW_SECONDS}" for queue in WAYS]) as karin:
        for queue, (title, at_once, a_second, delay_seconds) in WAYS.items():
            send(karin, queue, at_once, a_second, delay_seconds)
            rows.append((title, *figures(karin.functions.arrived((CALLS + 1) * FITTING))))
    print_table(
        f"From the message that fills a batch to its call in ms; window of {WINDOW_SECONDS} s, "
        f"bodies of {BODY_BYTES // 1000} kB, {CALLS} calls",
        rows,
    )


def send(karin: Karin, queue: str, at_once: int, a_second: int, delay_seconds: int) -> None:
    """Send what fills one batch more than is measured: when it filled the last of those, only that one tells."""
    sqs = karin.client()
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    for _ in range(0, (CALLS + 1) * FITTING + 1, at_once):
        entries: list[dict[str, Any]] = [
            {"Id": str(place), "MessageBody": body(delay_seconds), "DelaySeconds": delay_seconds}
            for place in range(at_once)
        ]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
        if a_second:
            time.sleep(1 / a_second)  # noqa: TID251 - paces the load


def body(delay_seconds: int) -> str:
    """Return a body that compresses about as well as people's do."""
    start = f"{delay_seconds} {os.urandom(BODY_BYTES // 4).hex()}"
    return start.ljust(BODY_BYTES, "x")


def figures(arrivals: list[Arrival]) -> tuple[object, ...]:
    """Return p50 and worst of the calls but for the last, the window that was left, and what a call carried."""
    due_at_ms = sorted(one.arrived_at_ms - one.late_ms for one in arrivals)
    called_at_ms = sorted({one.arrived_at_ms for one in arrivals})
    assert len(called_at_ms) == CALLS + 1, "each call was full"
    after_ms, left_s = [], []
    for number in range(CALLS):
        first_at_ms, filled_at_ms = due_at_ms[number * FITTING], due_at_ms[(number + 1) * FITTING]
        after_ms.append(called_at_ms[number] - filled_at_ms)
        left_s.append(WINDOW_SECONDS - (filled_at_ms - first_at_ms) / 1000)
    return statistics.median(after_ms), max(after_ms), statistics.median(left_s), FITTING, FITTING * BODY_BYTES / 1e6
