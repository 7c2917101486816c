"""Stores that a test may spoil, stop, kill and start again, and what passes through them."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen
from types import TracebackType
from typing import Any, Self

import redis

from karin.embedded import make_store_folder, store_answers, store_command
from karin.settings import Settings
from tests.processes import bare_environ, process
from tests.support import wait_until


class DurableStore:
    """A context manager: a Valkey with an append-only file, to be killed and started again on the same socket."""

    def __init__(self, home: Path) -> None:
        self._settings = Settings(home=home)
        self._stack = ExitStack()
        self._process: Popen[bytes] | None = None
        self.url = self._settings.store_url

    def __enter__(self) -> Self:
        make_store_folder(self._settings.home)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def start(self) -> None:
        """Start it and wait until it answers."""
        # Every write reaches the file before its answer, so that a kill loses none.
        command = [*store_command(self._settings), "--appendfsync", "always"]
        self._process = self._stack.enter_context(process(command, bare_environ()))
        wait_until(lambda: store_answers(self._settings.socket_path), "the store answers")

    def kill(self) -> None:
        """End it without a warning."""
        assert self._process
        self._process.kill()
        self._process.wait(10)

    def stand_still(self) -> None:
        """Stop its clock, so to speak: it neither answers nor closes a connection."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on where it stood still."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def started_store(home: Path, *options: str) -> Iterator[Popen[bytes]]:
    """Start a store and do not wait for it."""
    make_store_folder(home)
    with process([*store_command(Settings(home=home)), "--appendonly", "no", *options], bare_environ()) as running:
        yield running


@contextmanager
def monitored(url: str) -> Iterator[Callable[[], list[str]]]:
    """Watch every command that the server gets; the function given returns those of others so far."""
    watcher: Any = redis.Redis.from_url(url)
    seen: list[str] = []
    with watcher.monitor() as monitor:

        def commands() -> list[str]:
            marker = f"marker-{len(seen)}"
            watcher.echo(marker)
            while marker not in (entry := monitor.next_command())["command"]:
                if entry["client_type"] != "lua":  # what scripts do within
                    seen.append(entry["command"])
            return [command for command in seen if not command.startswith(("ECHO", "CLIENT SETINFO", "HELLO"))]

        watcher.echo("warm")  # its own handshake is over before the test begins
        yield commands
    watcher.close()
