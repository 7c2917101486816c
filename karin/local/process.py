"""Runs the local Lambda service as a child process, for the demo and for tests."""

import http.client
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import urlsplit

import msgspec

from karin.local.records import INVOCATIONS_PATH, InvocationPage, InvocationRecord

START_SECONDS = 10
STOP_SECONDS = 5  # the service itself needs less than two
ANSWER_SECONDS = 5


class LocalLambdaError(RuntimeError):
    """The service did not start; its own line on stderr says why."""


class _Listening(msgspec.Struct):
    listening: str


class LocalLambda:
    """A context manager: the service listens inside the block, and it and its functions have ended after it.

    ``stderr`` takes the functions' output, line by line; None: this process's own.
    """

    def __init__(self, definition: Path, *, bind: str = "127.0.0.1:0", stderr: IO[bytes] | int | None = None) -> None:
        self._definition = definition
        self._bind = bind
        self._stderr = stderr
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Return the service's process id; raises LocalLambdaError when it is not running."""
        if self._process is None:
            raise LocalLambdaError("the local Lambda service is not running")
        return self._process.pid

    def start(self) -> None:
        """Start the service and wait until it listens; raises LocalLambdaError when it does not."""
        arguments = [sys.executable, "-P", "-m", "karin.local", str(self._definition), "--bind", self._bind]
        self._process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._stderr
        )
        line = _first_line(self._process.stdout, START_SECONDS)
        if not line:
            self.stop()
            raise LocalLambdaError("the local Lambda service did not start: its line on stderr says why")
        self.url = msgspec.json.decode(line, type=_Listening).listening

    def stop(self) -> None:
        """End the service with TERM, or with KILL when it does not obey; does nothing when it has ended."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def invocations(self, after: int = 0) -> tuple[InvocationRecord, ...]:
        """Return the finished invocations numbered higher than ``after``, newest last; raises OSError."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", f"{INVOCATIONS_PATH}?after={after}")
            body = connection.getresponse().read()
        finally:
            connection.close()
        return msgspec.json.decode(body, type=InvocationPage).invocations


def _first_line(stream: IO[bytes] | None, timeout_seconds: float) -> bytes:
    """Read a line, or nothing when the stream ends or stays silent for too long."""
    if stream is None or not select.select([stream], [], [], timeout_seconds)[0]:
        return b""
    return stream.readline()
