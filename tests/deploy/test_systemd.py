"""deploy/karin.service: systemd understands it, it fits what karin does, and karin works with what it leaves."""

import shlex
import signal
import subprocess
import sys
from pathlib import Path

from karin import runtime
from karin.settings import Settings
from karin.supervisor.loop import DRAIN_LIMIT_MS
from karin.supervisor.main import EXIT_USAGE
from tests.deploy.confined import directives
from tests.deploy.conftest import need
from tests.processes import bare_environ, free_port, process
from tests.support import short_folder, wait_until
from tests.wire.signing import KEYS, LIST, Request, sign

UNIT = Path(__file__).parents[2] / "deploy" / "karin.service"
CONFINED = Path(__file__).with_name("confined.py")


def test_systemd_has_nothing_to_say_against_it(tmp_path: Path) -> None:
    program = need("systemd-analyze", "systemd")
    unit = tmp_path / "karin.service"
    unit.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/karin/bin/karin", sys.executable))
    told = subprocess.run([program, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")


def test_its_limits_are_karins() -> None:
    said = directives(UNIT)
    assert int(said["TimeoutStopSec"][0]) * 1000 > DRAIN_LIMIT_MS
    assert said["RestartPreventExitStatus"] == [str(EXIT_USAGE)]
    [variable] = said["Environment"]
    assert Settings.from_env(dict([variable.split("=", 1)])).home == Path("/var/lib") / said["StateDirectory"][0]


def test_it_reloads_with_what_the_smallest_debian_has() -> None:
    [reload] = directives(UNIT)["ExecReload"]
    with subprocess.Popen(["sleep", "600"]) as main:
        program, *rest = shlex.split(reload.replace("${MAINPID}", str(main.pid)))
        assert program == "/bin/sh"
        subprocess.run([program, *rest], check=True, env={"PATH": ""})
        assert main.wait(60) == -signal.SIGHUP


def test_karin_works_with_the_system_calls_that_it_leaves(tmp_path: Path) -> None:
    need("systemd-analyze", "systemd")
    port, log = free_port(), tmp_path / "log"
    with short_folder() as home:
        environ = bare_environ(KARIN_HOME=str(home), KARIN_BIND=f"127.0.0.1:{port}", KARIN_ACCESS_KEYS=KEYS)
        confined = [sys.executable, str(CONFINED), str(UNIT), sys.executable, "-m", "karin", "up"]
        with process(confined, environ, log) as supervisor:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: "karin is up" in log.read_text(), "karin is up", 60)
            assert sign(Request("GET", LIST, {}, b""), url).send(url).status == 200
            running = runtime.read(home)
            assert running is not None
            pids = [supervisor.pid, *running.children.values()]
            assert len(pids) == 4
            assert all("Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text() for pid in pids)
            supervisor.terminate()
            assert supervisor.wait(60) == 0


TRIES = """
import mmap, os, socket
tries = {
    "a user": lambda: os.setuid(1),
    "a root": lambda: os.chroot("/"),
    "packets": lambda: socket.socket(17),
    "code that is written": lambda: mmap.mmap(-1, 4096, prot=7),
    "a priority": lambda: os.setpriority(0, 0, 0),
}
for name, attempt in tries.items():
    try:
        attempt()
    except PermissionError:
        print("refused:", name)
"""


def test_what_it_takes_away_is_gone() -> None:
    need("systemd-analyze", "systemd")
    command = [sys.executable, str(CONFINED), str(UNIT), sys.executable, "-c", TRIES]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=bare_environ())
    assert ended.stdout.count("refused: ") == 5, ended.stdout
