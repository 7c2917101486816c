"""What is down is seen: in the terminal's header, by ``karin status``, the doctor and ``/healthz``."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from karin import runtime
from karin.clock import SteadyClock
from karin.store.store import Store
from tests.processes import free_port, process, status_of
from tests.support import wait_until
from tests.system.whole import Karin, children_of, kill_hard, running_karin
from tests.tui.terminal import Terminal, terminal

PROGRAM = str(Path(sys.executable).with_name("karin-tui"))
SEEN_MS = 15_000
ONLY_THERE = ("READY", "BATCH", "RUNTIME", "no invocations yet", "nothing is due", "LEVEL", "look", "HOW IT IS")
"""What each view has that no other has; the doctor's looks, or looked."""


@pytest.fixture(scope="module")
def karin() -> Iterator[Karin]:
    """Return a karin, all of whose parts run when a test begins."""
    with running_karin() as running:
        yield running


@pytest.fixture(scope="module")
def screen(karin: Karin) -> Iterator[Terminal]:
    """Return a terminal in which karin-tui shows it."""
    with TemporaryDirectory(prefix="karin-", dir="/tmp") as folder, terminal(Path(folder), karin.environ) as opened:
        opened.start([PROGRAM], 120, 24)
        opened.shows("+ scheduler alive")
        yield opened


@pytest.fixture(autouse=True)
def _someone_is_there(screen: Terminal) -> None:
    screen.press("8")  # who has touched nothing for a minute is shown nothing new


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """Let processes stand still."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _status(karin: Karin) -> tuple[int, dict[str, object]]:
    done = karin.command("status", "--json")
    return done.returncode, json.loads(done.stdout)


def test_an_endpoint_that_is_stopped_is_seen_everywhere(karin: Karin, screen: Terminal) -> None:
    assert _status(karin)[1]["parts"] == {"endpoint": "", "scheduler": ""}
    master = karin.pid_of("endpoint")
    began_ms = SteadyClock().now_ms()
    with stopped(master, *children_of(master)):
        for view, text in enumerate(ONLY_THERE, 1):
            screen.press(str(view))
            screen.shows(text)
            screen.shows("! endpoint stopped")
        assert SteadyClock().now_ms() - began_ms < SEEN_MS
        code, told = _status(karin)
        assert (code, told["parts"]) == (1, {"endpoint": "stopped", "scheduler": ""})
        assert f"{karin.url} is stopped: nobody can send; `kill -CONT`" in karin.command("status").stdout
        findings = json.loads(karin.command("doctor", "--json").stdout)["findings"]
        assert "no-endpoint" in {one["code"] for one in findings}
    screen.shows("+ scheduler alive")
    assert _status(karin)[0] == 0


def test_an_endpoint_that_runs_and_does_not_answer_is_seen_in_time(karin: Karin, screen: Terminal) -> None:
    workers = children_of(karin.pid_of("endpoint"))
    began_ms = SteadyClock().now_ms()
    with stopped(*workers):
        screen.shows("! endpoint does not answer")
        assert SteadyClock().now_ms() - began_ms < SEEN_MS
        assert _status(karin)[1]["parts"] == {"endpoint": "does not answer", "scheduler": ""}
    screen.shows("+ scheduler alive")


def test_a_scheduler_that_is_stopped_is_not_alive(karin: Karin, screen: Terminal) -> None:
    assert status_of(f"{karin.url}/healthz") == 200
    with stopped(karin.pid_of("scheduler")):
        wait_until(lambda: status_of(f"{karin.url}/healthz") == 503, "it is missed", 40)
        screen.shows("! no scheduler")
        code, told = _status(karin)
        assert (code, told["schedulers_alive"]) == (1, 0)
        assert status_of(f"{karin.url}/healthz") == 503
        assert status_of(f"{karin.url}/livez") == 200
    screen.shows("+ scheduler alive")
    assert status_of(f"{karin.url}/healthz") == 200


def test_one_that_was_killed_and_started_again_is_one(karin: Karin, screen: Terminal) -> None:
    store = Store.open(f"unix://{karin.home}/store.sock", max_connections=1)
    before = store.deployment.last_sweeps()
    killed = karin.pid_of("scheduler")
    kill_hard(killed)
    wait_until(lambda: karin.pid_of("scheduler") != killed, "it is started again", 20)
    wait_until(lambda: store.deployment.last_sweeps() != before, "it has swept", 20)
    assert store.deployment.last_sweeps().keys() == before.keys()
    assert _status(karin)[1]["schedulers_alive"] == 1
    screen.shows("+ scheduler alive")


@contextmanager
def beside(karin: Karin, home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run another karin on the same store; it has swept when this yields, and is left as it is in the end."""
    store_url = f"unix://{karin.home}/store.sock"
    environ = karin.environ | {
        "REDIS_URL": store_url,
        "KARIN_HOME": str(home),
        "KARIN_BIND": f"127.0.0.1:{free_port()}",
    }
    with process([sys.executable, "-m", "karin", "up"], environ, home / "up.log") as supervisor:
        store = Store.open(store_url, max_connections=1)
        wait_until(lambda: f"-{supervisor.pid}-" in str(store.deployment.last_sweeps()), "it has swept", 60)
        yield supervisor


def test_a_karin_that_was_killed_as_a_whole_is_replaced_by_the_next_one_on_its_home_and_no_other_is(
    karin: Karin, screen: Terminal
) -> None:
    store = Store.open(f"unix://{karin.home}/store.sock", max_connections=1)
    [mine] = store.deployment.last_sweeps()
    with TemporaryDirectory(prefix="karin-", dir="/tmp") as home:
        with beside(karin, Path(home)) as supervisor:
            before = store.deployment.last_sweeps().keys()
            info = runtime.read(Path(home))
            assert info is not None
            assert before == {mine, info.scheduler_id}
            os.kill(supervisor.pid, signal.SIGSTOP)  # it is not to start them again
            for pid in info.children.values():
                os.killpg(pid, signal.SIGKILL)
            kill_hard(supervisor.pid)
        assert store.deployment.last_sweeps().keys() == before
        with beside(karin, Path(home)):
            after = store.deployment.last_sweeps().keys()
            assert len(after) == len(before)
            assert after & before == {mine}
            assert _status(karin)[1]["schedulers_alive"] == 2
    assert _status(karin)[1]["schedulers_alive"] == 1
    screen.shows("+ scheduler alive")
