"""The thread that reads: it listens to the store's signals and posts frozen worlds. It knows no widget."""

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Protocol

from textual.message import Message

from karin.finding import Running
from karin.store.connection import StoreUnavailable
from karin.tui.messages import StoreLost, ThreadBroke, WorldRead
from karin.tui.reading.budget import Budget
from karin.tui.reading.gathering import Gatherer
from karin.tui.reading.interest import Interest
from karin.tui.reading.reader import Reader

LISTEN_SECONDS = 0.25  # how often the thread looks up from listening; it costs no command
RETRY_SECONDS = 2.0
STOP_SECONDS = 1.0

Post = Callable[[Message], object]


class Source(Protocol):
    """Where the terminal UI's data comes from. Every method but ``start`` and ``stop`` only leaves a note."""

    def start(self, interest: Interest, post: Post) -> None:
        """Begin to post WorldRead and StoreLost, from any thread."""
        ...

    def look_at(self, interest: Interest) -> None:
        """Read what another place needs."""
        ...

    def attend(self, is_attended: bool) -> None:
        """Read seldom while nobody looks."""
        ...

    def freeze(self, is_frozen: bool) -> None:
        """Read nothing for as long as it is frozen."""
        ...

    def read_again(self) -> None:
        """Read everything soon."""
        ...

    def stop(self) -> None:
        """End; nothing is posted afterwards."""
        ...


class StoreSource:
    """Reads a real karin."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._interest: Interest | None = None
        self._is_attended = True
        self._is_frozen = False
        self._stopped = threading.Event()
        self._asked = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, interest: Interest, post: Post) -> None:
        """Begin to read."""
        self._interest = interest
        # A daemon: a command that hangs on a dead network must not keep the person from leaving.
        self._thread = threading.Thread(target=self._run, args=(post,), name="source", daemon=True)
        self._thread.start()

    def look_at(self, interest: Interest) -> None:
        """Read what another place needs."""
        self._interest = interest

    def attend(self, is_attended: bool) -> None:
        """Read seldom while nobody looks."""
        self._is_attended = is_attended

    def freeze(self, is_frozen: bool) -> None:
        """Read nothing for as long as it is frozen."""
        self._is_frozen = is_frozen

    def read_again(self) -> None:
        """Read everything soon."""
        self._asked.set()

    def stop(self) -> None:
        """End, and wait a moment for the thread to close its connection."""
        self._stopped.set()
        if self._thread:
            self._thread.join(STOP_SECONDS)

    def _run(self, post: Post) -> None:
        def post_unless_stopped(message: Message) -> None:
            if not self._stopped.is_set():
                post(message)

        now_ms = self._running.context.clock.now_ms()
        budget, gatherer = Budget(now_ms), Gatherer(self._running)
        while not self._stopped.is_set():
            try:
                self._follow(post_unless_stopped, gatherer, budget, now_ms)
            except StoreUnavailable as error:
                post_unless_stopped(StoreLost(str(error)))
                self._stopped.wait(RETRY_SECONDS)
            except Exception as error:
                post_unless_stopped(ThreadBroke(error))
                raise

    def _follow(self, post: Post, gatherer: Gatherer, budget: Budget, since_ms: int) -> None:
        """Read for as long as the connection lasts."""
        assert self._interest  # noqa: S101 - start sets it before the thread begins
        reader = Reader(gatherer, budget, since_ms, self._interest)
        last: WorldRead | None = None
        with closing(self._running.context.store.signals.listen(timeout_seconds=LISTEN_SECONDS)) as signals:
            for signal in signals:
                if self._stopped.is_set():
                    return
                reader.heard(signal)
                reader.look_at(self._interest)
                if self._asked.is_set():
                    self._asked.clear()
                    reader.read_again()
                # A machine or a line too slow to show what was read must not pile up more of it.
                if self._is_frozen or (last and not last.is_taken):
                    continue
                reader.attend(self._is_attended)
                if world := reader.read_if_due():
                    last = WorldRead(world)
                    post(last)
