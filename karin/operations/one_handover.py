"""One handover of a queue at a time, in either direction, wherever they are started.

Two at once would fetch what the other has just sent, for ever, or send what is behind in a FIFO group past what is
before it. A lease in the store keeps them apart: renewed while the process lives, and over soon after it was killed.
"""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from karin.clock import SteadyClock
from karin.operations.context import Context
from karin.sqs.names import QueueId
from karin.store.connection import StoreUnavailable

HELD_MS = 20_000  # a handover that was killed holds up the next one for so long
RENEWED_EVERY_MS = 5_000


class AnotherHandover(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """Another handover of the queue is under way; the message is one line."""


@contextmanager
def only_handover(context: Context, queue: QueueId) -> Iterator["Hold"]:
    """Keep others from handing a queue over meanwhile. Raises AnotherHandover, StoreUnavailable."""
    hold = Hold(context, queue)
    hold.renew()
    over = threading.Event()
    renewing = threading.Thread(target=_renew_until, args=(hold, over), name="karin-handover", daemon=True)
    renewing.start()
    try:
        yield hold
    finally:
        over.set()
        renewing.join()
        with suppress(StoreUnavailable):  # then it is over by itself
            hold.let_go()


class Hold:
    """That a queue is kept to this handover."""

    def __init__(self, context: Context, queue: QueueId) -> None:
        self._context = context
        self._queue = queue
        self._holder = uuid.uuid4().hex
        self._clock = SteadyClock()
        self._renewed_at_ms = 0

    def check(self) -> None:
        """Raise AnotherHandover when the queue is another's by now; may raise StoreUnavailable.

        Costs a command only if nothing was renewed for long, as when this process was stopped or the store was away.
        """
        if self._clock.now_ms() - self._renewed_at_ms > HELD_MS // 2:
            self.renew()

    def renew(self) -> None:
        """Keep the queue for longer, or again if nobody else has it. Raises AnotherHandover, StoreUnavailable."""
        asked_at_ms = self._clock.now_ms()
        if not self._context.store.handovers.hold(self._queue, self._holder, HELD_MS):
            raise AnotherHandover(
                f"another handover of {self._queue.name} is under way: let it end, or end it"
                f" (one that was killed is forgotten after {HELD_MS // 1000} s)"
            )
        self._renewed_at_ms = asked_at_ms

    def let_go(self) -> None:
        """Let others have the queue at once. Raises StoreUnavailable."""
        self._context.store.handovers.let_go(self._queue, self._holder)


def _renew_until(hold: Hold, over: threading.Event) -> None:
    """Renew again and again; whether that still works, the next check finds out."""
    while not over.wait(RENEWED_EVERY_MS / 1000):
        with suppress(StoreUnavailable, AnotherHandover):
            hold.renew()
