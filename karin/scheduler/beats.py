"""Beats: what a scheduler does again and again, or once after a while, by the time that passes.

Wakes go by the clock, because messages are due by the clock. What keeps a scheduler alive must not: a clock that is set
back by an hour would put off the sweep by an hour. Nor does who waits for an instant notice that the clock was set, so
that is looked at here, every few seconds, and whoever wants to know is told.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from karin.clock import Clock, SteadyClock, SystemClock

LOOK_MS = 5_000  # between two looks at the clock
LEAST_JUMP_MS = 1_000  # what is less is slewed by time synchronisation, or a slow look

log = logging.getLogger("karin.scheduler")

Job = Callable[[], None]


@dataclass(slots=True)
class _Beat:
    """A job, when it is due next by steady time, and after how long again (None: never)."""

    job: Job
    due_at_ms: int
    every_ms: int | None


class Beats:
    """Calls jobs in a thread of its own: they must be quick."""

    def __init__(self, clock: Clock | None = None, steady: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._steady = steady or SteadyClock()
        self._changed = threading.Condition()
        self._beats: dict[str, _Beat] = {}
        self._when_set: list[Job] = []
        self._is_stopped = False
        self._offset_ms = self._offset()
        self._look_at_ms = self._steady.now_ms() + LOOK_MS

    def start(self) -> None:
        """Begin to call."""
        threading.Thread(target=self._work, name="beats", daemon=True).start()

    def stop(self) -> None:
        """Begin no other call."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()

    def every(self, seconds: int, job: Job, name: str) -> None:
        """Call a job regularly."""
        self._add(name, _Beat(job, self._steady.now_ms() + seconds * 1000, seconds * 1000))

    def once(self, delay_ms: int, job: Job, name: str) -> None:
        """Call a job once, after a delay; again under the same name replaces it."""
        self._add(name, _Beat(job, self._steady.now_ms() + delay_ms, None))

    def when_clock_is_set(self, job: Job) -> None:
        """Call a job soon after the clock was set forward or back."""
        self._when_set.append(job)

    def beat(self) -> int:
        """Call what is due, and look at the clock if it is time to; return how long nothing follows in ms."""
        now_ms = self._steady.now_ms()
        for job in (*self._take_due(now_ms), *self._look(now_ms)):
            try:
                job()
            except Exception:
                log.exception("a beat failed for a reason that is karin's own fault")
        with self._changed:
            next_at_ms = min((beat.due_at_ms for beat in self._beats.values()), default=self._look_at_ms)
        return max(0, min(next_at_ms, self._look_at_ms) - self._steady.now_ms())

    def _add(self, name: str, beat: _Beat) -> None:
        with self._changed:
            self._beats[name] = beat
            self._changed.notify()

    def _take_due(self, now_ms: int) -> list[Job]:
        with self._changed:
            due = (
                {} if self._is_stopped else {name: one for name, one in self._beats.items() if one.due_at_ms <= now_ms}
            )
            for name, beat in due.items():
                if beat.every_ms is None:
                    del self._beats[name]
                else:
                    beat.due_at_ms = now_ms + beat.every_ms
        return [beat.job for beat in due.values()]

    def _look(self, now_ms: int) -> list[Job]:
        if now_ms < self._look_at_ms:
            return []
        self._look_at_ms = now_ms + LOOK_MS
        before_ms, self._offset_ms = self._offset_ms, self._offset()
        jump_ms = self._offset_ms - before_ms
        if abs(jump_ms) < LEAST_JUMP_MS:
            return []
        direction, what = ("forward", "early") if jump_ms > 0 else ("back", "late")
        log.warning(
            "the clock was set %s by %.1f s: what waited then comes that much too %s",
            direction,
            abs(jump_ms) / 1000,
            what,
        )
        return self._when_set

    def _offset(self) -> int:
        return self._clock.now_ms() - self._steady.now_ms()

    def _work(self) -> None:
        while True:
            wait_ms = self.beat()
            with self._changed:
                if self._is_stopped:
                    return
                if wait_ms:
                    self._changed.wait(wait_ms / 1000)
