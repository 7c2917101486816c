"""A container without an engine: karin as PID 1 of a namespace, as nobody's user, on a root that cannot be written.

It does what ``docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --user 10001`` asks
of the kernel, with util-linux alone. It needs root; the network is the machine's own.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support import wait_until

USER = 10001
HOME = "/var/lib/karin"
MOUNT_POINTS = ("proc", "dev", "tmp", HOME.lstrip("/"))
_START = r"""
root=$1 volume=$2 shm=$3; shift 3
mount --rbind "$root" "$root"
if [ "$volume" ]; then mount --bind "$volume" "$root{home}"
else mount -t tmpfs -o mode=700,uid={user},gid={user} home "$root{home}"; fi
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null zero full random urandom; do
  : > "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"
done
if [ "$shm" ]; then mkdir "$root/dev/shm"; mount -t tmpfs -o mode=1777 shm "$root/dev/shm"; fi
mount -o remount,ro "$root/dev"
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid {user} --regid {user} --clear-groups \
  --inh-caps=-all --bounding-set=-all --no-new-privs "$@"
""".replace("{home}", HOME).replace("{user}", str(USER))


class Box:
    """A running box."""

    def __init__(self, outside: "subprocess.Popen[bytes]") -> None:
        self._outside = outside
        self.init = wait_until(lambda: next(iter(children_of(outside.pid)), None), "the box has a first process")

    def processes(self) -> dict[str, int]:
        """Return the processes inside but the first: what each is, and its pid outside."""
        names = {"gunicorn": "endpoint", "karin.scheduler": "scheduler"}
        found: dict[str, int] = {}
        for pid in children_of(self.init):
            words = _read(pid, "cmdline").split("\0")
            found |= {names[word]: pid for word in words if word in names}
            if "valkey-server" in words[0]:
                found["store"] = pid
        return found

    def fact(self, name: str) -> str:
        """Return what the kernel says of the first process, such as its ``CapEff``."""
        lines = Path(f"/proc/{self.init}/status").read_text(encoding="ascii").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:"))

    def mounts(self) -> dict[str, set[str]]:
        """Return where something is mounted inside, with which options."""
        rows = [row.split() for row in Path(f"/proc/{self.init}/mountinfo").read_text(encoding="utf-8").splitlines()]
        return {row[4]: set(row[5].split(",")) for row in rows}

    def zombies(self) -> list[int]:
        """Return the processes inside that ended and were not reaped."""
        states = {pid: _read(pid, "stat").rpartition(")")[2].split() for pid in children_of(self.init)}
        return [pid for pid, words in states.items() if words[:1] == ["Z"]]

    def memory_mb(self) -> float:
        """Return what all that runs inside takes (PSS), in MB."""
        pids = [self.init]
        for pid in pids:
            pids += children_of(pid)
        rows = [line for pid in pids for line in _read(pid, "smaps_rollup").splitlines() if line.startswith("Pss:")]
        return sum(int(row.split()[1]) for row in rows) / 1024

    def runs(self, *command: str, environ: Mapping[str, str], user: int = USER) -> "subprocess.CompletedProcess[str]":
        """Run a command inside, as the same user or, as SSH on fly.io does, as root."""
        enter = ["nsenter", "-t", str(self.init), "-m", "-p", "-r", "-w", "-S", str(user), "-G", str(user)]
        return subprocess.run(
            [*enter, "env", "-i", *(f"{name}={value}" for name, value in environ.items()), *command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def ends(self, signum: signal.Signals = signal.SIGTERM) -> int:
        """Signal the first process, as an engine does; return the exit code of the box."""
        os.kill(self.init, signum)
        return self._outside.wait(60)


@contextmanager
def boxed(
    root: Path,
    command: Sequence[str],
    environ: Mapping[str, str],
    log: Path,
    *,
    volume: Path | None = None,
    shm: bool = True,
) -> Iterator[Box]:
    """Run a command as the first process of a box; whatever is left in it is killed in the end."""
    start = ["unshare", "--mount", "--pid", "--ipc", "--fork", "sh", "-euc", _START, "sh"]
    told = [f"{name}={value}" for name, value in environ.items()]
    with log.open("ab") as output, subprocess.Popen(
        [*start, str(root), str(volume or ""), "shm" if shm else "", "env", "-i", *told, *command],
        stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
    ) as outside:  # fmt: skip
        try:
            yield Box(outside)
        finally:
            for init in children_of(outside.pid):  # the kernel kills what is in a namespace with its first process
                os.kill(init, signal.SIGKILL)
            outside.kill()


def children_of(pid: int) -> list[int]:
    """Return the pids of a process's children."""
    return [int(child) for child in _read(pid, f"task/{pid}/children").split()]


def _read(pid: int, name: str) -> str:
    """Return what the kernel tells of a process, nothing once it has gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8")
    except OSError:
        return ""
