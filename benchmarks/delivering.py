"""Messages per second from SendMessageBatch to the function, beside a process that polls and calls it instead.

Everything is a process of its own: karin with its endpoint, scheduler and store, the service with the function, the
poller. Two ways: a backlog that was sent before, from its first call to the last; and messages that are delivered while
they are sent, from the first send to the last call. Of the second the most that there can be is what the same client
sends when nothing is delivered meanwhile, which is measured in each round while the backlog gathers. Whether delivery
keeps up tells the time from the last send to the last call: what did not would have gathered by then.

``delivering:karin`` leaves out the pollers, which take most of its time.
"""

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks.deliverers import ByKarin, ByPoller, Deliverer, send
from benchmarks.harness import Arrival, client, instant_functions, print_table, running_karin, running_moto

ROUNDS = 5
MESSAGES = 2_000
MOTO_MESSAGES = 200  # the more there are, the longer moto takes for each
SUFFIXES = {"standard": "", "FIFO": ".fifo"}
CASES = [(kind, batch_size) for kind in SUFFIXES for batch_size in (1, 10)]


class Round(NamedTuple):
    """What one deliverer did in one round, in messages/s, and how long after the last send the last call was."""

    sent_alone: float
    drained: float
    passed: float
    behind_ms: float

    @property
    def part_passed(self) -> float:
        """Return how many of the messages that can be sent were delivered at the same time."""
        return self.passed / self.sent_alone


def main(given: str = "") -> None:
    """Print the median of all rounds, and the median of how many times as many messages karin delivered in them."""
    with ExitStack() as stack:
        karin = stack.enter_context(running_karin([ByKarin.mapping(SUFFIXES[kind], size) for kind, size in CASES]))
        deliverers: list[Deliverer] = [ByKarin(karin, MESSAGES)]
        if given != "karin":
            moto_url, _ = stack.enter_context(running_moto())
            functions = stack.enter_context(instant_functions([]))
            deliverers += [
                ByPoller("karin's endpoint", karin.url, karin.functions, MESSAGES),
                ByPoller("moto_server", moto_url, functions, MOTO_MESSAGES),
            ]
        # In turn, so that whatever else the machine does concerns all of them.
        rounds = {case: [[one_round(by, *case) for by in deliverers] for _ in range(ROUNDS)] for case in CASES}
    head = ("", "queue", "batch size", "messages/s", "karin's are")
    backlog: list[tuple[object, ...]] = [head]
    at_once: list[tuple[object, ...]] = [(*head, "sent alone", "delivered of that", "ms behind")]
    for case, of_case in rounds.items():
        for place, by in enumerate(deliverers):
            own = [one[place] for one in of_case]
            first = [one[0] for one in of_case]
            backlog.append((by.name, *case, *compared([one.drained for one in own], [one.drained for one in first])))
            passed = compared([one.passed for one in own], [one.passed for one in first])
            sent = statistics.median(one.sent_alone for one in own)
            part = statistics.median(one.part_passed for one in own)
            behind_ms = statistics.median(one.behind_ms for one in own)
            at_once.append((by.name, *case, *passed, f"{sent:,.0f}", f"{part:.0%}", f"{behind_ms:,.0f}"))
    title, rounds_title = "Messages delivered per second", f"median of {ROUNDS} rounds"
    print_table(f"{title}: a backlog, from its first call to the last, {rounds_title}", backlog)
    print_table(f"{title}: sent and delivered at once, from the first send to the last call, {rounds_title}", at_once)


def compared(rates: Sequence[float], of_karin: Sequence[float]) -> tuple[str, str]:
    """Return the median of some rates, and of how many times as high karin's were in the same rounds."""
    ratio = statistics.median(karins / rate for karins, rate in zip(of_karin, rates, strict=True))
    return f"{statistics.median(rates):,.0f}", f"{ratio:.1f} x"


def one_round(deliverer: Deliverer, kind: str, batch_size: int) -> Round:
    """Send and then deliver, and do both at once."""
    sent_alone, drained = sent_and_drained_a_second(deliverer, kind, batch_size)
    return Round(sent_alone, drained, *passed_a_second(deliverer, kind, batch_size))


def sent_and_drained_a_second(deliverer: Deliverer, kind: str, batch_size: int) -> tuple[float, float]:
    """Return messages/s sent while nothing is delivered, and then of the backlog.

    Those of the first call are not counted, because the clock starts with it.
    """
    url = deliverer.queue_url(SUFFIXES[kind], batch_size)
    sqs = client(deliverer.url)
    send(sqs, url, 10)  # connects
    began = time.monotonic()
    send(sqs, url, deliverer.messages)
    sent_alone = deliverer.messages / (time.monotonic() - began)
    with deliverer.delivering(url, batch_size):
        arrivals = arrived(deliverer, 10)
    first_ms, last_ms = arrivals[0].arrived_at_ms, arrivals[-1].arrived_at_ms
    behind_first = sum(one.arrived_at_ms > first_ms for one in arrivals)
    return sent_alone, behind_first / (last_ms - first_ms) * 1000


def passed_a_second(deliverer: Deliverer, kind: str, batch_size: int) -> tuple[float, float]:
    """Return messages/s from the first send on, and for how many ms the last call came after the last send.

    What delivers has had ten messages before, and waits for more.
    """
    url = deliverer.queue_url(SUFFIXES[kind], batch_size)
    sqs = client(deliverer.url)
    with deliverer.delivering(url, batch_size):
        send(sqs, url, 10)
        deliverer.functions.arrived(10)
        began_at_ms = time.time_ns() / 1e6
        send(sqs, url, deliverer.messages)
        sent_at_ms = time.time_ns() / 1e6
        arrivals = arrived(deliverer)
    last_ms = arrivals[-1].arrived_at_ms
    return deliverer.messages / (last_ms - began_at_ms) * 1000, last_ms - sent_at_ms


def arrived(deliverer: Deliverer, more: int = 0) -> list[Arrival]:
    """Wait for all messages that were sent."""
    arrivals = deliverer.functions.arrived(deliverer.messages + more)
    assert len(arrivals) == deliverer.messages + more, "something came that was not sent here"
    return arrivals
