"""An execution environment: one runtime process of one function, and the Runtime API that only it speaks to.

awslambdaric takes AWS_LAMBDA_RUNTIME_API for ``host:port`` and cannot cope with a path in it, so each environment
listens on a loopback port of its own; that also tells the environments apart.
"""

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TextIO

import gevent
from gevent.event import Event
from gevent.queue import SimpleQueue

from karin.clock import Clock
from karin.local import launch, outcome
from karin.local.definition import Definition, Function
from karin.local.invocation import Invocation
from karin.local.listener import listen
from karin.local.outcome import Outcome
from karin.local.output import Output

INIT_SECONDS = 10  # Lambda's limit for the init phase; what exceeds it counts against the function's timeout
STOP_SECONDS = 1
WSGI_KEY = "karin.environment"


class ExecutionEnvironment:
    """Serves one invocation at a time; unusable for good once its process has ended or has had to be ended."""

    def __init__(
        self, function: Function, edition: object, runtime_api: Callable[..., Any], clock: Clock, copy_to: TextIO
    ) -> None:
        """Prepare to serve a function; ``edition`` is for whoever must tell which of its editions this one runs."""
        self.function = function
        self.edition = edition
        self.is_usable = True
        self.idle_since_ms = 0
        self.init_ms: int | None = None
        self._clock = clock
        self._waiting = SimpleQueue()
        self._current: Invocation | None = None
        self._initialised = Event()  # the runtime has asked for work, or will never
        self._init_error: Outcome | None = None
        self._output = Output(function.name, copy_to)
        self._runtime_api = runtime_api

    def start(self, definition: Definition, inherited: Mapping[str, str]) -> None:
        """Start the runtime; raises OSError when there is nothing to run."""
        self._started_at_ms = self._clock.now_ms()
        self._server = listen(("127.0.0.1", 0), self._runtime_api, environ={WSGI_KEY: self}, errors=None)
        variables = launch.environment_variables(
            self.function, definition, inherited, f"127.0.0.1:{self._server.server_port}", self._started_at_ms
        )
        arguments = launch.command(self.function, definition.python)
        try:
            self._process = launch.start(arguments, self.function.code, variables, self._output.write_fd)
        except OSError:
            self._server.stop(timeout=0)
            self._output.close()
            raise
        finally:
            self._output.close_write_end()
        self._follower = gevent.spawn(self._output.follow)
        self._watcher = gevent.spawn(self._watch)

    def run(self, invocation: Invocation) -> Outcome | None:
        """Have the runtime do a call and wait for its outcome, at most for the function's timeout.

        None: the runtime ended, after earlier calls, before it took this one; it can be given to another.
        """
        is_first = not self._initialised.is_set()
        self._current = invocation
        self._waiting.put(invocation)
        if is_first:
            self._initialised.wait(INIT_SECONDS)
        result = invocation.wait(self.function.timeout_seconds)
        if result is None:
            self.is_usable = False
            now_ms = self._clock.now_ms()
            result = outcome.timed_out(invocation.request_id, self.function.timeout_seconds, now_ms)
            invocation.settle(result)
            self.stop()
        self._current = None
        if invocation.started_at_ms is None and not is_first:
            invocation.reopen()
            return None
        return result

    def next_invocation(self) -> Invocation:
        """Wait for the next call: the runtime asks for work."""
        if not self._initialised.is_set():
            self.init_ms = self._clock.now_ms() - self._started_at_ms
            self._initialised.set()
        invocation: Invocation = self._waiting.get()
        invocation.started_at_ms = self._clock.now_ms()
        return invocation

    def settle(self, request_id: str, result: Outcome) -> bool:
        """Take the runtime's answer to the current call; False when it answers any other."""
        if self._current is None or self._current.request_id != request_id:
            return False
        self._current.settle(result)
        return True

    def fail_init(self, payload: bytes) -> None:
        """Take the runtime's word that it cannot be initialised."""
        self.is_usable = False
        if self._current is not None:
            self._current.settle(outcome.reported(payload, self._current.request_id))
        self._initialised.set()

    def has_ended(self) -> bool:
        """Tell whether the process is gone, even if that has not been noticed yet; leaves it to be reaped."""
        if not self.is_usable:
            return True
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def take_output(self) -> str:
        """Return what the runtime wrote since the last call."""
        return self._output.take()

    def peak_memory_mb(self) -> int | None:
        """Return the most memory the runtime has held, in MB, if that is known."""
        return launch.peak_memory_mb(self._process.pid)

    def stop(self) -> None:
        """End the runtime and everything it started, at once, as Lambda does."""
        self.is_usable = False
        if not self._watcher.ready():  # afterwards its process id may be another's
            self._kill()
        self._watcher.join(STOP_SECONDS)

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _watch(self) -> None:
        """Clean up when the process has ended, however it came to that."""
        return_code: int = self._process.wait()
        self.is_usable = False
        self._kill()  # whatever it has left running
        self._follower.kill()
        self._output.close()
        if self._current is not None:
            self._current.settle(outcome.exited(self._current.request_id, return_code))
        self._initialised.set()
        self._server.stop(timeout=0)
