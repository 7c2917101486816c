"""The whole of karin on 256 MB: a load is sent and delivered beside an open karin-tui, and nothing may be killed.

Where a memory cgroup can be made, karin and karin-tui run inside its limit. Elsewhere the proportional set size of all
their processes is added up again and again, and more than the limit ends this with an error.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from benchmarks.deliverers import send
from benchmarks.harness import Karin, print_table, running_karin
from benchmarks.limit import limited
from benchmarks.memory import pss_mb
from benchmarks.terminal import opened
from tests.system.whole import children_of

LIMIT_MB = 256
BATCHES = 100
QUEUES = [f"small-{number}" for number in range(5)]
LOOK_SECONDS = 0.1


def main() -> None:
    """Print the peak and say how it was limited; fails when a process was killed or a message is missing."""
    with ExitStack() as stack:
        group = stack.enter_context(limited(LIMIT_MB * 2**20))
        prefix = group.prefix if group else ()
        karin = stack.enter_context(running_karin([f"{queue}:10" for queue in QUEUES], prefix=prefix))
        pids = karin.pids()
        screen = stack.enter_context(opened(karin, prefix=prefix))
        screen.read(3)
        roots = (pids["supervisor"], screen.pid)
        idle_mb = _tree_mb(roots)
        watch = stack.enter_context(_watched(roots))
        sqs = karin.client()
        for queue in QUEUES:
            send(sqs, sqs.get_queue_url(QueueName=queue)["QueueUrl"], BATCHES * 10 // len(QUEUES))
            screen.press(b"j")
            screen.read(0.5)
        assert len(karin.functions.arrived(BATCHES * 10)) == BATCHES * 10
        screen.read(2)
        _check_alive(karin, pids, screen.pid)
        rows: list[tuple[object, ...]] = [
            ("", "MB"),
            ("all processes, karin-tui open, PSS", idle_mb),
            (f"under load, {BATCHES} batches of 10, peak of PSS", max(watch)),
        ]
        if group:
            rows.append(("the group's own peak, with the page cache of files", group.peak_mb()))
            if kills := group.kills():
                raise SystemExit(f"{kills} processes were killed: {LIMIT_MB} MB do not suffice")
    if max(watch) > LIMIT_MB:
        raise SystemExit(f"{max(watch):.1f} MB: more than {LIMIT_MB}")
    how = f"in a cgroup of {LIMIT_MB} MB, nothing was killed" if group else f"no cgroup here: PSS below {LIMIT_MB}"
    print_table(f"All of karin with karin-tui ({how})", rows)


@contextmanager
def _watched(roots: Sequence[int]) -> Iterator[list[float]]:
    """Add up the memory of trees of processes again and again; yield the sums."""
    sums: list[float] = [0.0]
    done = threading.Event()

    def look() -> None:
        while not done.wait(LOOK_SECONDS):
            sums.append(_tree_mb(roots))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield sums
    finally:
        done.set()
        thread.join()


def _tree(pid: int) -> list[int]:
    try:
        return [pid, *(below for child in children_of(pid) for below in _tree(child))]
    except OSError:  # it has just ended
        return []


def _tree_mb(roots: Sequence[int]) -> float:
    total = 0.0
    for pid in (pid for root in roots for pid in _tree(root)):
        try:
            total += pss_mb(pid)
        except OSError:
            continue
    return total


def _check_alive(karin: Karin, pids: dict[str, int], terminal: int) -> None:
    """Fail when a process was replaced by another or is gone."""
    if karin.pids() != pids:
        raise SystemExit(f"a process ended: {pids} are now {karin.pids()}")
    if not _tree_mb((terminal,)):
        raise SystemExit("karin-tui ended")
