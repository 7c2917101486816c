"""Memory of every process when idle: proportional set size, which counts shared pages once in all."""

import re
from pathlib import Path

from benchmarks.harness import print_table, running_karin
from tests.system.whole import children_of

QUEUES = [f"idle-{number}" for number in range(5)]


def main() -> None:
    """Print PSS of each process in MB."""
    with running_karin(QUEUES) as karin:
        # One message through everything, so that nothing is left to be loaded.
        sqs = karin.client()
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=QUEUES[0])["QueueUrl"], MessageBody="0")
        karin.functions.arrived(1)
        sizes = {}
        for name, pid in karin.pids().items():
            sizes[name] = pss_mb(pid)
            for number, child in enumerate(children_of(pid) if name == "endpoint" else ()):
                sizes[f"  worker {number + 1}"] = pss_mb(child)
    rows: list[tuple[object, ...]] = [("", "PSS MB"), *sizes.items(), ("all", sum(sizes.values())), ("budget", 90.0)]
    print_table("Memory when idle", rows)


def pss_mb(pid: int) -> float:
    """Return a process's proportional set size in MB."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024
