"""Messages per second from SendMessageBatch to the function, beside a process that polls and calls it instead.

Everything is a process of its own: karin with its endpoint, scheduler and store, the service with the function, the
poller. Two ways: a backlog that was sent before, from its first call to the last; and messages that are delivered while
they are sent, from the first send to the last call.
"""

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks.deliverers import ByKarin, ByPoller, Deliverer, send
from benchmarks.harness import Arrival, client, instant_functions, print_table, running_karin, running_moto

ROUNDS = 5
MESSAGES = 2_000
MOTO_MESSAGES = 200  # the more there are, the longer moto takes for each
SUFFIXES = {"standard": "", "FIFO": ".fifo"}
CASES = [(kind, batch_size) for kind in SUFFIXES for batch_size in (1, 10)]


def main() -> None:
    """Print the median of all rounds, and the median of how many times as many messages karin delivered in them."""
    with ExitStack() as stack:
        karin = stack.enter_context(running_karin([ByKarin.mapping(SUFFIXES[kind], size) for kind, size in CASES]))
        moto_url, _ = stack.enter_context(running_moto())
        deliverers = (
            ByKarin(karin, MESSAGES),
            ByPoller("karin's endpoint", karin.url, karin.functions, MESSAGES),
            ByPoller("moto_server", moto_url, stack.enter_context(instant_functions([])), MOTO_MESSAGES),
        )
        for title, measure in (
            ("a backlog, from its first call to the last", drained_a_second),
            ("sent and delivered at once, from the first send to the last call", passed_a_second),
        ):
            rows: list[tuple[object, ...]] = [("", "queue", "batch size", "messages/s", "karin's are")]
            for case in CASES:
                # In turn, so that whatever else the machine does concerns all of them.
                rounds = [[measure(deliverer, *case) for deliverer in deliverers] for _ in range(ROUNDS)]
                rows += compared(deliverers, case, rounds)
            print_table(f"Messages delivered per second: {title}, median of {ROUNDS} rounds", rows)


def compared(
    deliverers: Sequence[Deliverer], case: tuple[str, int], rounds: Sequence[Sequence[float]]
) -> list[tuple[object, ...]]:
    """Return a row for each deliverer; the first is karin."""
    rows: list[tuple[object, ...]] = []
    for place, deliverer in enumerate(deliverers):
        rate = statistics.median(one[place] for one in rounds)
        ratio = statistics.median(one[0] / one[place] for one in rounds)
        rows.append((deliverer.name, *case, f"{rate:,.0f}", f"{ratio:.1f} x"))
    return rows


def drained_a_second(deliverer: Deliverer, kind: str, batch_size: int) -> float:
    """Return messages/s of a backlog; those of the first call are not counted, because the clock starts with it."""
    url = deliverer.queue_url(SUFFIXES[kind], batch_size)
    send(client(deliverer.url), url, deliverer.messages)
    with deliverer.delivering(url, batch_size):
        arrivals = arrived(deliverer)
    first_ms, last_ms = arrivals[0].arrived_at_ms, arrivals[-1].arrived_at_ms
    behind_first = sum(one.arrived_at_ms > first_ms for one in arrivals)
    return behind_first / (last_ms - first_ms) * 1000


def passed_a_second(deliverer: Deliverer, kind: str, batch_size: int) -> float:
    """Return messages/s from the first send on; what delivers has had ten messages before, and waits for more."""
    url = deliverer.queue_url(SUFFIXES[kind], batch_size)
    sqs = client(deliverer.url)
    with deliverer.delivering(url, batch_size):
        send(sqs, url, 10)
        deliverer.functions.arrived(10)
        began_at_ms = time.time_ns() / 1e6
        send(sqs, url, deliverer.messages)
        arrivals = arrived(deliverer)
    return deliverer.messages / (arrivals[-1].arrived_at_ms - began_at_ms) * 1000


def arrived(deliverer: Deliverer) -> list[Arrival]:
    """Wait for all messages that were sent."""
    arrivals = deliverer.functions.arrived(deliverer.messages)
    assert len(arrivals) == deliverer.messages, "something came that was not sent here"
    return arrivals
