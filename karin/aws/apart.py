"""What needs all of botocore, done in a process of its own that ends: it would keep 20 MB for as long as it runs.

A question goes to the standard input of ``python -m karin.aws``, its answer comes from the standard output.
"""

import subprocess
import sys
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from karin.aws.access import Found
from karin.aws.unavailable import CatalogUnavailable
from karin.mapping.model import LambdaFunction, MappedQueue, Snapshot
from karin.mapping.outcome import first_line
from karin.mapping.refusals import Refused

PATIENCE_SECONDS = 1_800  # botocore itself waits for nothing longer than seconds, but a large deployment has many parts
FINDING_SECONDS = 60


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


def ask(question: Question, answer: type[A], patience_seconds: float = PATIENCE_SECONDS) -> A:
    """Return the answer to a question. Raises NoAnswerError."""
    command = [sys.executable, "-m", "karin.aws"]
    try:
        ended = subprocess.run(
            command, input=msgspec.json.encode(question), capture_output=True, timeout=patience_seconds, check=False
        )
        return msgspec.json.decode(ended.stdout, type=answer)
    except subprocess.TimeoutExpired:
        raise NoAnswerError(f"{' '.join(command)} has not ended within {patience_seconds:.0f} s") from None
    except OSError as error:  # such as no memory for a process
        raise NoAnswerError(f"cannot run {' '.join(command)}: {error.strerror}") from None
    except msgspec.DecodeError:
        said = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise NoAnswerError(f"{' '.join(command)} ended with {ended.returncode}: {first_line(said)}") from None


def find_access_apart(region: str) -> Found:
    """Return how the functions of a region are called; takes as long as it takes to load botocore."""
    try:
        return ask(FindAccess(region), Found, FINDING_SECONDS)
    except NoAnswerError as error:
        return Found(refused=Refused("NoAnswer", message=str(error), is_unreached=True))


class CatalogApart:
    """``karin.aws.catalog``'s reader of deployments, each time in a process of its own."""

    def read(self, now_ms: int, region: str, known: Sequence[MappedQueue] = ()) -> Snapshot:
        """Return a region's deployment but for its URLs. Raises CatalogUnavailable."""
        try:
            deployment = ask(ReadDeployment(now_ms, region, tuple(known)), Deployment)
        except NoAnswerError as error:
            raise CatalogUnavailable(str(error)) from error
        if deployment.snapshot is None:
            raise CatalogUnavailable(deployment.problem)
        return deployment.snapshot

    def read_urls(
        self, functions: Sequence[LambdaFunction], now_ms: int, region: str
    ) -> tuple[tuple[LambdaFunction, ...], str | None]:
        """Return functions with the URLs they have now, those that AWS told, and a warning when it did not tell all."""
        if not functions:
            return (), None
        try:
            urls = ask(ReadUrls(tuple(functions), now_ms, region), Urls)
        except NoAnswerError as error:
            return (), f"function URLs: {error}; karin shows those it knows"
        return urls.functions, urls.warning
