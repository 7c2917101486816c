"""What every figure needs: a karin of its own, and a table to print."""

import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import boto3
from botocore.config import Config

from karin import runtime
from tests.processes import bare_environ, free_port, process, status_of
from tests.support import wait_until

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Karin:
    """A running karin whose functions answer at once."""

    home: Path
    url: str
    arrivals: IO[str]  # lines of benchmarks.instant_lambda

    def client(self) -> Any:
        """Return boto3 against the endpoint."""
        return client(self.url)

    def pids(self) -> dict[str, int]:
        """Return name -> pid of the supervisor and its children."""
        info = runtime.read(self.home)
        assert info is not None
        return {"supervisor": info.pid, **info.children}


def client(url: str) -> Any:
    """Return boto3 against an endpoint."""
    return boto3.client(
        "sqs",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="bench",
        aws_secret_access_key="bench-secret",
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=32),
    )


@contextmanager
def running_karin(queues: Sequence[str], **variables: str) -> Iterator[Karin]:
    """Run all of karin on the embedded store, with an instant function for each queue."""
    home = Path(tempfile.mkdtemp(prefix="karin-bench-", dir="/tmp"))
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.instant_lambda", *queues]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as functions:
        assert functions.stdout is not None
        functions_url = functions.stdout.readline().strip()
        environ = bare_environ(
            KARIN_HOME=str(home),
            KARIN_BIND=f"127.0.0.1:{port}",
            AWS_ENDPOINT_URL_LAMBDA=functions_url,
            AWS_ENDPOINT_URL_SQS=functions_url,
            **variables,
        )
        url = f"http://127.0.0.1:{port}"
        try:
            with process([sys.executable, "-m", "karin", "up"], environ, home / "up.log"):
                wait_until(lambda: status_of(f"{url}/healthz") == 200, "karin is healthy", 30)
                yield Karin(home, url, functions.stdout)
        finally:
            functions.kill()
            shutil.rmtree(home, ignore_errors=True)


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
