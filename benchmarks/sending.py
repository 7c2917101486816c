"""Sending over HTTP: requests and messages per second and latency, beside fauxqs and moto in the same run.

All are sent the same signed requests of an SDK. Only karin checks the signatures, and only karin writes to disk.
"""

import os
import re
import shutil
import statistics
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from benchmarks.harness import KEY_ID, SECRET, client, print_table, running_fauxqs, running_karin, running_moto
from benchmarks.memory import pss_mb
from benchmarks.signed_requests import batch_sends, single_sends
from tests.system.whole import children_of

QUEUE = "load"
BATCH = 10
MOTO = "moto_server, in memory"
CORES = min(os.cpu_count() or 1, 4)  # one worker for each is what karin is given beside its default of one
SECONDS = 3
ROUNDS = 5
LOADS = (("SendMessage", 1), ("SendMessage", 16), ("SendMessageBatch", 1), ("SendMessageBatch", 16))  # connections


class Round(NamedTuple):
    """What wrk saw in one round, and the time for which all processes of the server had a core, for each request."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


@dataclass(frozen=True)
class Server:
    """A server under load, the processes that it consists of, and the scripts of requests for it by action."""

    name: str
    url: str
    pids: Callable[[], list[int]]
    scripts: dict[str, str] = field(default_factory=dict)

    def memory_mb(self) -> float:
        """Return what all its processes take now."""
        return sum(map(pss_mb, self.pids()))

    def cpu_us(self) -> float:
        """Return the time for which its processes have had a core so far."""
        return sum(map(_cpu_us, self.pids()))


def main() -> None:
    """Print the median round of each server for each load; rounds go from server to server."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    with ExitStack() as stack:
        servers = [*_servers(stack)]
        before_mb = [server.memory_mb() for server in servers]
        for server in servers:
            queue_url = client(server.url).create_queue(QueueName=QUEUE)["QueueUrl"]
            server.scripts["SendMessage"] = stack.enter_context(single_sends(server.url, queue_url))
            server.scripts["SendMessageBatch"] = stack.enter_context(batch_sends(server.url, queue_url, BATCH))
        for action, connections in LOADS:
            rounds: dict[str, list[Round]] = {}
            for _ in range(ROUNDS):
                for server in servers:
                    if server.name == MOTO and action == "SendMessageBatch":
                        continue  # at a second a request there is nothing to measure
                    rounds.setdefault(server.name, []).append(
                        one_round(wrk, server, connections, server.scripts[action])
                    )
            _print(action, connections, rounds)
        rows = [(server.name, before, server.memory_mb()) for server, before in zip(servers, before_mb, strict=True)]
    print_table("Memory of all processes of each, PSS in MB", [("", "at the start", "in the end"), *rows])


def _servers(stack: ExitStack) -> Iterator[Server]:
    def start(running: AbstractContextManager[tuple[str, int]], name: str) -> Server:
        url, pid = stack.enter_context(running)
        return Server(name, url, lambda: [pid, *children_of(pid)])

    def start_karin(workers: int) -> Server:
        keys, count = f"{KEY_ID}:{SECRET}", str(workers)
        karin = stack.enter_context(running_karin([], KARIN_ACCESS_KEYS=keys, WEB_CONCURRENCY=count))
        parts = karin.pids()
        name = f"karin, {workers} worker{'s' if workers > 1 else ''}"
        return Server(name, karin.url, lambda: [*parts.values(), *children_of(parts["endpoint"])])

    yield start_karin(1)
    if CORES > 1:
        yield start_karin(CORES)
    yield start(running_fauxqs(logs=True), "fauxqs, in memory")
    yield start(running_fauxqs(logs=False), "fauxqs, its log off")
    yield start(running_moto(), MOTO)


def _print(action: str, connections: int, rounds: dict[str, list[Round]]) -> None:
    heads = ("", "requests/s", "lowest", "highest", "messages/s", "p50 ms", "p99 ms", "p99/p50", "CPU us")
    rows: list[tuple[object, ...]] = [heads]
    for name, seen in rounds.items():
        rates = [one.requests_per_second for one in seen]
        rate, p50_ms, p99_ms, cpu_us = map(statistics.median, zip(*seen, strict=True))
        messages = rate * (BATCH if action == "SendMessageBatch" else 1)
        counts = [f"{count:,.0f}" for count in (rate, min(rates), max(rates), messages)]
        rows.append((name, *counts, p50_ms, p99_ms, p99_ms / p50_ms, f"{cpu_us:,.0f}"))
    print_table(f"{action}, JSON, signed, {connections} connections, median of {ROUNDS} rounds of {SECONDS} s", rows)


def one_round(wrk: str, server: Server, connections: int, script: str) -> Round:
    """Return what a round came to; fails when any request was refused."""
    command = [
        wrk,
        "-t1",
        f"-c{connections}",
        f"-d{SECONDS}s",
        "--timeout",
        "20s",
        "--latency",
        "-s",
        script,
        server.url,
    ]
    before_us = server.cpu_us()
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    cpu_us = server.cpu_us() - before_us
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    count = re.search(r"(\d+) requests in", printed)
    if "Non-2xx" in printed or "Socket errors" in printed or rate is None or count is None:
        raise SystemExit(f"{server.name} refused requests:\n{printed}")
    return Round(float(rate[1]), latency_ms(printed, 50), latency_ms(printed, 99), cpu_us / max(1, int(count[1])))


def latency_ms(printed: str, percent: int) -> float:
    """Return a line of wrk's latency distribution in ms."""
    found = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", printed)
    assert found
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]


def _cpu_us(pid: int) -> float:
    """Return the time for which all threads of a process have had a core."""
    return sum(int(thread.read_text().split()[0]) for thread in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1000
