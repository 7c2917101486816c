"""What is measured of a running karin: its processes as the kernel sees them, its store, its log."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import redis

from karin import runtime
from karin.embedded import STORE_FOLDER
from karin.logring import LOG_FOLDER, MAX_FILE_BYTES
from karin.store.keys import PREFIX
from karin.store.messages import RECORDED_BYTES
from tests.soak.growth import Series
from tests.system.whole import children_of

KB, MB = 1_024, 1_048_576
RECORDER = "invocations"  # the kind of key that a queue's flight recorder has
# What the load leaves in a queue when all of its messages are delivered: what belongs to queues, not to messages.
STAYS = {"queue", "sources", "moves", "done", "remembered", "forgetting", "deleted", RECORDER}

Sample = Mapping[tuple[str, str], float]  # by name and unit


class Sampler:
    """Measures one karin."""

    def __init__(self, home: Path, terminal_pid: int) -> None:
        self._home = home
        self._terminal_pid = terminal_pid
        # In Latin-1 each character is a byte, of whatever is recorded.
        self._store: Any = redis.Redis(
            unix_socket_path=str(home / "store.sock"), decode_responses=True, encoding="latin-1"
        )

    def close(self) -> None:
        """Close its connection."""
        self._store.close()

    def pids(self) -> dict[str, int]:
        """Return each process of karin by its role."""
        info = runtime.read(self._home)
        assert info is not None, "karin has ended"
        found = {"supervisor": info.pid, **info.children}
        workers = children_of(info.children["endpoint"])
        found |= {f"worker{'' if number == 1 else f' {number}'}": pid for number, pid in enumerate(workers, 1)}
        return found | {"karin-tui": self._terminal_pid}

    def take(self) -> Sample:
        """Measure once."""
        return {**self._of_processes(), **self._of_store(), **self._of_disk()}

    def waiting(self, queues: Sequence[str] = ()) -> dict[str, int]:
        """Return what there is of the kinds of keys that only messages have, in some queues or in all."""
        tags = [f"/{queue}}}:" for queue in queues]
        keys = self._store.scan_iter(f"{PREFIX}{{*", count=1_000)
        found = Counter(_kind(key) for key in keys if not tags or any(tag in key for tag in tags))
        return {kind: count for kind, count in found.items() if kind not in STAYS}

    def _of_processes(self) -> Sample:
        found = {}
        for role, pid in self.pids().items():
            process = Path(f"/proc/{pid}")
            found[f"{role} memory", "MB"] = _memory_mb(process)
            found[f"{role} handles", "fds"] = len(list((process / "fd").iterdir()))
            found[f"{role} threads", "threads"] = len(list((process / "task").iterdir()))
        return found

    def _of_store(self) -> Sample:
        info = self._store.info()
        counts, sizes, longest = self._keys()
        found = {
            ("store connections", "clients"): info["connected_clients"],
            ("store memory without flight recorders", "kB"): (info["used_memory"] - sizes[RECORDER]) / KB,
            ("longest flight recorder", "kB"): longest / KB,
            ("channels listened to", "clients"): info["pubsub_channels"],
            ("keys in all", "keys"): sum(counts.values()),
        }
        found |= {(f"keys: {kind}", "keys"): count for kind, count in sorted(counts.items())}
        return found | {(f"bytes: {kind}", "kB"): size / KB for kind, size in sorted(sizes.items()) if kind != RECORDER}

    def _keys(self) -> tuple[Counter[str], defaultdict[str, int], int]:
        """Return the number and the bytes of keys by kind, and the bytes that the longest flight recorder holds."""
        counts, sizes, longest = Counter[str](), defaultdict[str, int](int), 0
        for key in self._store.scan_iter(f"{PREFIX}{{*", count=1_000):
            kind = _kind(key)
            counts[kind] += 1
            sizes[kind] += self._store.memory_usage(key, samples=0) or 0
            if kind == RECORDER:
                longest = max(longest, sum(len(one) for one in self._store.lrange(key, 0, -1)))
        return counts, sizes, longest

    def _of_disk(self) -> Sample:
        return {
            ("log ring", "kB"): _size(self._home / LOG_FOLDER) / KB,
            ("append-only file", "file MB"): _size(self._home / STORE_FOLDER) / MB,
        }


_BOUNDS = {
    "log ring": 2 * MAX_FILE_BYTES / KB,
    "longest flight recorder": RECORDED_BYTES / KB,
    "append-only file": 64.0,  # rewritten when it has doubled, from 16 MB on; both are there meanwhile
}


def series(samples: Sequence[Sample]) -> Iterator[Series]:
    """Yield everything that was measured, in the order in which it was seen first."""
    for name, unit in dict.fromkeys(kind for sample in samples for kind in sample):
        values = [sample.get((name, unit), 0.0) for sample in samples]  # a kind of key need not always be there
        yield Series(name, unit, values, _BOUNDS.get(name))


def _kind(key: str) -> str:
    return key.rpartition(":")[2]


def _memory_mb(process: Path) -> float:
    """Return what a process has written to in MB, and its share of that which it shares with others by a fork.

    What it has of files is left out: a share of a library grows whenever some other program ends that has it, too.
    """
    found = re.search(r"^Pss_Anon:\s+(\d+) kB", (process / "smaps_rollup").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / KB


def _size(folder: Path) -> int:
    """Return the bytes of all files below a folder; one may vanish while it is looked at."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total
