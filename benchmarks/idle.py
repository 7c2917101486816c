"""Redis commands while nobody sends: ten sweeps, which are ten minutes at the default interval of a minute."""

import threading
from typing import Any

import redis

from benchmarks.harness import print_table, running_karin

QUEUES = [f"idle-{number}" for number in range(50)]
SWEEPS = 10


def main() -> None:
    """Print what Redis was asked; time is scaled: a sweep a second instead of one a minute."""
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
