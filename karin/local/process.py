"""Runs the local Lambda service as a child process, for the demo and for tests."""

import http
import http.client
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import urlsplit

import msgspec

from karin.local.records import DEFINITION_PATH, INVOCATIONS_PATH, InvocationPage, InvocationRecord
from karin.local.tether import tethered

START_SECONDS = 60  # a busy machine, or one that is emulated; who ends before is not waited for
STOP_SECONDS = 5  # the service itself needs less than two
ANSWER_SECONDS = 5


class LocalLambdaError(RuntimeError):
    """The service did not start; its own line on stderr says why."""


class _Listening(msgspec.Struct):
    listening: str
    urls: str = ""


class _Refused(msgspec.Struct, rename="pascal"):
    message: str


class LocalLambda:
    """A context manager: the service listens inside the block, and it and its functions have ended after it.

    ``stderr`` takes the functions' output, line by line; None: this process's own. ``environ`` is what the functions
    inherit; None: this process's own. With ``urls`` their URLs are served at that address. A tethered service ends when
    this process dies, however it dies.
    """

    def __init__(
        self,
        definition: Path,
        *,
        bind: str = "127.0.0.1:0",
        urls: str | None = None,
        stderr: IO[bytes] | int | None = None,
        environ: Mapping[str, str] | None = None,
        is_tethered: bool = False,
    ) -> None:
        self._definition = definition
        self._options = ["--bind", bind, *(("--urls", urls) if urls else ())]
        self._stderr = stderr
        self._environ = environ
        self._is_tethered = is_tethered
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.urls_url = ""  # what all URLs of functions begin with

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
        arguments = [sys.executable, "-P", "-m", "karin.local", str(self._definition), *self._options]
        if self._is_tethered:
            arguments = tethered(arguments)
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=self._environ,
            start_new_session=True,  # a Ctrl-C is for whoever started this to pass on
        )
        line = _first_line(self._process.stdout, START_SECONDS)
        if line is None:
            self.stop()
            raise LocalLambdaError(f"the local Lambda service does not listen after {START_SECONDS} s: try again")
        if not line:
            self.stop()
            raise LocalLambdaError("the local Lambda service did not start: its line on stderr says why")
        addresses = msgspec.json.decode(line, type=_Listening)
        self.url, self.urls_url = addresses.listening, addresses.urls

    def read_again(self) -> None:
        """Have the service serve what the definition file says now; raises LocalLambdaError when that is wrong."""
        status, body = self._ask("POST", DEFINITION_PATH)
        if status != http.HTTPStatus.NO_CONTENT:
            raise LocalLambdaError(msgspec.json.decode(body, type=_Refused).message)

    def has_ended(self) -> bool:
        """Tell whether the service has ended by itself."""
        return self._process is not None and self._process.poll() is not None

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
        _, body = self._ask("GET", f"{INVOCATIONS_PATH}?after={after}")
        return msgspec.json.decode(body, type=InvocationPage).invocations

    def _ask(self, method: str, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def _first_line(stream: IO[bytes] | None, timeout_seconds: float) -> bytes | None:
    """Read a line: empty when the stream ends, None when it stays silent for too long."""
    if stream is None or not select.select([stream], [], [], timeout_seconds)[0]:
        return None
    return stream.readline()
