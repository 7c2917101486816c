"""One karin, two on the same Redis, and one on a cluster of three: what each process takes for a message.

Requests of an SDK are sent to the queues of a function in turn while their mappings are paused; then those are resumed,
and what has gathered is delivered in batches of ten. Each process's time on a core is counted. On a machine that has to
run all of it at once the messages a second say little. But a process that has a core to itself does as many as go into
a second of that.
"""

import os
import re
import shutil
import statistics
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import redis

from benchmarks.harness import KEY_ID, SECRET, Functions, Karin, calling, instant_functions, print_table
from benchmarks.signed_requests import single_sends
from karin.clock import SystemClock
from karin.mapping.pause import PausedBy, paused_by_user
from karin.store.store import Store
from tests.many.cluster import running_cluster
from tests.processes import free_port, running_store
from tests.support import short_folder
from tests.system.whole import children_of

QUEUES = tuple(f"queue-{number}" for number in range(6))  # on all three nodes of the cluster
BATCH = 10
CONNECTIONS = 16  # in all
SECONDS = 4
ROUNDS = 5
SECOND_US = 1_000_000
TICKS_US = SECOND_US // os.sysconf("SC_CLK_TCK")
CLOCK = SystemClock()


class Step(NamedTuple):
    """Messages a second, and for each: scripts, and us on a core of the endpoint or scheduler, and of the store."""

    rate: float
    scripts: float
    karin_us: float
    store_us: float


class Round(NamedTuple):
    """What sending came to, and what delivering did."""

    sending: Step
    delivering: Step


@dataclass(frozen=True)
class Side:
    """Machines, as far as they are processes of their own with a home of their own, and the nodes of their store."""

    name: str
    machines: Sequence[Karin]
    nodes: Sequence[Any]
    functions: Functions
    scripts: Sequence[str]  # for wrk, one for each machine
    store: Store

    def spent(self, part: str) -> tuple[int, float, float]:
        """Return how many scripts have run, and for how many us processes had a core: this part's, and the store's."""
        parts = [machine.pids()[part] for machine in self.machines]
        pids = [one for pid in parts for one in (pid, *children_of(pid))]
        told = [node.info("everything") for node in self.nodes]
        return (
            sum(one.get("cmdstat_evalsha", {}).get("calls", 0) for one in told),
            sum(map(_spent_us, pids)),
            sum(one["used_cpu_user"] + one["used_cpu_sys"] for one in told) * SECOND_US,
        )

    def pause(self) -> None:
        """Keep all schedulers from delivering."""
        for uuid in self._mappings():
            self.store.pauses.pause(uuid, paused_by_user("a backlog gathers", CLOCK.now_ms()))

    def resume(self) -> None:
        """Let them deliver."""
        for uuid in self._mappings():
            self.store.pauses.resume(uuid, PausedBy.USER)

    def _mappings(self) -> list[str]:
        snapshot = self.store.deployment.snapshot()
        assert snapshot is not None
        return [mapping.uuid for mapping in snapshot.mappings]


def main() -> None:
    """Print what each side did in its median round, and what follows for machines with cores of their own."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    with ExitStack() as stack:
        sides = [*_sides(stack)]
        rounds: dict[str, list[Round]] = {side.name: [] for side in sides}
        for number in range(ROUNDS + 1):
            for side in sides:  # in turn, so that whatever else the machine does concerns all of them
                seen = _one_round(wrk, side)
                if number:  # not the first, in which scripts are loaded and connections opened
                    rounds[side.name].append(seen)
    medians = {name: Round(*(_median(steps) for steps in zip(*seen, strict=True))) for name, seen in rounds.items()}
    _print(medians, {side.name: len(side.nodes) for side in sides})


def _sides(stack: ExitStack) -> Iterator[Side]:
    def start(name: str, url: str, nodes: Sequence[Any], machines: int) -> Side:
        functions = stack.enter_context(instant_functions([f"{queue}:{BATCH}" for queue in QUEUES]))
        keys = f"{KEY_ID}:{SECRET}"
        karins = [
            stack.enter_context(calling(functions, REDIS_URL=url, KARIN_ACCESS_KEYS=keys)) for _ in range(machines)
        ]
        urls = [karins[0].client().get_queue_url(QueueName=queue)["QueueUrl"] for queue in QUEUES]
        scripts = [stack.enter_context(single_sends(karin.url, *urls)) for karin in karins]
        return Side(name, karins, nodes, functions, scripts, Store.open(url, max_connections=1))

    for name, machines in (("one karin, one Redis", 1), ("two karins, one Redis", 2)):
        url, client = stack.enter_context(_store())
        yield start(name, url, [client], machines)
    cluster = stack.enter_context(running_cluster(stack.enter_context(short_folder())))
    yield start("one karin, a cluster of 3", cluster.url, [server.client for server in cluster.servers], 1)


@contextmanager
def _store() -> Iterator[tuple[str, Any]]:
    """Run a Valkey as the cluster's nodes are: reached over TCP, and without a log on disk."""
    port = free_port()
    with short_folder() as home, running_store(home, "--port", str(port)):
        client = redis.Redis(port=port)
        yield f"redis://127.0.0.1:{port}/0", client
        client.close()


def _one_round(wrk: str, side: Side) -> Round:
    side.pause()
    sent, sending = _measured(side, "endpoint", lambda: _send(wrk, side))
    _, delivering = _measured(side, "scheduler", lambda: _deliver(side, sent))
    return Round(sending, delivering)


def _measured(side: Side, part: str, what: Callable[[], tuple[int, float]]) -> tuple[int, Step]:
    """Return how many messages there were, and what that came to."""
    before = side.spent(part)
    count, took_ms = what()
    scripts, karin_us, store_us = ((after - was) / count for after, was in zip(side.spent(part), before, strict=True))
    return count, Step(count / took_ms * 1000, scripts, karin_us, store_us)


def _send(wrk: str, side: Side) -> tuple[int, float]:
    connections = CONNECTIONS // len(side.machines)
    command = [wrk, "-t1", f"-c{connections}", f"-d{SECONDS}s", "--timeout", "20s", "-s"]
    began_at_ms = CLOCK.now_ms()
    loads = [
        subprocess.Popen([*command, script, machine.url], stdout=subprocess.PIPE, text=True)
        for machine, script in zip(side.machines, side.scripts, strict=True)
    ]
    return sum(map(_sent, loads)), CLOCK.now_ms() - began_at_ms


def _deliver(side: Side, count: int) -> tuple[int, float]:
    began_at_ms = CLOCK.now_ms()
    side.resume()
    arrivals = side.functions.arrived(count)
    return count, arrivals[-1].arrived_at_ms - began_at_ms


def _median(steps: Sequence[Step]) -> Step:
    return Step(*map(statistics.median, zip(*steps, strict=True)))


def _sent(load: "subprocess.Popen[str]") -> int:
    """Return how many requests a load has sent; fails when any was refused."""
    printed, _ = load.communicate()
    count = re.search(r"(\d+) requests in", printed)
    if "Non-2xx" in printed or "Socket errors" in printed or count is None:
        raise SystemExit(f"karin refused requests:\n{printed}")
    return int(count[1])


def _print(medians: dict[str, Round], nodes: dict[str, int]) -> None:
    for title, part, steps in (
        ("Sent one by one", "endpoint", [seen.sending for seen in medians.values()]),
        (f"Delivered in batches of {BATCH}", "scheduler", [seen.delivering for seen in medians.values()]),
    ):
        rows: list[tuple[object, ...]] = [("", "messages/s", "scripts a message", f"{part} us", "store us")]
        for name, step in zip(medians, steps, strict=True):
            rows.append((name, f"{step.rate:,.0f}", f"{step.scripts:.2f}", step.karin_us, step.store_us))
        print_table(f"{title}, median of {ROUNDS} rounds; us are of each message", rows)
    derived: list[tuple[object, ...]] = [
        ("", "a machine takes/s", "a machine delivers/s", "the store serves/s", "machines until it is full")
    ]
    for name, (sending, delivering) in medians.items():
        takes, delivers = SECOND_US / sending.karin_us, SECOND_US / delivering.karin_us
        serves = SECOND_US / (sending.store_us + delivering.store_us) * nodes[name]  # its queues being spread evenly
        rates = (f"{rate:,.0f}" for rate in (takes, delivers, serves))
        derived.append((name, *rates, serves / min(takes, delivers)))
    print_table("What follows if each process had a core to itself, in messages: not measured", derived)


def _spent_us(pid: int) -> float:
    """Return the time that a process has had a core so far, also in threads that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICKS_US
