"""The processes of a real karin and their memory, as the kernel tells it."""

import os
import subprocess
from pathlib import Path

import pytest

from karin import runtime
from karin.runtime import RuntimeInfo
from karin.tui.reading import processes
from karin.tui.reading.processes import read_processes
from tests.system.whole import children_of, running_karin

MEGABYTE = 1024 * 1024


def run_as(home: Path, **children: int) -> None:
    """Tell of a karin that is this process."""
    runtime.write(home, RuntimeInfo(os.getpid(), 1_000, "redis://", "http://", children))


def test_every_process_of_a_running_karin_is_told_with_its_memory() -> None:
    with running_karin(WEB_CONCURRENCY="2") as karin:
        info = runtime.read(karin.home)
        found, started_at_ms = read_processes(karin.home)
        workers = children_of(karin.pid_of("endpoint"))

    assert info is not None
    assert found is not None
    assert started_at_ms == info.started_at_ms
    assert [(process.name, process.pid) for process in found] == [
        ("supervisor", karin.supervisor.pid),
        ("store", info.children["store"]),
        ("scheduler", info.children["scheduler"]),
        ("endpoint", info.children["endpoint"]),
        ("endpoint worker 1", workers[0]),
        ("endpoint worker 2", workers[1]),
        ("karin-tui", os.getpid()),
    ]
    for process in found:
        assert process.pss_bytes is not None
        assert MEGABYTE // 2 < process.pss_bytes < 500 * MEGABYTE


def test_a_size_is_what_the_kernel_counts_in_bytes(tmp_path: Path) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sleeper:
        assert sleeper.stdin
        assert sleeper.stdout
        sleeper.stdin.write(b"\n")
        sleeper.stdin.flush()
        sleeper.stdout.readline()  # it has begun: from now on it only waits
        run_as(tmp_path, sleeper=sleeper.pid)
        rollup = Path(f"/proc/{sleeper.pid}/smaps_rollup").read_text().splitlines()
        found, _ = read_processes(tmp_path)
        sleeper.kill()
    assert found is not None
    kilobytes = next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    assert found[1].pss_bytes == pytest.approx(kilobytes * 1024, rel=0.5)  # what is shared depends on the others


def test_without_a_karin_on_this_machine_there_are_none(tmp_path: Path) -> None:
    assert read_processes(tmp_path) == (None, None)


def test_a_karin_whose_supervisor_is_dead_has_none(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    runtime.write(tmp_path, RuntimeInfo(ended.pid, 1_000, "redis://", "http://"))
    assert read_processes(tmp_path) == (None, None)


def test_a_process_that_has_just_ended_is_told_without_memory(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    run_as(tmp_path, scheduler=ended.pid)
    found, started_at_ms = read_processes(tmp_path)
    assert found is not None
    assert [(process.name, process.pss_bytes is None) for process in found] == [
        ("supervisor", False),
        ("scheduler", True),
        ("karin-tui", False),
    ]
    assert started_at_ms == 1_000


def test_a_system_that_tells_nothing_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PROC", tmp_path / "nothing")
    run_as(tmp_path, store=1)
    found, _ = read_processes(tmp_path)
    assert found is not None
    assert [process.pss_bytes for process in found] == [None, None, None]
