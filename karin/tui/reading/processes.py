"""The processes of the karin that runs on this machine, and how much memory each takes."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from karin import runtime
from karin.tui.world import Process

PROC = Path("/proc")
OWN_NAME = "karin-tui"
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def read_processes(home: Path) -> tuple[tuple[Process, ...] | None, int | None]:
    """Return the supervisor, its children, their workers and this process, and since when karin runs, in ms.

    None for both when no karin runs on this machine's KARIN_HOME.
    """
    running = runtime.read(home)
    if running is None:
        return None, None
    found = [_process("supervisor", running.pid)]
    for name, pid in running.children.items():
        found.append(_process(name, pid))
        workers = enumerate(_children(pid), 1)
        found += [_process(f"{name} worker {number}", worker) for number, worker in workers]
    return (*found, _process(OWN_NAME, os.getpid())), running.started_at_ms


def _process(name: str, pid: int) -> Process:
    return Process(name, pid, _pss_bytes(pid))


def _children(pid: int) -> Iterator[int]:
    """Yield the processes that the first thread of a process has started: gunicorn's workers, say."""
    try:
        listed = (PROC / str(pid) / "task" / str(pid) / "children").read_text(encoding="ascii")
    except OSError:  # it is gone, or the system does not tell
        return
    yield from map(int, listed.split())


def _pss_bytes(pid: int) -> int | None:
    """Return the proportional set size: a page that processes share counts to each in part, so that sums are right.

    proc(5), "/proc/pid/smaps_rollup". None where the system does not tell.
    """
    try:
        rollup = (PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return None
    found = _PSS.search(rollup)
    return int(found[1]) * 1024 if found else None
