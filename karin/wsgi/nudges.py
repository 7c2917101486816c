"""Listens for nudges while somebody waits for one: one connection and one greenlet in each worker."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gevent

from karin.store.faults import StoreUnavailable, pause_ms
from karin.store.signals import Nudge, Signals

LINGER_SECONDS = 60  # then an idle endpoint holds no connection for it
LONGEST_PAUSE_MS = 5_000  # between two tries to listen again: people wait

log = logging.getLogger("karin.endpoint")


class NudgeListener:
    """Calls ``heard`` at each nudge, and ``subscribed`` whenever a subscription begins: what came before was missed.

    Both are called in its greenlet, and must not wait.
    """

    def __init__(
        self,
        signals: Signals,
        subscribed: Callable[[], None],
        heard: Callable[[Nudge], None],
        linger_seconds: float = LINGER_SECONDS,
    ) -> None:
        self._signals = signals
        self._subscribed = subscribed
        self._heard = heard
        self._linger_seconds = linger_seconds
        self._wanted_by = 0
        self._greenlet: gevent.Greenlet | None = None
        self._end: gevent.Greenlet | None = None

    @contextmanager
    def wanted(self) -> Iterator[None]:
        """Listen meanwhile, and for a while after the last who wanted it: most wait again at once."""
        self._wanted_by += 1
        if self._end:
            self._end.kill(block=False)
            self._end = None
        if self._greenlet is None or self._greenlet.dead:
            self._greenlet = gevent.spawn(self._listen)
        try:
            yield
        finally:
            self._wanted_by -= 1
            if not self._wanted_by:
                self._end = gevent.spawn_later(self._linger_seconds, self._greenlet.kill, block=False)

    def _listen(self) -> None:
        attempt = 0
        while True:
            fault = None
            try:
                for signal in self._signals.listen(control=False):
                    attempt = 0
                    if signal is None:
                        self._subscribed()
                    elif isinstance(signal, Nudge):
                        self._heard(signal)
            except StoreUnavailable as error:
                log.debug("long polls are not told of new messages, connecting again: %s", error)
                fault = error.fault
            attempt += 1
            gevent.sleep(pause_ms(attempt, fault, LONGEST_PAUSE_MS) / 1000)
