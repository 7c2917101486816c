"""What each step costs a store: the time of the script in the server, and that of the call in the client.

The server's own count (``INFO commandstats``) is read before and after every call, so that a median can be taken: a sum
over all calls would hold every moment in which the machine ran something else.
"""

import random
import statistics
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from benchmarks.backlog import BODY_BYTES, DAY_MS, QUEUES, SOON_MS, Backlog, outgoing
from karin.operations.receiving import MOST_BYTES, receive_messages
from karin.sqs.names import QueueId
from karin.sqs.receipts import Receipt
from karin.sqs.receiving import Receive
from karin.store.messages import Call, Claim, Outgoing, Settlement, Verdict

Answer = TypeVar("Answer")

ROUNDS = 100
BATCH = 10
LEASE_MS = 60_000
PROMISED = ("send 1", "send 10", "claim 10", "receive 10", "peek 10")
OTHERS = ("settle 10", "survey 100 queues", "agenda 100 queues", "sweep 100 queues")
STEPS = (*PROMISED, *OTHERS)


class Price(NamedTuple):
    """Microseconds of one step."""

    server_us: float
    client_us: float


def prices(sides: Sequence[Backlog], *, queues: int = QUEUES) -> list[dict[str, Price]]:
    """Return the median price of each step in each store; they take turns, so that what disturbs one disturbs all.

    The rounds go from queue to queue, over so many of them: with one alone, its memory stays in the processor's caches.
    """
    taken: list[dict[str, list[Price]]] = [defaultdict(list) for _ in sides]
    for number in range(ROUNDS):
        for place in range(len(sides)):
            at = (place + number) % len(sides)
            _Round(sides[at], sides[at].queues[number % queues], taken[at]).run()
    return [{step: _median(some[step]) for step in STEPS} for some in taken]


def _median(some: Sequence[Price]) -> Price:
    return Price(*(statistics.median(column) for column in zip(*some, strict=True)))


class _Round:
    """Every step once, with one queue; the store holds afterwards what it held before."""

    def __init__(self, side: Backlog, queue: QueueId, taken: dict[str, list[Price]]) -> None:
        self._side, self._queue, self._taken = side, queue, taken
        self._now_ms = side.context.clock.now_ms

    def run(self) -> None:
        store, queue, queues = self._side.store, self._queue, self._side.queues
        for step, count in (("send 1", 1), ("send 10", BATCH)):
            self._remove(self._measured(step, self._sending(count)))
        self._sending(BATCH, due_now=True)()
        page = self._measured("peek 10", lambda: store.views.messages(queue, self._now_ms(), most=BATCH))
        assert len(page.messages) == BATCH
        call = Call("00000000-0000-0000-0000-000000000000", uuid.uuid4().hex, self._now_ms() + LEASE_MS)
        self._settle("settle 10", self._measured("claim 10", lambda: self._claim(call)), call)
        self._sending(BATCH, due_now=True)()
        receive = Receive(most=BATCH)
        self._settle("", self._measured("receive 10", lambda: receive_messages(self._side.context, queue, receive)))
        self._measured("survey 100 queues", lambda: store.queues.survey(queues, self._now_ms()))
        self._measured("agenda 100 queues", lambda: store.agenda.read(queues, self._now_ms(), BATCH))
        self._measured("sweep 100 queues", lambda: store.sweeping.sweep(queues, "bench", self._now_ms()))

    def _measured(self, step: str, do: Callable[[], Answer]) -> Answer:
        before_us = self._server_us()
        began = time.perf_counter()
        answer = do()
        client_us = (time.perf_counter() - began) * 1e6
        self._taken[step].append(Price(self._server_us() - before_us, client_us))
        return answer

    def _server_us(self) -> int:
        return int(self._side.info("commandstats").get("cmdstat_evalsha", {}).get("usec", 0))

    def _sending(self, count: int, *, due_now: bool = False) -> Callable[[], list[Outgoing]]:
        """Return what sends messages that are made before; those of FIFO queues are always due now."""
        now_ms = self._now_ms()
        delay_ms = 0 if due_now else random.sample(range(SOON_MS, DAY_MS), 1)[0]
        some = [
            outgoing(self._queue, now_ms, delay_ms and delay_ms + place, group="measured") for place in range(count)
        ]

        def send() -> list[Outgoing]:
            self._side.store.messages.send(self._queue, now_ms, some)
            return some

        return send

    def _claim(self, call: Call | None = None) -> Claim:
        return self._side.store.messages.claim(
            self._queue, self._now_ms(), most=BATCH, most_bytes=MOST_BYTES, floor_ms=LEASE_MS, call=call
        )

    def _settle(self, step: str, claim: Claim, call: Call | None = None) -> None:
        assert len(claim.messages) == BATCH
        verdict = Verdict.DELETE_HELD if self._queue.is_fifo else Verdict.DELETE
        settlements = [Settlement(received.receipt, verdict) for received in claim.messages]

        def settle() -> None:
            record = b"x" * BODY_BYTES if call else b""
            self._side.store.messages.settle(self._queue, self._now_ms(), settlements, call=call, invocation=record)

        self._measured(step, settle)

    def _remove(self, sent: Sequence[Outgoing]) -> None:
        """Delete messages that are not due, or take those of a FIFO queue and delete them."""
        if self._queue.is_fifo:
            receipts = [received.receipt for received in self._claim().messages]
        else:
            receipts = [Receipt(self._queue, one.message.message_id, 0, 0) for one in sent]
        assert len(receipts) == len(sent)
        settlements = [Settlement(receipt, Verdict.DELETE) for receipt in receipts]
        effects = self._side.store.messages.settle(self._queue, self._now_ms(), settlements).effects
        assert {effect.value for effect in effects} == {"done"}
