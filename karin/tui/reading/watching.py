"""Watching the parts of the karin on this machine without waiting for any: the thread that reads has more to do."""

import contextlib
import socket

from karin import parts
from karin.clock import Clock, SteadyClock
from karin.parts import ALL_DOWN, SILENT, Parts
from karin.settings import Settings

ASK_MS = 4_000  # from one answer of the endpoint to the next question
ASK_AGAIN_MS = 1_000  # the same while there is none: one that has just been started soon answers
PATIENCE_MS = 8_000  # with a question; a machine may be busy. Together they are less than a person's 15 seconds


class Watch:
    """Tells how the parts are; a question to the endpoint is asked at one look and its answer taken at a later one."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SteadyClock()
        self._asked: socket.socket | None = None
        self._asked_at_ms = self._ask_at_ms = 0
        self._answers = True
        self._was_here = False

    def look(self) -> Parts | None:
        """Return how the parts are, None when no karin was ever seen here."""
        running = parts.running_here(self._settings)
        if running is None:
            self._forget()
            return ALL_DOWN if self._was_here else None
        self._was_here = True
        found = parts.processes_of(running)
        if found.endpoint:
            self._forget()
            return found
        self._ask_or_hear(running.endpoint_url)
        return found if self._answers else found._replace(endpoint=SILENT)

    def _ask_or_hear(self, url: str) -> None:
        now_ms = self._clock.now_ms()
        if self._asked is not None:
            self._hear(self._asked, now_ms)
        elif now_ms >= self._ask_at_ms:
            self._ask(url, now_ms)

    def _ask(self, url: str, now_ms: int) -> None:
        try:
            self._asked = parts.ask(url)
            self._asked.setblocking(False)
        except OSError:
            self._know(False, now_ms)
        self._asked_at_ms = now_ms

    def _hear(self, asked: socket.socket, now_ms: int) -> None:
        try:
            self._know(bool(asked.recv(1)), now_ms)
        except BlockingIOError:
            if now_ms - self._asked_at_ms >= PATIENCE_MS:
                self._know(False, now_ms)
        except OSError:
            self._know(False, now_ms)

    def _know(self, answers: bool, now_ms: int) -> None:
        self._answers = answers
        self._ask_at_ms = now_ms + (ASK_MS if answers else ASK_AGAIN_MS)
        self._close()

    def _forget(self) -> None:
        """Begin anew once there is a process again: what it is asked is another's answer."""
        self._answers, self._ask_at_ms = True, 0
        self._close()

    def _close(self) -> None:
        if self._asked is not None:
            with contextlib.suppress(OSError):
                self._asked.close()
            self._asked = None
