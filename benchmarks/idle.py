"""What karin does while nobody sends: processor time, Redis connections, and Redis commands in ten idle minutes.

The commands are those of ten sweeps, a second apart instead of a minute.
"""

import os
import threading
import time
from pathlib import Path
from typing import Any

import redis

from benchmarks.harness import Karin, print_table, running_karin
from tests.system.whole import children_of

QUEUES = [f"idle-{number}" for number in range(50)]
SWEEPS = 10


REST_SECONDS = 75  # one sweep, or two
SETTLING_SECONDS = 4


def main() -> None:
    """Print what karin takes at rest, and what Redis was asked; there time is scaled: a sweep a second."""
    with running_karin(QUEUES) as karin:
        print_table(f"At rest for {REST_SECONDS} s, {len(QUEUES)} mapped queues", at_rest(karin))
    with running_karin(QUEUES, KARIN_SWEEP_INTERVAL="1") as karin:
        watcher: Any = redis.Redis(unix_socket_path=str(karin.home / "store.sock"), protocol=2, driver_info=None)
        seen: list[str] = []
        with watcher.monitor() as monitor:
            done = threading.Timer(SWEEPS + 0.5, watcher.ping)
            done.start()
            for entry in monitor.listen():
                if entry["command"] == "PING":
                    break
                if entry["client_type"] != "lua" and not entry["command"].startswith("CLIENT"):
                    seen.append(entry["command"].split()[0])
    rows: list[tuple[object, ...]] = [("", "commands", "a minute")]
    rows += [(name, seen.count(name), seen.count(name) / SWEEPS) for name in sorted(set(seen))]
    rows += [("all", len(seen), len(seen) / SWEEPS)]
    print_table(f"Redis commands in {SWEEPS} idle minutes (scaled to {SWEEPS} s), {len(QUEUES)} mapped queues", rows)


def at_rest(karin: Karin) -> list[tuple[object, ...]]:
    """Return the share of a core that each process takes, and the number of connections to the store."""
    nothing = threading.Event()
    nothing.wait(SETTLING_SECONDS)
    pids = karin.pids()
    pids |= {f"  worker {number + 1}": pid for number, pid in enumerate(children_of(pids["endpoint"]))}
    before, began = {name: _processor_seconds(pid) for name, pid in pids.items()}, time.monotonic()
    nothing.wait(REST_SECONDS)
    seconds = time.monotonic() - began
    shares = {name: (_processor_seconds(pid) - before[name]) / seconds * 100 for name, pid in pids.items()}
    client: Any = redis.Redis(unix_socket_path=str(karin.home / "store.sock"), protocol=2, driver_info=None)
    rows: list[tuple[object, ...]] = [("", "% of a core")]
    rows += [(name, f"{share:.3f}") for name, share in shares.items()]
    rows += [("all", f"{sum(shares.values()):.3f}"), ("connections to the store", len(client.client_list()) - 1)]
    return rows


def _processor_seconds(pid: int) -> float:
    """Return the processor time of a process's threads, to the nanosecond: ticks are too coarse for so little."""
    threads = Path(f"/proc/{pid}/task")
    return sum(int((threads / thread / "schedstat").read_text().split()[0]) / 1e9 for thread in os.listdir(threads))  # noqa: PTH208
