"""``make container-proof``: carry out the Dockerfile, run what comes of it as an engine would, and say what was seen.

With ``--systemd`` it carries out docs/deploy-linux.md instead, on the Debian of that Python, started by systemd.

Root, debootstrap and util-linux are all it needs. Each line is printed once it has been found true; the first that is
not ends the proof with an AssertionError.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from karin.embedded import OTHERS_MB
from tests.container import guide
from tests.container.box import HOME, MOUNT_POINTS, USER, Box, boxed
from tests.container.calling import call
from tests.container.image import RELEASES, Image, build
from tests.processes import free_port, status_of
from tests.support import wait_until
from tests.wire.signing import KEYS, LIST

CHECKOUT = Path(__file__).parents[2]
WORK = CHECKOUT / ".cache" / "container"
ALL = '{"QueueUrl":"work","VisibilityTimeout":0,"MaxNumberOfMessages":10}'
TERMINAL_MB = 40
IDLE_MB = OTHERS_MB - TERMINAL_MB  # that the embedded store reckons with
BUILD_TOOLS = ("pip", "setuptools", "hatchling", "editables", "pluggy")


def look_at_the_image(image: Image) -> None:
    """Check what is in the image and what is not."""
    packages = image.root / "opt/karin/lib"
    left = [path for tool in BUILD_TOOLS for path in packages.glob(f"*/site-packages/{tool}")]
    assert not left, left
    assert not list((image.root / "opt/karin/bin").glob("pip*"))
    assert not list((image.root / "root").glob(".cache/pip/*"))
    assert list(packages.glob("*/site-packages/karin/__pycache__/settings.*.pyc"))
    measuring = ["du", "-sm", str(image.root / "opt/karin")]
    size = subprocess.run(measuring, capture_output=True, text=True, check=True).stdout.split()[0]
    version = subprocess.run(
        ["chroot", str(image.root), "/opt/karin/bin/python", "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    print(f"image: {version}; karin takes {size} MB beside Python; no pip, no build tools, no caches; all is compiled")


def look_at_the_rights(box: Box, environ: dict[str, str]) -> None:
    """Check that it is the first process, nobody's user, and can write nowhere but where it should."""
    assert box.fact("NSpid").split()[-1] == "1"
    assert box.fact("Uid").split() == [str(USER)] * 4
    assert {box.fact(name) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
    assert box.fact("NoNewPrivs") == "1"
    assert b"karin.supervisor" in Path(f"/proc/{box.init}/cmdline").read_bytes()
    assert "ro" in box.mounts()["/"]
    assert "Read-only" in box.runs("touch", "/opt/karin/x", environ=environ).stderr
    print(f"rights: PID 1 is karin's supervisor, user {USER}, no capability, no new privileges; / is read-only")


def look_in_as_root(box: Box) -> None:
    """Do what `fly ssh console` does: come in as root, with another PATH; nothing may be left that karin cannot use."""
    session = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    session |= {"KARIN_HOME": HOME, "LANG": "C.UTF-8"}
    wait_until(
        lambda: box.runs("karin", "status", environ=session, user=0).returncode == 0,
        "karin status finds a scheduler",
        60,
    )
    sent = box.runs("karin", "send", "work", "from root", environ=session, user=0)
    assert sent.returncode == 0, sent.stderr
    looked = box.runs("karin-tui", environ=session, user=0)
    assert "scheduler" in looked.stdout, looked.stderr
    owned = box.runs("find", HOME, "-user", "0", "!", "-name", "lost+found", environ=session, user=0).stdout
    assert not owned, owned
    print("SSH: root finds karin and karin-tui on a bare PATH, and leaves no file that karin cannot use")


def look_at_the_memory(box: Box) -> None:
    """Check that it fits the smallest machine."""
    taken = wait_until(lambda: quiet if (quiet := box.memory_mb()) < IDLE_MB else None, "the first sync is over", 60)
    print(f"memory: {taken:.0f} MB (PSS) in all, of {IDLE_MB}")


def look_at_the_files(box: Box, environ: dict[str, str]) -> None:
    """Say what was written where."""
    listed = box.runs("find", HOME, "/tmp", "-type", "f", "-printf", "%p %s, ", environ=environ).stdout
    print(f"written: {listed.replace(HOME, '$KARIN_HOME').rstrip(', ')}")


def look_at_restarts(box: Box, url: str, environ: dict[str, str]) -> None:
    """Kill each child and orphan processes; everything must be there again, and nobody lie dead."""
    for name in ("endpoint", "scheduler", "store"):
        before = wait_until(lambda name=name: box.processes().get(name), f"{name} runs")  # type: ignore[misc]
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: box.processes().get(name, before) != before, f"{name} is back", 30)  # noqa: B023
        wait_until(lambda: status_of(f"{url}/healthz") == 200, "it is healthy", 60)
    for _ in range(20):
        box.runs("sh", "-c", "sleep 0.1 & exit 0", environ=environ)
    wait_until(lambda: not box.zombies(), "orphans are reaped")
    assert '"kept"' in call(url, "ReceiveMessage", ALL)
    print("restarts: each killed child was started again, the message is there, 20 orphans were reaped")


def serve(image: Image, work: Path, *, volume: Path | None, shm: bool, is_new: bool) -> None:
    """Run the image once, use it, and end it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = image.environ | {
        "KARIN_BIND": f"127.0.0.1:{port}", "KARIN_ACCESS_KEYS": KEYS, "KARIN_SWEEP_INTERVAL": "1",
        "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testing-secret",
    }  # fmt: skip
    log = work / "log"
    log.write_text("")
    print(f"-- home on {'a volume' if volume else 'a tmpfs'}, /dev/shm {'present' if shm else 'absent'}")
    with boxed(image.root, image.command, environ, log, volume=volume, shm=shm) as box:
        wait_until(lambda: "karin is up" in log.read_text(), "karin is up", 60)
        print(
            "start:", next(line for line in log.read_text().splitlines() if "karin is up" in line).partition(" | ")[2]
        )
        look_at_the_rights(box, environ)
        assert status_of(f"{url}{LIST}") == 403
        if is_new:
            call(url, "CreateQueue", '{"QueueName":"work"}')
            call(url, "SendMessage", '{"QueueUrl":"work","MessageBody":"kept"}')
        assert '"kept"' in call(url, "ReceiveMessage", ALL)
        again = "" if is_new else "; the message of the last run is there"
        print(f"serving: signed requests are answered, others get 403{again}")
        wait_until(lambda: status_of(f"{url}/healthz") == 200, "it is healthy", 60)
        healthy = box.runs(*image.health, environ=environ)
        assert healthy.returncode == 0, healthy.stderr
        ill = box.runs(*image.health, environ=environ | {"KARIN_BIND": f"127.0.0.1:{free_port()}"})
        assert ill.returncode == 1
        print("health: HEALTHCHECK says 0 while karin is well, 1 where nothing listens")
        look_at_the_memory(box)
        look_at_restarts(box, url, environ)
        look_in_as_root(box)
        look_at_the_files(box, environ)
        began = os.times().elapsed
        code = box.ends()
        assert code == 0, log.read_text()
        print(f"end: TERM ended it with exit code {code} after {os.times().elapsed - began:.1f} s")


def main() -> int:
    """Prove it; return an exit code."""
    parser = argparse.ArgumentParser(prog="make container-proof ARGS=...", description=__doc__)
    parser.add_argument("--python", choices=RELEASES, help="another Python than the Dockerfile's own")
    parser.add_argument(
        "--systemd", action="store_true", help="the guide for a Linux machine instead of the Dockerfile"
    )
    asked = parser.parse_args()
    missing = [tool for tool in ("debootstrap", "unshare", "nsenter") if shutil.which(tool) is None]
    if os.geteuid() != 0 or missing:
        print(
            f"this needs root and {', '.join(missing) or 'nothing else'}: apt-get install debootstrap", file=sys.stderr
        )
        return 2
    WORK.mkdir(parents=True, exist_ok=True)
    if asked.systemd:
        guide.prove(CHECKOUT, WORK, asked.python or "3.11")
        print("systemd: ok")
        return 0
    image = build(CHECKOUT, WORK, asked.python)
    for point in MOUNT_POINTS:
        (image.root / point).mkdir(exist_ok=True)
    look_at_the_image(image)
    with tempfile.TemporaryDirectory(prefix="karin-", dir="/tmp") as name:
        volume = Path(name) / "volume"
        volume.mkdir()
        volume.chmod(0o755)  # as fly.io mounts one, with what ext4 puts there
        os.chown(volume, USER, USER)
        (volume / "lost+found").mkdir(mode=0o700)
        serve(image, Path(name), volume=None, shm=True, is_new=True)
        serve(image, Path(name), volume=volume, shm=False, is_new=True)
        serve(image, Path(name), volume=volume, shm=False, is_new=False)
    print("container: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
