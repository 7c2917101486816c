"""A memory limit for a whole tree of processes: a cgroup of either version where one may be made, else nothing."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support import wait_until

ROOT = Path("/sys/fs/cgroup")
LIMIT, SWAP, PEAK, EVENTS = 0, 1, 2, 3  # places in FILES
FILES = {
    1: ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control"),
    2: ("memory.max", "memory.swap.max", "memory.peak", "memory.events"),
}


@dataclass(frozen=True)
class Group:
    """A cgroup with a memory limit."""

    path: Path
    version: int

    @property
    def prefix(self) -> tuple[str, ...]:
        """Return what stands before a command that is to run, with all its children, inside the limit."""
        return ("/bin/sh", "-c", f'echo $$ >{self.path}/cgroup.procs && exec "$@"', "sh")

    def peak_mb(self) -> float:
        """Return the most that was ever charged, the page cache of files included."""
        return int(self._read(PEAK)) / 2**20

    def kills(self) -> int:
        """Return how many processes the kernel has killed for want of memory."""
        found = dict(line.split() for line in self._read(EVENTS).splitlines())
        return int(found["oom_kill"])

    def _read(self, place: int) -> str:
        return (self.path / FILES[self.version][place]).read_text(encoding="ascii")


@contextmanager
def limited(most_bytes: int) -> Iterator[Group | None]:
    """Make a group with a limit; None when this machine lets nobody make one."""
    group = _made(most_bytes)
    try:
        yield group
    finally:
        if group is not None:
            wait_until(lambda: not (group.path / "cgroup.procs").read_text(), "the group is empty", 30)
            group.path.rmdir()


def _made(most_bytes: int) -> Group | None:
    for version, folder in _folders():
        group = Group(folder / f"karin-bench-{os.getpid()}", version)
        try:
            group.path.mkdir()
        except OSError:
            continue
        try:
            (group.path / FILES[version][LIMIT]).write_text(str(most_bytes), encoding="ascii")
            group.kills()
            with suppress(OSError):  # not every kernel counts swap
                swap = 0 if version == 2 else most_bytes
                (group.path / FILES[version][SWAP]).write_text(str(swap), encoding="ascii")
        except (OSError, KeyError):
            group.path.rmdir()
            continue
        return group
    return None


def _folders() -> Iterator[tuple[int, Path]]:
    """Yield this process's own cgroups that might count memory."""
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "memory":
            yield 1, ROOT / "memory" / path.lstrip("/")
        elif not controllers:
            yield 2, ROOT / path.lstrip("/")
