"""Memory of every process when idle: proportional set size, which counts shared pages once in all."""

import re
from functools import partial
from pathlib import Path

from benchmarks.harness import print_table, running_karin
from tests.processes import free_port, status_of
from tests.support import wait_until
from tests.system.whole import children_of

QUEUES = [f"idle-{number}" for number in range(5)]


def main() -> None:
    """Print PSS of each process in MB, without metrics and with them."""
    sizes, with_metrics = measured(), measured(KARIN_METRICS_BIND=f"127.0.0.1:{free_port()}")
    rows: list[tuple[object, ...]] = [("", "PSS MB", "with metrics")]
    rows += [(name, size, with_metrics[name]) for name, size in sizes.items()]
    rows += [("all", sum(sizes.values()), sum(with_metrics.values())), ("budget", 90.0, 90.0)]
    print_table("Memory when idle", rows)


def measured(**variables: str) -> dict[str, float]:
    """Return the PSS of each process in MB."""
    with running_karin(QUEUES, **variables) as karin:
        # One message through everything, so that nothing is left to be loaded.
        sqs = karin.client()
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=QUEUES[0])["QueueUrl"], MessageBody="0")
        karin.functions.arrived(1)
        for bind in variables.values():
            wait_until(partial(is_served, f"http://{bind}/metrics"), "metrics are served")
        sizes = {}
        for name, pid in karin.pids().items():
            sizes[name] = pss_mb(pid)
            for number, child in enumerate(children_of(pid) if name == "endpoint" else ()):
                sizes[f"  worker {number + 1}"] = pss_mb(child)
    return sizes


def is_served(url: str) -> bool:
    """Tell whether a URL is answered well."""
    return status_of(url) == 200


def pss_mb(pid: int) -> float:
    """Return a process's proportional set size in MB."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024
