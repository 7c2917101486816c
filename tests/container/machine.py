"""A machine without a kernel of its own: systemd as the first process of a root, in namespaces and a control group.

It needs root, util-linux and a cgroup2 mount. The network is this machine's; its devices and kernel settings are not.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.container.box import children_of
from tests.support import wait_until

SYSTEMD = "/lib/systemd/systemd"
POWER_OFF = signal.SIGRTMIN + 4  # systemd(1), "SIGNALS"
# Devices are made anew, not lent: a getty changes the owner and mode of its terminal. /proc/sys is this machine's own.
_BOOT = r"""
root=$1
mount --rbind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -t tmpfs -o mode=755 dev "$root/dev"
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
while read -r name major minor; do mknod -m 666 "$root/dev/$name" c "$major" "$minor"; done <<'DEVICES'
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
console 1 3
DEVICES
cd "$root"
pivot_root . mnt
umount -l mnt
exec env -i container=proof PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb {systemd} --system
""".replace("{systemd}", SYSTEMD)
_ENTER = 'echo $$ > "$1/cgroup.procs"; exec unshare --mount --pid --uts --ipc --cgroup --fork sh -euc "$2" sh "$3"'


class Machine:
    """A machine that was started."""

    def __init__(self, outside: "subprocess.Popen[bytes]") -> None:
        self._outside = outside
        self.init = wait_until(lambda: next(iter(children_of(outside.pid)), None), "the machine has a first process")

    def runs(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command inside, as root."""
        enter = ["nsenter", "-t", str(self.init), "-m", "-p", "-u", "-i", "-C", "-r", "-w"]
        environ = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"]
        return subprocess.run(
            [*enter, *environ, *command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def ends(self) -> None:
        """Turn it off, as its button would."""
        os.kill(self.init, POWER_OFF)
        self._outside.wait(120)


@contextmanager
def booted(root: Path) -> Iterator[Machine]:
    """Start a root as a machine; whatever is left in it is killed in the end."""
    group = _hierarchy() / f"karin-proof-{os.getpid()}"
    group.mkdir()
    try:
        command = ["sh", "-euc", _ENTER, "sh", str(group), _BOOT, str(root)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True) as outside:
            try:
                machine = Machine(outside)
                wait_until(
                    lambda: machine.runs("systemctl", "is-active", "multi-user.target").returncode == 0, "it is up", 120
                )
                yield machine
            finally:
                for init in children_of(outside.pid):  # the kernel kills what is in a namespace with its first process
                    os.kill(init, signal.SIGKILL)
                outside.kill()
    finally:
        wait_until(lambda: "populated 0" in (group / "cgroup.events").read_text(), "all of it has gone", 60)
        for folder in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
            folder.rmdir()
        group.rmdir()


def _hierarchy() -> Path:
    """Return where control groups of version 2 are. Raises RuntimeError."""
    for line in Path("/proc/self/mounts").read_text(encoding="ascii").splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    raise RuntimeError("there is no cgroup2 mount: mount -t cgroup2 cgroup2 /sys/fs/cgroup")
