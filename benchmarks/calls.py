"""What a call costs; many in flight: what they cost in memory, and what a flood of long calls leaves to others."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import ROOT, instant_functions, percentile, print_table
from benchmarks.memory import pss_mb
from karin.clock import SystemClock
from karin.sqs.names import QueueId
from karin.store.store import Store
from tests.processes import bare_environ, running_store
from tests.scheduler.broken_lambda import BrokenLambda, Request, hang, succeed
from tests.scheduler.scheduled import running_scheduler
from tests.store.support import ACCOUNT, counts, outgoing
from tests.support import wait_until

CLOCK = SystemClock()
FLOOD, QUIET = QueueId(ACCOUNT, "flood"), QueueId(ACCOUNT, "quiet")
FUNCTION_SECONDS = 900
LARGE_BYTES = 1_000_000
QUIET_MESSAGES = 200


@dataclass(frozen=True)
class Scene:
    """A scheduler whose functions hang in one queue and answer at once in another."""

    store: Store
    service: BrokenLambda
    pid: int

    def flood(self, count: int, body: str = "hello") -> None:
        """Send messages to the queue whose function hangs."""
        self.send(FLOOD, count, body)

    def send(self, queue: QueueId, count: int, body: str) -> None:
        """Send messages, as many at a time as the store takes well."""
        at_once = max(1, min(1_000, 2_000_000 // len(body)))
        for start in range(0, count, at_once):
            now_ms = CLOCK.now_ms()
            self.store.messages.send(
                queue, now_ms, [outgoing(now_ms, body, size=0) for _ in range(min(at_once, count - start))]
            )

    def wait_for_calls(self, count: int) -> None:
        """Wait until as many calls hang."""
        wait_until(lambda: len(self.service.calls["flood"]) >= count, f"{count} calls are in flight", 120)


@contextmanager
def scene(concurrency: int, *, batch_size: int, names: tuple[str, ...] = ("flood",)) -> Iterator[Scene]:
    """Run a store, a Lambda service and a scheduler."""
    home = Path(tempfile.mkdtemp(prefix="karin-bench-", dir="/tmp"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home)
        url = stack.enter_context(running_store(home))
        behaviours: dict[str, Callable[[Request], None]] = {"flood": hang, "quiet": succeed}
        service = BrokenLambda({name: behaviours[name] for name in names}, BatchSize=batch_size)
        service.timeout_seconds = FUNCTION_SECONDS
        service.keeps_events = False
        store = Store.open(url, max_connections=2)
        scheduler = stack.enter_context(
            running_scheduler(url, service, home / "log", KARIN_MAX_CONCURRENCY=str(concurrency))
        )
        stack.enter_context(service)  # it ends first, and with it every call that hangs
        wait_until(lambda: store.deployment.snapshot() and store.deployment.last_sweeps(), "it serves", 30)
        yield Scene(store, service, scheduler.pid)


def main() -> None:
    """Print processor time of a call, memory by the number of calls in flight, and lateness beside a flood."""
    print_table("Processor time of a call in the caller's process, in us", [*_processor_time()])
    print_table("Scheduler's memory with calls in flight, PSS in MB", [*_memory()])
    print_table(
        f"Lateness in ms of {QUIET_MESSAGES} messages beside a queue flooded with calls that hang", [*_fairness()]
    )


def _processor_time() -> Iterator[tuple[object, ...]]:
    yield ("", "us a call", "of botocore's")
    with instant_functions(()) as functions:
        command = [sys.executable, "-m", "benchmarks.callers"]
        environ = bare_environ(AWS_ENDPOINT_URL_LAMBDA=functions.url)
        told = subprocess.run(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, check=True).stdout
    each = {name: float(taken_us) for name, taken_us in (line.split("\t") for line in told.splitlines())}
    for name, taken_us in each.items():
        yield name, f"{taken_us:.0f}", f"{taken_us / each['with botocore']:.0%}"


def _memory() -> Iterator[tuple[object, ...]]:
    yield ("", "calls", "idle", "in flight", "kB a call", "peak")
    for title, calls, batch_size, body in (
        ("10 small messages each", 100, 10, "x" * 200),
        ("10 small messages each", 500, 10, "x" * 200),
        ("5 messages of 1 MB each", 100, 5, "x" * LARGE_BYTES),
    ):
        with scene(calls, batch_size=batch_size) as karin:
            idle_mb = pss_mb(karin.pid)
            karin.flood(calls * batch_size, body)
            karin.wait_for_calls(calls)
            in_flight_mb = pss_mb(karin.pid)
            yield title, calls, idle_mb, in_flight_mb, (in_flight_mb - idle_mb) * 1024 / calls, _peak_mb(karin.pid)


def _fairness() -> Iterator[tuple[object, ...]]:
    yield ("threads", "flood has", "p50", "p99", "worst")
    for concurrency in (8, 100):
        with scene(concurrency, batch_size=1, names=("flood", "quiet")) as karin:
            karin.flood(10 * concurrency)
            karin.wait_for_calls(concurrency * 3 // 4)
            for _ in range(QUIET_MESSAGES):
                karin.send(QUIET, 1, "hello")
                wait_until(lambda: counts(karin.store, CLOCK.now_ms(), QUIET) == (0, 0, 0), "it is delivered", 60)
            late = [float(one.lateness_ms) for one in karin.store.views.invocations([QUIET])]
            held = len(karin.service.calls["flood"])
            yield concurrency, held, percentile(late, 50), percentile(late, 99), max(late)


def _peak_mb(pid: int) -> float:
    """Return the most resident memory that a process ever had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
