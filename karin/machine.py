"""How much memory this machine gives karin: its own, or what its container may take, whichever is less."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def memory_bytes(root: Path = Path("/")) -> int | None:
    """Return the bytes, None when nothing tells; ``root`` is where ``proc`` and ``sys`` are looked for."""
    return min((limit for limit in (*_limits(root), _all_of_it(root)) if limit), default=None)


def _limits(root: Path) -> Iterator[int | None]:
    """Yield the limits of this process's control groups, of version 2 and 1, from its own up to the outermost."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, group = line.split(":", 2)
        if not controllers:
            top, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            top, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        # In a container the path may be that of the host, and only the outermost group is to be seen.
        for folder in (PurePosixPath(group), *PurePosixPath(group).parents):
            yield _number(_read(top / str(folder).lstrip("/") / name))


def _all_of_it(root: Path) -> int | None:
    for line in _read(root / "proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")  # where there is no proc
    except (OSError, ValueError):
        return None


def _number(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() else None  # "max" is none


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
