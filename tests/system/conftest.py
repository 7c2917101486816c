"""Real supervisors with real children, each on a KARIN_HOME of its own, and none left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis

from karin import runtime
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.processes import free_port
from tests.support import wait_until
from tests.system.backups import Contents, contents, fill
from tests.system.moto import running_moto
from tests.system.whole import Karin, running_karin

HERE = Path(__file__).parent
Described = dict[str, Any]  # a child, as supervised.py reads it


def is_alive(pid: int) -> bool:
    """Say whether a process runs: a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def child(mode: str, *arguments: object, name: str = "endpoint", **more: object) -> Described:
    """Describe a child that runs a mode of child.py."""
    command = [sys.executable, str(HERE / "child.py"), mode, *map(str, arguments)]
    return {"name": name, "command": command, **more}


STORE = {"name": "store"}  # the real one
SCHEDULER = child("patient", name="scheduler")
ENDPOINT = child("patient", name="endpoint", reloads=True)


@dataclass
class Supervised:
    """A supervisor that runs as a process of its own, and what it wrote."""

    process: subprocess.Popen[bytes]
    home: Path
    stdout: Path
    stderr: Path
    wrapped: bool = False  # by unshare
    pids_seen: set[int] = field(default_factory=set)

    def lines(self) -> list[str]:
        """Return what it has written to standard output, without the times."""
        return [line.partition(" ")[2] for line in self.stdout.read_text().splitlines()]

    def errors(self) -> list[str]:
        """Return what it has written to standard error."""
        return self.stderr.read_text().splitlines()

    def pid_of(self, name: str) -> int | None:
        """Return the pid of a child that runs, None when it does not."""
        info = runtime.read(self.home)
        pid = info.children.get(name) if info else None
        if pid is not None:
            self.pids_seen.add(pid)
        return pid

    def wait_for_line(self, text: str, timeout_s: float = 10.0) -> str:
        """Wait until a line with a text has been written and return the first."""

        def found() -> str:
            return next((line for line in self.lines() if text in line), "")

        return wait_until(found, f"a line with {text!r} in {self.stdout}", timeout_s)

    def wait_for_pid(self, name: str, other_than: int | None = None) -> int:
        """Wait until a child runs, as another process than a former one, and return its pid."""

        def found() -> int | None:
            pid = self.pid_of(name)
            return None if pid == other_than else pid

        return wait_until(found, f"a pid of {name}")

    def wait_for_children(self, *names: str) -> list[int]:
        """Wait until children have said that they are ready and return their pids."""
        pids = []
        for name in names:
            self.wait_for_line(f"{name:<9} | ready")
            pids.append(self.wait_for_pid(name))
        return pids

    def signal(self, signum: signal.Signals) -> None:
        """Send a signal to the supervisor alone."""
        self.process.send_signal(signum)

    def wait(self, timeout_s: float = 15.0) -> int:
        """Return its exit code."""
        return self.process.wait(timeout_s)

    def clean_up(self) -> None:
        """Kill it and every child that it knew of, with their groups."""
        info = runtime.read(self.home)
        self.pids_seen.update(info.children.values() if info and not self.wrapped else ())
        self.process.kill()
        self.process.wait()
        for pid in self.pids_seen:
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


@dataclass
class Supervise:
    """Starts supervisors for a test."""

    home: Path
    started: list[Supervised] = field(default_factory=list)

    def __call__(
        self,
        *children: Described,
        port: int = 0,
        host: str = "127.0.0.1",
        home: Path | None = None,
        drain_limit_ms: int = 28_000,
        wrapper: tuple[str, ...] = (),
        stdin: int = subprocess.DEVNULL,
    ) -> Supervised:
        """Start a supervisor in a process group of its own."""
        home = home or self.home
        given = {
            "home": str(home),
            "host": host,
            "port": port or free_port(),
            "drain_limit_ms": drain_limit_ms,
            "children": children,
        }
        output = self.home.parent / f"{len(self.started)}.out"
        errors = self.home.parent / f"{len(self.started)}.err"
        with output.open("wb") as stdout, errors.open("wb") as stderr:
            process = subprocess.Popen(
                [*wrapper, sys.executable, str(HERE / "supervised.py"), json.dumps(given)],
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        supervised = Supervised(process, home, output, errors, wrapped=bool(wrapper))
        self.started.append(supervised)
        return supervised


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Run a control plane for all that deploy to one; each empties it first."""
    with running_moto() as url:
        yield url


@pytest.fixture(scope="session")
def plain_karin() -> Iterator[Karin]:
    """Run all of karin for those that need nothing but queues of their own in it."""
    with running_karin() as running:
        yield running


@pytest.fixture
def home() -> Iterator[Path]:
    """Give a KARIN_HOME that does not exist yet, short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="karin-", dir="/tmp"))
    yield folder / "home"
    shutil.rmtree(folder)


@pytest.fixture
def supervise(home: Path) -> Iterator[Supervise]:
    """Give a way to start supervisors; end them all after the test."""
    supervise = Supervise(home)
    yield supervise
    for supervised in supervise.started:
        supervised.clean_up()


@pytest.fixture
def filled(store: Store, clock: ManualClock, store_url: str, raw: redis.Redis) -> Contents:
    """Fill a store with every type of key that karin writes, and return all of it."""
    fill(store, clock, raw)
    return contents(store_url)
