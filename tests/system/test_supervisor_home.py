"""What a supervisor needs before it starts anything, and what it leaves in its home."""

import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from karin import runtime
from tests.processes import free_port
from tests.system.conftest import ENDPOINT, SCHEDULER, STORE, Supervise


def mode(path: Path) -> int:
    """Return the permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_second_supervisor_on_the_same_home_is_refused(supervise: Supervise) -> None:
    first = supervise(SCHEDULER)
    first.wait_for_children("scheduler")
    second = supervise(SCHEDULER)
    assert second.wait() == 2
    [line] = second.errors()
    running = f"karin is already running on KARIN_HOME={first.home} (pid {first.process.pid})"
    assert line == f"karin: {running}: stop it or choose another KARIN_HOME"
    assert first.process.poll() is None


def test_a_port_in_use_is_refused_before_anything_starts(supervise: Supervise) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        supervised = supervise(SCHEDULER, port=port)
        assert supervised.wait() == 2
    [line] = supervised.errors()
    in_use = "is already in use: stop the other program or choose another port"
    assert line == f"karin: KARIN_BIND=127.0.0.1:{port} {in_use}"
    assert supervised.lines() == []


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("192.0.2.1", "is not an address of this machine"),
        ("no-such-host.invalid", "has no address: no-such-host.invalid is unknown"),
    ],
)
def test_an_address_that_is_not_local_is_refused(supervise: Supervise, host: str, reason: str) -> None:
    supervised = supervise(SCHEDULER, host=host)
    assert supervised.wait() == 2
    [line] = supervised.errors()
    assert f"{host}:" in line
    assert reason in line


def test_an_unusable_home_is_told_in_one_line(supervise: Supervise, home: Path) -> None:
    home.write_text("a file, not a folder")
    supervised = supervise(SCHEDULER)
    assert supervised.wait() == 2
    [line] = supervised.errors()
    assert line.startswith(f"karin: KARIN_HOME={home} cannot be used: ")


def test_only_the_owner_may_read_what_is_in_the_home(supervise: Supervise) -> None:
    supervised = supervise(STORE, SCHEDULER)
    supervised.wait_for_children("scheduler")
    home = supervised.home
    folders = [home, home / "store", home / "log", home / "store.sock"]
    files = [home / "runtime.json", home / "lock", home / "log" / "karin.log"]
    assert {path.name: mode(path) for path in folders} == {path.name: 0o700 for path in folders}
    assert {path.name: mode(path) for path in files} == {path.name: 0o600 for path in files}


def test_runtime_json_tells_how_to_find_a_running_karin_until_it_ends(supervise: Supervise) -> None:
    port = free_port()
    supervised = supervise(SCHEDULER, ENDPOINT, port=port)
    scheduler, endpoint = supervised.wait_for_children("scheduler", "endpoint")
    info = runtime.read(supervised.home)
    assert info is not None
    assert info.pid == supervised.process.pid
    assert info.store_url == f"unix://{supervised.home}/store.sock"
    assert info.endpoint_url == f"http://127.0.0.1:{port}"
    assert info.children == {"scheduler": scheduler, "endpoint": endpoint}
    supervised.signal(signal.SIGTERM)
    supervised.wait()
    assert not (supervised.home / "runtime.json").exists()


def test_runtime_json_of_a_killed_supervisor_is_not_believed(supervise: Supervise) -> None:
    supervised = supervise(SCHEDULER)
    supervised.wait_for_children("scheduler")
    supervised.signal(signal.SIGKILL)
    supervised.wait()
    assert (supervised.home / "runtime.json").exists()
    assert runtime.read(supervised.home) is None


def test_the_process_of_its_own_refuses_wrong_settings_in_one_line(home: Path) -> None:
    command = [sys.executable, "-m", "karin.supervisor"]
    environ = {"KARIN_HOME": str(home), "KARIN_BIND": "everywhere"}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert line.startswith("karin: KARIN_BIND=everywhere is not an address")
    assert not home.exists()
