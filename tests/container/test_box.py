"""karin in what a container is to it: this machine's own programs, in namespaces of their own, without any right."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import karin
from tests.container.box import HOME, MOUNT_POINTS, USER, boxed
from tests.processes import free_port, status_of
from tests.support import START_SECONDS, wait_until
from tests.wire.signing import KEYS, LIST, Request, sign

CHECKOUT, ENVIRONMENT = "/srv/karin", "/srv/environment"  # inside: their own places may lie in what the box covers
SYSTEM = ("/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64")
LIMIT_SECONDS = 30  # that fly.io and Kubernetes leave it between TERM and KILL

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces with a user of their own need root")


@contextmanager
def root_of_this_machine() -> Iterator[Path]:
    """Make a root of the machine's programs, this checkout and its environment, and nothing else."""
    places = {source: source for source in [*SYSTEM, sys.base_prefix]}
    places |= {str(Path(karin.__file__).parents[1]): CHECKOUT, sys.prefix: ENVIRONMENT}
    with tempfile.TemporaryDirectory(prefix="karin-", dir="/tmp") as name:
        root = Path(name)
        bound: list[Path] = []
        try:
            for source, place in places.items():
                target = root / place.lstrip("/")
                if Path(source).is_symlink():
                    target.symlink_to(Path(source).readlink())
                elif Path(source).is_dir() and not target.exists():
                    target.mkdir(parents=True)
                    subprocess.run(["mount", "--bind", "-o", "ro", source, str(target)], check=True)
                    bound.append(target)
            for point in MOUNT_POINTS:
                (root / point).mkdir(parents=True, exist_ok=True)
            root.chmod(0o755)
            yield root
        finally:
            for target in reversed(bound):
                subprocess.run(["umount", "--lazy", str(target)], check=True)


def test_karin_is_the_first_process_and_has_no_rights_and_nothing_to_write_but_its_home(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    url = f"http://127.0.0.1:{port}"
    environ = {
        "PATH": f"{ENVIRONMENT}/bin:/usr/bin:/bin", "PYTHONPATH": CHECKOUT, "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": HOME, "KARIN_HOME": HOME, "KARIN_BIND": f"127.0.0.1:{port}", "KARIN_ACCESS_KEYS": KEYS,
        "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testing-secret",
    }  # fmt: skip
    with (
        root_of_this_machine() as root,
        boxed(root, [f"{ENVIRONMENT}/bin/python", "-m", "karin", "up"], environ, log, shm=False) as box,
    ):
        wait_until(lambda: "karin is up" in log.read_text(), "karin is up", START_SECONDS)
        assert box.fact("NSpid").split()[-1] == "1"
        assert box.fact("Uid").split() == [str(USER)] * 4
        assert {box.fact(name) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
        assert "ro" in box.mounts()["/"]
        assert "Read-only" in box.runs("touch", "/etc/x", environ=environ).stderr
        signed = sign(Request("GET", LIST, {}, b""), url)
        assert signed.send(url).status == 200
        assert status_of(f"{url}{LIST}") == 403

        before = box.processes()["store"]
        os.kill(before, signal.SIGKILL)
        box.runs("sh", "-c", "sleep 0.1 & exit 0", environ=environ)
        wait_until(lambda: box.processes().get("store", before) != before, "the store is back", 20)
        wait_until(lambda: signed.send(url).status == 200, "the endpoint serves again", START_SECONDS)
        wait_until(lambda: not box.zombies(), "orphans are reaped")
        began = os.times().elapsed
        assert box.ends() == 0
        assert os.times().elapsed - began < LIMIT_SECONDS
