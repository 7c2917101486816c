"""What needs all of botocore, done in a process of its own that ends: it would keep 20 MB for as long as it runs.

A question goes as a line to the standard input of ``python -m karin.aws``, its answer comes as one from the standard
output. A sync has two, and asks both of one process, where it can of the one that found out how functions are called:
most of what each costs is the loading of botocore.
"""

import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from typing import IO, TypeVar, cast

import msgspec

from karin.aws.access import Found
from karin.aws.unavailable import CatalogUnavailable
from karin.mapping.model import LambdaFunction, MappedQueue, Snapshot
from karin.mapping.outcome import first_line
from karin.mapping.refusals import Refused

PATIENCE_SECONDS = 1_800  # botocore itself waits for nothing longer than seconds, but a large deployment has many parts
FINDING_SECONDS = 60
NEXT_SECONDS = 5  # how long a process waits for another question before it ends
PIECE_BYTES = 1 << 16


class FindAccess(msgspec.Struct, frozen=True, tag=True):
    """How are the functions of a region called?"""

    region: str


class ReadDeployment(msgspec.Struct, frozen=True, tag=True):
    """What is deployed in a region, but for the queues that are known?"""

    now_ms: int
    region: str
    known: tuple[MappedQueue, ...] = ()


class ReadUrls(msgspec.Struct, frozen=True, tag=True):
    """Which URLs do functions have?"""

    functions: tuple[LambdaFunction, ...]
    now_ms: int
    region: str


Question = FindAccess | ReadDeployment | ReadUrls


class Deployment(msgspec.Struct, frozen=True):
    """A snapshot, or why there is none."""

    snapshot: Snapshot | None = None
    problem: str = ""


class Urls(msgspec.Struct, frozen=True):
    """Functions with their URLs, and a warning."""

    functions: tuple[LambdaFunction, ...]
    warning: str | None = None


A = TypeVar("A", Found, Deployment, Urls)


class NoAnswerError(RuntimeError):
    """The process did not answer; the message is one line that says why."""


class Botocore:
    """A process that answers questions, one after the other, until it is let go or has none for ``NEXT_SECONDS``."""

    def __init__(self) -> None:
        """Start it. Raises NoAnswerError."""
        self._command = [sys.executable, "-m", "karin.aws"]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        try:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
            )
        except OSError as error:  # such as no memory for a process
            self._errors.close()
            raise NoAnswerError(f"cannot run {self._named}: {error.strerror}") from None

    @property
    def _named(self) -> str:
        return " ".join(self._command)

    def ask(self, question: Question, answer: type[A], patience_seconds: float = PATIENCE_SECONDS) -> A:
        """Return the answer to a question. Raises NoAnswerError; there is nothing to be asked of it after that."""
        questions = cast("IO[bytes]", self._process.stdin)
        try:
            questions.write(msgspec.json.encode(question) + b"\n")
            questions.flush()
            return msgspec.json.decode(self._read_line(time.monotonic() + patience_seconds), type=answer)
        except TimeoutError:
            self._process.kill()
            raise NoAnswerError(f"{self._named} has not ended within {patience_seconds:.0f} s") from None
        except (BrokenPipeError, msgspec.DecodeError):
            exit_code = self._process.wait()
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip().rpartition("\n")[2]
            raise NoAnswerError(f"{self._named} ended with {exit_code}: {first_line(said)}") from None

    def end(self) -> None:
        """Let it go."""
        self._process.communicate()
        self._errors.close()

    def _read_line(self, deadline: float) -> bytes:
        """Return what is written up to the end of a line, or of all. Raises TimeoutError."""
        number, read = cast("IO[bytes]", self._process.stdout).fileno(), bytearray()
        while not read.endswith(b"\n"):
            if not select.select([number], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError
            if not (piece := os.read(number, PIECE_BYTES)):
                break
            read += piece
        return bytes(read)


def find_access_apart(region: str) -> Found:
    """Return how the functions of a region are called; takes as long as it takes to load botocore."""
    return AwsApart().find_access(region)


class AwsApart:
    """``karin.aws.finding``, and ``karin.aws.catalog``'s reader of deployments, in processes of their own.

    Any number of threads may find accesses, which waits for no deployment; one at a time reads those.
    """

    def __init__(self) -> None:
        self._process: Botocore | None = None  # which has read a deployment, and may be asked for its URLs
        self._found = threading.Condition()
        self._finding = 0  # accesses, each in a process
        self._is_awaited = False  # by who wants to read a deployment ...
        self._left: Botocore | None = None  # ... and to take over this process, which has found its access

    def find_access(self, region: str) -> Found:
        """Return how the functions of a region are called; takes as long as it takes to load botocore."""
        with self._found:
            self._finding += 1
        process, has_answered = None, False
        try:
            process = Botocore()
            found = process.ask(FindAccess(region), Found, FINDING_SECONDS)
            has_answered = True
        except NoAnswerError as error:
            return Found(refused=Refused("NoAnswer", message=str(error), is_unreached=True))
        else:
            return found
        finally:
            self._leave(process, is_of_use=has_answered)

    def read(self, now_ms: int, region: str, known: Sequence[MappedQueue] = ()) -> Snapshot:
        """Return a region's deployment but for its URLs. Raises CatalogUnavailable."""
        self._end()
        try:
            self._process = self._taken_over() or Botocore()
            deployment = self._process.ask(ReadDeployment(now_ms, region, tuple(known)), Deployment)
        except NoAnswerError as error:
            self._end()
            raise CatalogUnavailable(str(error)) from error
        if deployment.snapshot is None:
            self._end()
            raise CatalogUnavailable(deployment.problem)
        return deployment.snapshot

    def read_urls(
        self, functions: Sequence[LambdaFunction], now_ms: int, region: str
    ) -> tuple[tuple[LambdaFunction, ...], str | None]:
        """Return functions with the URLs they have now, those that AWS told, and a warning when it did not tell all."""
        if not functions:
            return (), None
        question = ReadUrls(tuple(functions), now_ms, region)
        try:
            urls = self._asked_of_the_same(question) or self._asked_of_another(question)
        except NoAnswerError as error:
            return (), f"function URLs: {error}; karin shows those it knows"
        finally:
            self._end()
        return urls.functions, urls.warning

    def _asked_of_the_same(self, question: ReadUrls) -> Urls | None:
        """Return the answer, None when there is no process any more: it may have waited for too long."""
        try:
            return self._process.ask(question, Urls) if self._process else None
        except NoAnswerError:
            return None

    def _asked_of_another(self, question: ReadUrls) -> Urls:
        self._end()
        self._process = Botocore()
        return self._process.ask(question, Urls)

    def _leave(self, process: Botocore | None, *, is_of_use: bool) -> None:
        """Leave a process that has found its access to whoever waits for it, or let it go."""
        with self._found:
            self._finding -= 1
            if is_of_use and self._is_awaited and not self._left:
                process, self._left = None, process
            self._found.notify()
        if process:
            process.end()

    def _taken_over(self) -> Botocore | None:
        """Return a process that finds an access just now, once it has: a karin that starts wants both at once."""
        with self._found:
            self._is_awaited = True
            self._found.wait_for(lambda: self._left or not self._finding, FINDING_SECONDS)
            self._is_awaited = False
            process, self._left = self._left, None
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process:
            process.end()
