"""The parts of karin on this machine as the kernel sees them: how many processes, how much memory, since when."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from karin import runtime

SUPERVISOR, SCHEDULER = "supervisor", "scheduler"
_PSS = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part, such as the endpoint: its processes together, and when the first of them started."""

    name: str
    processes: int
    memory_bytes: int
    started_at_seconds: float


def parts(home: Path, own_pid: int) -> Iterator[Part]:
    """Yield the parts of the karin of a KARIN_HOME; without one, whoever asks."""
    running = runtime.read(home)
    pids = {SUPERVISOR: running.pid, **running.children} if running else {}
    if own_pid not in pids.values():
        pids = {SCHEDULER: own_pid}
    for name, pid in pids.items():
        try:
            started_at_seconds = _started_at_seconds(pid)
        except (OSError, ValueError):  # it has just ended, or there is no proc
            continue
        family = [pid] if name == SUPERVISOR else [pid, *_descendants(pid)]
        yield Part(name, len(family), sum(_memory_bytes(one) for one in family), started_at_seconds)


def _descendants(pid: int) -> Iterator[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield int(child)
        yield from _descendants(int(child))


def _memory_bytes(pid: int) -> int:
    """Return the proportional set size; where the kernel does not tell it, the resident set size."""
    try:
        found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_bytes())
        if found:
            return int(found[1]) * 1024
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _started_at_seconds(pid: int) -> float:
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    booted = re.search(r"^btime (\d+)", Path("/proc/stat").read_text(), re.MULTILINE)
    return (int(booted[1]) if booted else 0) + ticks / os.sysconf("SC_CLK_TCK")
