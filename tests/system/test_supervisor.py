"""The supervisor with real processes and real signals."""

import os
import pty
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import redis

from karin import runtime
from karin.embedded import store_answers
from tests.processes import free_port
from tests.support import wait_until
from tests.system.conftest import ENDPOINT, SCHEDULER, STORE, Supervise, Supervised, child, is_alive


def ended_in_order(supervised: Supervised) -> list[str]:
    """Return the names of the children in the order in which they ended."""
    said = [line.partition(" | ")[2] for line in supervised.lines() if line.startswith("karin ")]
    return [text.split()[0] for text in said if " ended (" in text]


def test_everything_starts_in_order_and_one_line_tells_that_it_is_up(supervise: Supervise) -> None:
    port = free_port()
    supervised = supervise(STORE, SCHEDULER, child("listener", port, up="port"), port=port)
    line = supervised.wait_for_line("karin is up")
    socket_path = supervised.home / "store.sock"
    assert f"SQS endpoint http://127.0.0.1:{port}, store unix://{socket_path}, ready in " in line
    assert store_answers(socket_path)


def test_nothing_starts_before_the_store_is_ready(supervise: Supervise, home: Path) -> None:
    ready = home.parent / "ready"
    supervised = supervise(child("patient", name="store", up=str(ready)), SCHEDULER, ENDPOINT)
    supervised.wait_for_children("store")
    assert supervised.pid_of("scheduler") is None
    assert supervised.pid_of("endpoint") is None
    ready.touch()
    supervised.wait_for_children("scheduler", "endpoint")


def test_a_killed_store_is_started_again_with_its_data_and_without_touching_the_others(supervise: Supervise) -> None:
    supervised = supervise(STORE, SCHEDULER, ENDPOINT)
    scheduler, endpoint = supervised.wait_for_children("scheduler", "endpoint")
    socket_path = supervised.home / "store.sock"
    store = supervised.wait_for_pid("store")
    with redis.Redis(unix_socket_path=str(socket_path)) as client:
        client.set("kept", "across a crash")
    os.kill(store, signal.SIGKILL)
    supervised.wait_for_line("store ended (signal SIGKILL): starting it again in 200 ms")
    supervised.wait_for_pid("store", other_than=store)
    wait_until(lambda: store_answers(socket_path), "an answer of the new store")
    with redis.Redis(unix_socket_path=str(socket_path)) as client:
        assert client.get("kept") == b"across a crash"
    assert (supervised.pid_of("scheduler"), supervised.pid_of("endpoint")) == (scheduler, endpoint)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_endpoint_scheduler_and_store_in_this_order(supervise: Supervise, signum: signal.Signals) -> None:
    supervised = supervise(STORE, SCHEDULER, ENDPOINT)
    pids = supervised.wait_for_children("scheduler", "endpoint")
    supervised.signal(signum)
    assert supervised.wait() == 0
    assert ended_in_order(supervised) == ["endpoint", "scheduler", "store"]
    assert supervised.lines().count("scheduler | got SIGTERM") == 1
    assert not any(is_alive(pid) for pid in pids)
    assert supervised.errors() == []


def test_a_signal_while_the_store_is_not_ready_yet_ends_at_once(supervise: Supervise, home: Path) -> None:
    supervised = supervise(child("patient", name="store", up=str(home / "never")), SCHEDULER)
    supervised.wait_for_children("store")
    supervised.signal(signal.SIGTERM)
    assert supervised.wait() == 0
    assert ended_in_order(supervised) == ["store"]


def test_a_ctrl_c_in_the_terminal_reaches_only_the_supervisor(supervise: Supervise) -> None:
    supervised = supervise(SCHEDULER, ENDPOINT)
    supervised.wait_for_children("scheduler", "endpoint")
    os.killpg(supervised.process.pid, signal.SIGINT)  # what a terminal does
    assert supervised.wait() == 0
    assert not any("got SIGINT" in line for line in supervised.lines())


def test_a_hang_up_reloads_the_endpoint_and_nothing_else(supervise: Supervise) -> None:
    supervised = supervise(SCHEDULER, ENDPOINT)
    before = supervised.wait_for_children("scheduler", "endpoint")
    supervised.signal(signal.SIGHUP)
    supervised.wait_for_line("endpoint  | got SIGHUP")
    assert not any("scheduler | got SIGHUP" in line for line in supervised.lines())
    assert supervised.wait_for_children("scheduler", "endpoint") == before


def test_a_terminal_that_is_closed_ends_everything(supervise: Supervise) -> None:
    setsid = shutil.which("setsid")
    assert setsid, "setsid is missing: apt-get install util-linux"
    terminal, side = pty.openpty()
    supervised = supervise(ENDPOINT, wrapper=(setsid, "--ctty", "--wait"), stdin=side)
    os.close(side)
    supervised.wait_for_line("endpoint  | ready")
    os.close(terminal)
    assert supervised.wait() == 0
    assert "endpoint  | got SIGTERM" in supervised.lines()
    assert "endpoint  | got SIGHUP" not in supervised.lines()


def test_a_child_that_ignores_the_signal_is_killed_at_the_limit_with_its_workers(supervise: Supervise) -> None:
    supervised = supervise(SCHEDULER, child("stubborn"), drain_limit_ms=2_100)
    _, stubborn = supervised.wait_for_children("scheduler", "endpoint")
    workers = Path(f"/proc/{stubborn}/task/{stubborn}/children")
    worker = int(wait_until(workers.read_text, "a worker of the stubborn child"))
    supervised.signal(signal.SIGTERM)
    assert supervised.wait() == 0
    assert any("endpoint has not ended in time: killing it" in line for line in supervised.lines())
    assert "scheduler | got SIGTERM" in supervised.lines()
    wait_until(lambda: not is_alive(stubborn) and not is_alive(worker), "the end of the group")


def test_a_second_signal_kills_what_is_left(supervise: Supervise) -> None:
    supervised = supervise(SCHEDULER, child("stubborn"))
    supervised.wait_for_children("scheduler", "endpoint")
    supervised.signal(signal.SIGINT)
    supervised.wait_for_line("SIGINT received: ending")

    def hurried() -> bool:
        supervised.signal(signal.SIGINT)  # one that follows at once counts as the same
        return any("killing what is left" in line for line in supervised.lines())

    wait_until(hurried, "a second signal that hurries")
    assert supervised.wait(timeout_s=5) == 0


@pytest.mark.parametrize("code", [2, 3, 4])
def test_a_child_whose_settings_are_wrong_ends_everything_with_one_clear_line(supervise: Supervise, code: int) -> None:
    supervised = supervise(SCHEDULER, child("broken", code, name="endpoint"))
    assert supervised.wait() == 1
    [line] = supervised.errors()
    assert line.startswith(f"karin: endpoint is beyond repair (exit code {code}): ")
    assert line.endswith("; its last line was: KARIN_EXAMPLE=1 is wrong: set 2")
    assert ended_in_order(supervised) == ["endpoint", "scheduler"]
    assert runtime.read(supervised.home) is None


def test_a_child_that_is_never_up_is_given_up(supervise: Supervise, home: Path) -> None:
    supervised = supervise(child("broken", 1, name="store", up=str(home / "never")), SCHEDULER)
    assert supervised.wait() == 1
    [line] = supervised.errors()
    assert "store is beyond repair (exit code 1): it failed 5 times in a row and was never up" in line
    assert not any(line.startswith("scheduler") for line in supervised.lines())


def test_a_program_that_is_not_there_is_named(supervise: Supervise) -> None:
    supervised = supervise({"name": "endpoint", "command": ["/no/such/program"]})
    assert supervised.wait() == 1
    [line] = supervised.errors()
    assert "cannot execute /no/such/program: No such file or directory" in line


def test_a_crashed_childs_workers_do_not_outlive_it(supervise: Supervise) -> None:
    supervised = supervise(child("stubborn"))
    [master] = supervised.wait_for_children("endpoint")
    workers = Path(f"/proc/{master}/task/{master}/children")
    worker = int(wait_until(workers.read_text, "a worker"))
    os.kill(master, signal.SIGKILL)
    wait_until(lambda: not is_alive(worker), "the end of the worker")
    supervised.wait_for_pid("endpoint", other_than=master)


def test_as_pid_1_it_reaps_orphans_and_ends_in_order(supervise: Supervise) -> None:
    unshare = shutil.which("unshare")
    assert unshare, "unshare is missing: apt-get install util-linux"
    wrapper = (unshare, "--fork", "--kill-child", "--pid", "--mount-proc")
    supervised = supervise(child("parent"), wrapper=wrapper)
    supervised.wait_for_line("endpoint  | ready")
    init = children_of(supervised.process.pid)[0]

    assert len(children_of(init)) == 2, "its own child, then the orphan"
    orphan = children_of(init)[1]
    os.kill(orphan, signal.SIGKILL)
    wait_until(lambda: orphan not in children_of(init), "the orphan being reaped")
    os.kill(init, signal.SIGTERM)
    assert supervised.wait() == 0
    assert "endpoint  | got SIGTERM" in supervised.lines()


def children_of(pid: int) -> list[int]:
    """Return the pids of a process's children, zombies included."""
    return [int(found) for found in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_killing_the_supervisor_leaves_no_children(supervise: Supervise) -> None:
    supervised = supervise(STORE, SCHEDULER, ENDPOINT)
    pids = supervised.wait_for_children("scheduler", "endpoint")
    pids.append(supervised.wait_for_pid("store"))
    supervised.signal(signal.SIGKILL)
    wait_until(lambda: not any(is_alive(pid) for pid in pids), "the end of all children")


def test_a_new_supervisor_waits_for_the_store_that_a_killed_one_left(supervise: Supervise) -> None:
    first = supervise(STORE, SCHEDULER)
    first.wait_for_children("scheduler")
    store = first.wait_for_pid("store")
    os.kill(store, signal.SIGSTOP)  # it cannot end yet
    first.signal(signal.SIGKILL)
    first.wait()
    second = supervise(STORE, SCHEDULER)
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(timeout_s=0.5)
    assert second.lines() == []
    os.kill(store, signal.SIGCONT)
    second.wait_for_children("scheduler")
    assert not is_alive(store)
