"""What every figure needs: a karin of its own, functions that tell what they are handed, and a table to print."""

import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from karin import runtime
from tests.processes import bare_environ, free_port, process, status_of
from tests.support import wait_until

ROOT = Path(__file__).parents[1]
REGION = "us-east-1"
KEY_ID, SECRET = "bench", "bench-secret"
PEERS = ROOT / ".cache" / "peers"  # where `make bench` puts them


@dataclass(frozen=True)
class Arrival:
    """A message as the function was handed it; the messages of one call arrive at the same instant."""

    message_id: str
    late_ms: float
    arrived_at_ms: float


class Functions:
    """A running benchmarks.instant_lambda; a thread reads what it prints, so that no call waits for a reader."""

    def __init__(self, url: str, lines: Iterable[str]) -> None:
        self.url = url
        self._lines = lines
        self._arrivals: dict[
            str, str
        ] = {}  # by message id: lines, which are taken apart when nothing is measured any more
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def arrived(self, count: int, seconds: float = 120) -> list[Arrival]:
        """Wait until so many messages were handed over; return the first arrival of each, in order, and forget them."""
        wait_until(lambda: len(self._arrivals) >= count, f"{count} messages have arrived", seconds)
        lines, self._arrivals = self._arrivals, {}
        arrivals = [_arrival(line) for line in lines.values()]
        return sorted(arrivals, key=lambda one: one.arrived_at_ms)

    def ended(self) -> None:
        """Wait until all that was printed is read."""
        self._reader.join()

    def _read(self) -> None:
        for line in self._lines:
            self._arrivals.setdefault(line.partition(" ")[0], line)


def _arrival(line: str) -> Arrival:
    message_id, late_ms, arrived_at_ms = line.split()
    return Arrival(message_id, float(late_ms), float(arrived_at_ms))


@dataclass(frozen=True)
class Karin:
    """A running karin whose functions answer at once."""

    home: Path
    url: str
    functions: Functions
    environ: dict[str, str]

    def client(self) -> Any:
        """Return boto3 against the endpoint."""
        return client(self.url)

    def command(self, *arguments: str) -> None:
        """Run a command of karin, which must succeed."""
        command = [sys.executable, "-m", "karin", *arguments]
        subprocess.run(command, env=self.environ, stdout=subprocess.DEVNULL, check=True)

    def pids(self) -> dict[str, int]:
        """Return name -> pid of the supervisor and its children."""
        info = runtime.read(self.home)
        assert info is not None
        return {"supervisor": info.pid, **info.children}


def client(url: str, service: str = "sqs") -> Any:
    """Return boto3 against an endpoint."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=32),
    )


@contextmanager
def instant_functions(mappings: Sequence[str]) -> Iterator[Functions]:
    """Run an instant function for each mapping, ``QUEUE[:BATCH_SIZE[:WINDOW_SECONDS]]``."""
    command = [sys.executable, "-m", "benchmarks.instant_lambda", *mappings]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        functions = Functions(running.stdout.readline().strip(), running.stdout)
        try:
            yield functions
        finally:
            running.kill()
            functions.ended()


@contextmanager
def running_karin(mappings: Sequence[str], *, prefix: Sequence[str] = (), **variables: str) -> Iterator[Karin]:
    """Run all of karin on the embedded store, with an instant function for each mapping.

    ``prefix`` are words that come before its command.
    """
    with instant_functions(mappings) as functions, calling(functions, prefix=prefix, **variables) as karin:
        yield karin


@contextmanager
def calling(functions: Functions, *, prefix: Sequence[str] = (), **variables: str) -> Iterator[Karin]:
    """Run all of karin, for functions that run already; see ``running_karin``."""
    home = Path(tempfile.mkdtemp(prefix="karin-bench-", dir="/tmp"))
    port = free_port()
    environ = bare_environ(
        KARIN_HOME=str(home),
        KARIN_BIND=f"127.0.0.1:{port}",
        AWS_ENDPOINT_URL_LAMBDA=functions.url,
        AWS_ENDPOINT_URL_SQS=functions.url,
        **variables,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        with process([*prefix, sys.executable, "-m", "karin", "up"], environ, home / "up.log"):
            wait_until(lambda: status_of(f"{url}/healthz") == 200, "karin is healthy", 30)
            yield Karin(home, url, functions, environ)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def running_moto() -> Iterator[tuple[str, int]]:
    """Run moto's server, which keeps all in memory; yield its URL and process id."""
    port = free_port()
    program = Path(sys.executable).parent / "moto_server"
    with process([str(program), "-H", "127.0.0.1", "-p", str(port)], bare_environ()) as running:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: status_of(f"{url}/moto-api/"), "moto answers", 30)
        yield url, running.pid


@contextmanager
def running_fauxqs(*, logs: bool) -> Iterator[tuple[str, int]]:
    """Run fauxqs, which keeps all in memory; yield its URL and process id.

    It ``logs`` each request unless it is told not to; what it logs is thrown away.
    """
    node = shutil.which("node")
    if node is None or not PEERS.is_dir():
        raise SystemExit("fauxqs is missing: install Node.js 20 and npm, and run `make bench`")
    port = free_port()
    start = (
        f"import {{ startFauxqs }} from 'fauxqs'; await startFauxqs({{ port: {port}, logger: {str(logs).lower()} }});"
    )
    command = [node, "--input-type=module", "--eval", start]
    with process(command, bare_environ(), folder=PEERS) as running:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: status_of(f"{url}/health"), "fauxqs answers", 30)
        yield url, running.pid


def print_table(title: str, rows: Sequence[Sequence[object]]) -> None:
    """Print rows, the first being the heads, right-aligned but for the first column."""
    texts = [[f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in texts) for column in range(len(texts[0]))]
    print(f"\n{title}")
    for row in texts:
        first, *others = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join((first, *others)).rstrip())


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile of many values."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
