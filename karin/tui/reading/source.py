"""The thread that reads: it listens to the store's signals and posts frozen values. It knows no widget."""

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Protocol

from textual.message import Message

from karin.operations.context import Context
from karin.store.connection import StoreUnavailable
from karin.tui.budget import Budget
from karin.tui.messages import StatusRead, StoreLost, ThreadBroke
from karin.tui.reader import Reader

LISTEN_SECONDS = 0.25  # how often the thread looks up from listening; it costs no command
RETRY_SECONDS = 2.0
STOP_SECONDS = 1.0

Post = Callable[[Message], object]


class Source(Protocol):
    """Where the terminal UI's data comes from."""

    def start(self, post: Post) -> None:
        """Begin to post StatusRead and StoreLost, from any thread."""
        ...

    def read_again(self) -> None:
        """Read everything soon."""
        ...

    def stop(self) -> None:
        """End; nothing is posted afterwards."""
        ...


class StoreSource:
    """Reads a real store."""

    def __init__(self, context: Context, sweep_interval_seconds: int) -> None:
        self._context = context
        self._sweep_interval_seconds = sweep_interval_seconds
        self._stopped = threading.Event()
        self._asked = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, post: Post) -> None:
        """Begin to read."""
        # A daemon: a command that hangs on a dead network must not keep the person from leaving.
        self._thread = threading.Thread(target=self._run, args=(post,), name="source", daemon=True)
        self._thread.start()

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

        budget = Budget(self._context.clock.now_ms())
        while not self._stopped.is_set():
            try:
                self._follow(post_unless_stopped, budget)
            except StoreUnavailable as error:
                post_unless_stopped(StoreLost(str(error)))
                self._stopped.wait(RETRY_SECONDS)
            except Exception as error:
                post_unless_stopped(ThreadBroke(error))
                raise

    def _follow(self, post: Post, budget: Budget) -> None:
        """Read for as long as the connection lasts."""
        reader = Reader(self._context, self._sweep_interval_seconds, budget)
        with closing(self._context.store.signals.listen(timeout_seconds=LISTEN_SECONDS)) as signals:
            for signal in signals:
                if self._stopped.is_set():
                    return
                reader.heard(signal)
                if self._asked.is_set():
                    self._asked.clear()
                    reader.read_again()
                if status := reader.read_if_due():
                    post(StatusRead(status))
