"""Keeping the leases of calls in flight: short at first, and renewed for as long as the function may run.

The messages of a scheduler that dies so come back within a minute, even those of a function that may run for a quarter
of an hour. One thread renews them all; it is started by the first call that needs it, and most need none.
"""

import logging
import threading

import msgspec

from karin.operations.context import Context
from karin.scheduler.flight import Flight
from karin.sqs.errors import QueueDoesNotExist
from karin.store.connection import StoreUnavailable
from karin.store.messages import Settlement, Verdict

LEASE_MS = 60_000
AHEAD_MS = 30_000  # of a lease's end, so that a store that is away for a moment can be asked again
RETRY_MS = 1_000

log = logging.getLogger("karin.scheduler")


class _Held:
    """A flight, and until when its messages and its call are known to be kept."""

    def __init__(self, flight: Flight, ahead_ms: int) -> None:
        self.flight = flight
        self.leased_until_ms = flight.leased_until_ms
        self.call_until_ms = flight.call.until_ms
        self.renew_at_ms: int | None = None
        self.writing = threading.Lock()  # held while a renewal is on its way: none may follow the settlement
        self.plan(ahead_ms)

    def plan(self, ahead_ms: int) -> None:
        """Set when to renew: before the first of the two ends, if the function may still run then."""
        ends = [self.leased_until_ms]
        if self.flight.call.max_concurrency is not None:
            ends.append(self.call_until_ms)
        open_ends = [end_ms for end_ms in ends if end_ms < self.flight.over_at_ms]
        self.renew_at_ms = min(open_ends) - ahead_ms if open_ends else None


class Leases:
    """The flights of this scheduler."""

    def __init__(self, context: Context, lease_ms: int = LEASE_MS, ahead_ms: int = AHEAD_MS) -> None:
        self.lease_ms = lease_ms
        self._ahead_ms = ahead_ms
        self._messages = context.store.messages
        self._clock = context.clock
        self._changed = threading.Condition()
        self._held: dict[str, _Held] = {}
        self._thread: threading.Thread | None = None

    def hold(self, flight: Flight) -> None:
        """Keep a flight's messages leased until it is released."""
        held = _Held(flight, self._ahead_ms)
        with self._changed:
            self._held[flight.call.call_id] = held
            if held.renew_at_ms is None:
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="leases", daemon=True)
                self._thread.start()
            self._changed.notify()

    def release(self, flight: Flight) -> None:
        """Renew a flight's leases no more: once this returns, no renewal is on its way."""
        with self._changed:
            held = self._held.pop(flight.call.call_id, None)
        if held is not None:
            with held.writing:
                held.renew_at_ms = None

    def in_flight(self) -> list[Flight]:
        """Return all flights that were not released."""
        with self._changed:
            return [held.flight for held in self._held.values()]

    def renew_due(self) -> bool:
        """Renew what ends soon, one command for each flight; tell whether the store took it all."""
        now_ms = self._clock.now_ms()
        with self._changed:
            known = list(self._held.values())
        for held in known:
            if held.renew_at_ms is not None and held.renew_at_ms <= now_ms:
                with held.writing:
                    is_taken = self._renew(held)
                if not is_taken:  # the others would wait for the store in vain, one after the other
                    return False
        return True

    def _next_at_ms(self) -> int | None:
        return min((held.renew_at_ms for held in self._held.values() if held.renew_at_ms is not None), default=None)

    def _renew(self, held: _Held) -> bool:
        """Renew a flight's leases; tell whether the store took it."""
        if held.renew_at_ms is None:  # released meanwhile
            return True
        flight, now_ms = held.flight, self._clock.now_ms()
        until_ms = min(now_ms + self.lease_ms, flight.over_at_ms)
        receipts = (*flight.receipts, *flight.filtered) if held.leased_until_ms < until_ms else ()
        settlements = [Settlement(receipt, Verdict.HOLD, until_ms) for receipt in receipts]
        call = msgspec.structs.replace(flight.call, until_ms=until_ms)
        try:
            self._messages.settle(flight.queue, now_ms, settlements, call=call, goes_on=True)
        except StoreUnavailable as error:
            log.debug("cannot renew the leases of %d messages of %s: %s", len(receipts), flight.queue.name, error)
            return False
        except QueueDoesNotExist:
            held.renew_at_ms = None
            return True
        held.leased_until_ms = max(held.leased_until_ms, until_ms)
        held.call_until_ms = until_ms
        held.plan(self._ahead_ms)
        return True

    def _work(self) -> None:
        pause_ms = 0
        while True:
            with self._changed:
                next_at_ms = self._next_at_ms()
                wait_ms = None if next_at_ms is None else max(next_at_ms - self._clock.now_ms(), pause_ms)
                if wait_ms is None or wait_ms > 0:
                    self._changed.wait(None if wait_ms is None else wait_ms / 1000)
            pause_ms = 0 if self._renew_safely() else RETRY_MS

    def _renew_safely(self) -> bool:
        try:
            return self.renew_due()
        except Exception:
            log.exception("renewing leases failed for a reason that is karin's own fault")
            return False
