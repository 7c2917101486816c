"""How soon karin, karin-tui and each command answer on one core, and what processor time that takes.

Times need a quiet machine; processor time hardly does, and on one core a start cannot be quicker than that.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.harness import Karin, print_table, running_karin
from benchmarks.terminal import FIRST_SIGHT, opened
from tests.processes import bare_environ, free_port, process, status_of
from tests.support import wait_until

STARTS = 7
QUEUE = "bench"
UP_SECONDS, TERMINAL_SECONDS, COMMAND_SECONDS = 1.5, 1.5, 0.4  # what is promised
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
COMMANDS = (
    ("--version",),
    ("status",),
    ("queues",),
    ("messages", QUEUE),
    ("mappings",),
    ("functions",),
    ("invocations",),
    ("send", QUEUE, "0"),
)
Measured = tuple[float, float]  # seconds until the answer, and of processor time until then


def main() -> None:
    """Print the median of several starts of each."""
    rows: list[tuple[object, ...]] = [("", "median s", "worst s", "processor s", "promised s")]
    rows.append(_row("karin up, from nothing to its first answer", _up, UP_SECONDS))
    with running_karin([QUEUE]) as karin:
        rows.append(_row("karin-tui, to its table of queues", lambda: _terminal(karin), TERMINAL_SECONDS))
        for command in COMMANDS:
            title = f"karin {' '.join(command)}"
            rows.append(_row(title, lambda command=command: _command(karin, command), COMMAND_SECONDS))  # type: ignore[misc]
    print_table(f"Starts on one core, {STARTS} of each", rows)


def _row(title: str, start: Callable[[], Measured], promised: float) -> tuple[object, ...]:
    seconds, processor = zip(*(start() for _ in range(STARTS)), strict=True)
    median = statistics.median(seconds)
    return (title, f"{median:.2f}", f"{max(seconds):.2f}", f"{statistics.median(processor):.2f}", promised)


def _up() -> Measured:
    home, port = Path(tempfile.mkdtemp(prefix="karin-bench-", dir="/tmp")), free_port()
    environ = bare_environ(KARIN_HOME=str(home), KARIN_BIND=f"127.0.0.1:{port}")
    core = str(min(os.sched_getaffinity(0)))
    command = ["taskset", "-c", core, sys.executable, "-m", "karin", "up"]
    began = time.monotonic()
    try:
        with process(command, environ) as karin:
            wait_until(lambda: status_of(f"http://127.0.0.1:{port}/?Action=ListQueues") == 200, "karin answers", 60)
            return time.monotonic() - began, processor_seconds(karin.pid)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _terminal(karin: Karin) -> Measured:
    began = time.monotonic()
    with opened(karin) as screen:
        assert FIRST_SIGHT in screen.read(60, FIRST_SIGHT)
        return time.monotonic() - began, processor_seconds(screen.pid)


def _command(karin: Karin, command: Sequence[str]) -> Measured:
    program = str(Path(sys.executable).with_name("karin"))
    nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    began = time.monotonic()
    pid = os.posix_spawn(program, [program, *command], karin.environ, file_actions=nowhere)
    os.sched_setaffinity(pid, {max(os.sched_getaffinity(0))})
    _, status, used = os.wait4(pid, 0)
    assert status == 0, command
    return time.monotonic() - began, used.ru_utime + used.ru_stime


def processor_seconds(pid: int) -> float:
    """Return the processor time that a tree of processes has taken, those that have ended included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    own = sum(map(int, fields[11:15])) / TICKS_A_SECOND  # user and system time, own and of children that ended
    # Of all its threads: the scheduler starts what it asks botocore in another than its first.
    listed = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    return own + sum(processor_seconds(int(child)) for child in " ".join(listed).split())
