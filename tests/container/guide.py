"""docs/deploy-linux.md, carried out on a clean Debian that systemd has started: what the guide and its unit promise.

``install`` takes step 1's commands from the guide itself; ``prove`` prints each line once it has been found true.
"""

import re
import shutil
from pathlib import Path

from tests.container.calling import call
from tests.container.image import Image, machine_base, run_in
from tests.container.machine import Machine, booted
from tests.deploy.confined import directives
from tests.processes import free_port, status_of
from tests.support import wait_until
from tests.wire.signing import KEYS

GUIDE, UNIT = Path("docs/deploy-linux.md"), Path("deploy/karin.service")
TAKEN = ("karin", "deploy", "pyproject.toml", "README.md", "LICENSE", "requirements.lock")  # of a checkout
INSIDE, ENVIRONMENT = "root/karin", "etc/karin.env"
UNIT_NAME = "karin.service"
ALL = '{"QueueUrl":"work","VisibilityTimeout":0,"MaxNumberOfMessages":10}'


def install(checkout: Path, work: Path, python: str) -> Path:
    """Carry out the guide's step 1 in a clean Debian; return its root. Raises CalledProcessError."""
    root = machine_base(work, python)
    shutil.rmtree(root / INSIDE, ignore_errors=True)
    for name in TAKEN:
        source, target = checkout / name, root / INSIDE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    for command in _commands((checkout / GUIDE).read_text(encoding="utf-8"), "1."):
        run_in(Image(root, folder=f"/{INSIDE}"), command, work / "pip")
    return root


def prove(checkout: Path, work: Path, python: str) -> None:
    """Start it, use it, and do to it what happens to machines."""
    root = install(checkout, work, python)
    port = free_port()
    _settings(root, f"127.0.0.1:{port}")
    shutil.copy2(checkout / UNIT, root / "etc/systemd/system" / UNIT_NAME)
    url, unit = f"http://127.0.0.1:{port}", directives(checkout / UNIT)
    with booted(root) as machine:
        version = machine.runs("systemctl", "--version").stdout.split()[1]
        enabled = machine.runs("systemctl", "enable", "--now", "karin")
        assert enabled.returncode == 0, enabled.stderr
        _answers(url)
        call(url, "CreateQueue", '{"QueueName":"work"}')
        call(url, "SendMessage", '{"QueueUrl":"work","MessageBody":"kept"}')
        ready = next(line for line in _journal(machine) if "karin is up" in line).partition(" | ")[2]
        print(f"start: systemd {version} as PID 1; the unit is {_told(machine, 'ActiveState')}; {ready}")
        _look_at_the_rights(machine)
        _look_at_restarts(machine, url)
        _look_at_reloads(machine, url)
        _look_at_the_end(machine, url, int(unit["TimeoutStopSec"][0]))
        _look_at_a_wrong_setting(machine, root, url)
        machine.ends()
    with booted(root):
        _answers(url)
        assert '"kept"' in call(url, "ReceiveMessage", ALL)
    print("machine: turned off and on again, karin is started and the message is there")


def _commands(guide: str, step: str) -> list[str]:
    """Return root's commands of a step of the guide."""
    section = guide.partition(f"\n## {step}")[2].partition("\n## ")[0]
    return [line.removeprefix("# ") for line in section.splitlines() if line.startswith("# ")]


def _settings(root: Path, bind: str) -> None:
    environment = root / ENVIRONMENT
    environment.touch(mode=0o600)
    environment.write_text(
        f"KARIN_BIND={bind}\nKARIN_ACCESS_KEYS={KEYS}\nAWS_REGION=us-east-1\nAWS_ENDPOINT_URL=http://127.0.0.1:9\n"
        "AWS_ACCESS_KEY_ID=test\nAWS_SECRET_ACCESS_KEY=testing-secret\n",
        encoding="utf-8",
    )


def _answers(url: str) -> None:
    wait_until(lambda: status_of(f"{url}/healthz") == 200, "it is healthy", 120)


def _told(machine: Machine, name: str) -> str:
    """Return what systemd says of the unit."""
    return machine.runs("systemctl", "show", "--value", "--property", name, "karin").stdout.strip()


def _journal(machine: Machine) -> list[str]:
    return machine.runs("journalctl", "--no-pager", "--unit", "karin", "--output", "cat").stdout.splitlines()


def _processes(machine: Machine) -> dict[int, str]:
    """Return the unit's processes: pid inside, and command line."""
    script = (
        'for pid in $(cat "/sys/fs/cgroup$1/cgroup.procs"); do echo "$pid $(tr "\\0" " " < /proc/$pid/cmdline)"; done'
    )
    group = _told(machine, "ControlGroup")
    listed = machine.runs("sh", "-c", script, "sh", group).stdout.splitlines() if group else []
    return {int(pid): command for pid, _, command in (line.partition(" ") for line in listed)}


def _look_at_the_rights(machine: Machine) -> None:
    pids = _processes(machine)
    for pid in pids:
        facts = dict(
            line.split(":\t", 1)
            for line in machine.runs("cat", f"/proc/{pid}/status").stdout.splitlines()
            if ":\t" in line
        )
        assert {facts[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
        assert (facts["NoNewPrivs"], facts["Seccomp"], "0" in facts["Uid"].split()) == ("1", "2", False)
    exposure = machine.runs("systemd-analyze", "security", "--no-pager", "karin").stdout.rstrip().splitlines()[-1]
    level = re.search(r"[\d.]+ [A-Z]+", exposure)
    assert level, exposure
    print(f"rights: {len(pids)} processes, none root's or with a capability, all filtered; security says {level[0]}")


def _look_at_restarts(machine: Machine, url: str) -> None:
    before, main = _processes(machine), _told(machine, "MainPID")
    machine.runs("systemctl", "kill", "--signal", "KILL", "--kill-who", "main", "karin")
    wait_until(lambda: _told(machine, "NRestarts") == "1", "systemd starts it again", 60)
    _answers(url)
    assert _told(machine, "MainPID") != main
    assert not before.keys() & _processes(machine).keys()
    assert '"kept"' in call(url, "ReceiveMessage", ALL)
    print("restart: the supervisor was killed; all of it was started again, and the message is there")
    for part in ("valkey-server", "karin.scheduler", "gunicorn"):
        killed = next(pid for pid, command in _processes(machine).items() if part in command)
        machine.runs("sh", "-c", f"kill -KILL {killed}")
        wait_until(lambda pid=killed: pid not in _processes(machine), f"{part} has gone")  # type: ignore[misc]
        wait_until(lambda part=part: any(part in one for one in _processes(machine).values()), f"{part} is back", 60)  # type: ignore[misc]
        _answers(url)
    assert _told(machine, "NRestarts") == "1"
    assert '"kept"' in call(url, "ReceiveMessage", ALL)
    print("parts: store, scheduler and endpoint were killed; karin started each again, without systemd")


def _look_at_reloads(machine: Machine, url: str) -> None:
    before, main = _workers(machine), _told(machine, "MainPID")
    reloaded = machine.runs("systemctl", "reload", "karin")
    assert reloaded.returncode == 0, reloaded.stderr
    wait_until(lambda: not before & _workers(machine) and _workers(machine), "the workers are new", 60)
    assert _told(machine, "MainPID") == main
    _answers(url)
    print("reload: the endpoint's workers are new, the rest is as it was")


def _workers(machine: Machine) -> set[int]:
    """Return the endpoint's processes but the first, which stays."""
    return set(sorted(pid for pid, command in _processes(machine).items() if "gunicorn" in command)[1:])


def _look_at_the_end(machine: Machine, url: str, limit_seconds: int) -> None:
    stopped = machine.runs("systemctl", "stop", "karin")
    assert stopped.returncode == 0, stopped.stderr
    assert (_told(machine, "Result"), _told(machine, "ExecMainStatus")) == ("success", "0")
    exit_us, told_us = (
        int(_told(machine, name)) for name in ("InactiveEnterTimestampMonotonic", "ActiveExitTimestampMonotonic")
    )
    took = (exit_us - told_us) / 1e6
    assert took < limit_seconds
    assert not _processes(machine)
    assert status_of(f"{url}/healthz") is None
    left = machine.runs("find", "/var/lib/karin", "-type", "s", "-o", "-name", "runtime.json").stdout
    assert not left, left
    print(f"end: exit code 0 after {took:.1f} s of {limit_seconds}; no process, no socket left")


def _look_at_a_wrong_setting(machine: Machine, root: Path, url: str) -> None:
    environment = root / ENVIRONMENT
    right = environment.read_text(encoding="utf-8")
    environment.write_text(f"{right}KARIN_BINDD=1\n", encoding="utf-8")
    machine.runs("systemctl", "start", "karin")
    wait_until(lambda: _told(machine, "ActiveState") == "failed", "it failed, and is not tried again", 60)
    assert (_told(machine, "ExecMainStatus"), _told(machine, "NRestarts")) == ("2", "0")
    shown = machine.runs("systemctl", "status", "--no-pager", "karin").stdout
    line = next((line for line in shown.splitlines() if ": karin: " in line), "")
    assert "KARIN_BINDD" in line, shown
    environment.write_text(right, encoding="utf-8")
    machine.runs("systemctl", "start", "karin")
    _answers(url)
    print(f"wrong setting: not tried again; status shows `{line.partition(']: ')[2]}`")
