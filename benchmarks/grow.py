"""What a backlog costs: each step's price beside an empty store, memory, start-up, and a thousand queues at once.

``grow`` takes all points of both kinds of queue and draws docs/images/growth-*.svg, ``grow:fifo`` those of one kind;
``grow:standard,0,100000`` takes some points and draws nothing.
"""

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.backlog import BODY_BYTES, QUEUES, Backlog, running_backlog
from benchmarks.growth_chart import Lines, draw
from benchmarks.harness import ROOT, Karin, instant_functions, percentile, print_table, running_karin
from benchmarks.prices import PROMISED, ROUNDS, STEPS, prices
from benchmarks.starting import processor_seconds
from karin import runtime
from karin.embedded import store_answers
from karin.settings import Settings
from karin.store.store import Store
from tests.processes import bare_environ, free_port, process, status_of
from tests.support import wait_until

POINTS = (0, 1_000, 10_000, 100_000, 1_000_000)
KINDS = ("standard", "fifo")
IMAGES = ROOT / "docs" / "images"
MANY = 1_000  # queues with one message each
AHEAD_SECONDS = 30
WITHIN_SECONDS = (3, 10)
UP_SECONDS = 300


def main(given: str = "") -> None:
    """Print the tables, and draw a picture of each kind of queue when all points are taken."""
    words = given.split(",") if given else []
    points = tuple(sorted(int(word) for word in words if word not in KINDS)) or POINTS
    random.seed(1)
    for kind in [kind for kind in KINDS if kind in words] or KINDS:
        starts: list[tuple[object, ...]] = [
            ("s from `karin up`", "store answers", "all serve", "after the store", "processor: store", "karin")
        ]
        with _folder() as folder:
            lines = _grow(folder, kind, points, fifo=kind == "fifo")
            if points == POINTS:
                draw(kind, lines, IMAGES / f"growth-{kind}.svg")
            (folder / "new").mkdir()
            starts.append(("a new home", *_start(folder / "new")))
            starts.append((f"{points[-1]:,} messages", *_start(folder / "filled")))
        print_table(f"Start-up, {kind}", starts)
        sys.stdout.flush()
    _many_queues()


def _grow(folder: Path, kind: str, points: tuple[int, ...], *, fifo: bool) -> Lines:
    """Print a table of prices and one of memory; return each step's ratios by backlog."""
    lines: Lines = {step: [] for step in STEPS}
    memory: list[tuple[object, ...]] = [
        ("messages", "bytes beyond the body", "of them remembered", "filled, messages/s")
    ]
    with running_backlog(folder / "empty", fifo=fifo) as empty, running_backlog(folder / "filled", fifo=fifo) as filled:
        for point in points:
            held, began = filled.held, time.monotonic()
            filled.fill(point)
            speed = (point - held) / (time.monotonic() - began)
            if point:
                remembered = filled.bytes_remembered() if fifo else 0.0
                memory.append((f"{point:,}", filled.bytes_beyond_the_body(), remembered, f"{speed:,.0f}"))
            for step, ratio in _print_prices(kind, empty, filled, QUEUES).items():
                lines[step].append((point, ratio))
        _print_prices(kind, empty, filled, 1)
    print_table(f"Memory of the store, {kind}, bodies of {BODY_BYTES} bytes", memory)
    return lines


def _print_prices(kind: str, empty: Backlog, filled: Backlog, queues: int) -> dict[str, float]:
    """Print what each step costs in so many of the queues by turns; return how many times the empty store's it is."""
    before, after = prices([empty, filled], queues=queues)
    rows: list[tuple[object, ...]] = [("us", "server, empty", "filled", "ratio", "client, empty", "filled", "ratio")]
    ratios = {step: after[step].server_us / before[step].server_us for step in STEPS}
    for step, ratio in ratios.items():
        was, now = before[step], after[step]
        title = f"{step}, promised" if step in PROMISED else step
        in_client = (was.client_us, now.client_us, f"{now.client_us / was.client_us:.2f}")
        rows.append((title, was.server_us, now.server_us, f"{ratio:.2f}", *in_client))
    where = "always the same queue" if queues == 1 else f"{queues} queues by turns"
    print_table(f"{kind}, {filled.held:,} messages in {QUEUES} queues, {where}, median of {ROUNDS}", rows)
    sys.stdout.flush()
    return ratios


def _start(home: Path) -> tuple[str, ...]:
    """Return the seconds from ``karin up`` until the store answers, until endpoint and scheduler serve, and between.

    While the store loads its data it does not answer; that is Valkey's own part. On a busy machine the processor time,
    of the store and of all else, tells more than what passed.
    """
    port, settings = free_port(), Settings(home=home)
    url = f"http://127.0.0.1:{port}"
    with instant_functions([]) as functions:
        there = {"AWS_ENDPOINT_URL_LAMBDA": functions.url, "AWS_ENDPOINT_URL_SQS": functions.url}
        environ = bare_environ(KARIN_HOME=str(home), KARIN_BIND=f"127.0.0.1:{port}", **there)
        began, began_ms = time.monotonic(), time.time_ns() // 1_000_000
        with process([sys.executable, "-m", "karin", "up"], environ, home / "up.log"):
            wait_until(lambda: store_answers(settings.socket_path), "the store answers", UP_SECONDS)
            store_s = time.monotonic() - began
            wait_until(lambda: status_of(f"{url}/?Action=ListQueues") == 200, "the endpoint answers", UP_SECONDS)
            deployment = Store.open(settings.store_url, max_connections=1).deployment
            wait_until(
                lambda: any(at_ms > began_ms for at_ms in deployment.last_sweeps().values()), "it swept", UP_SECONDS
            )
            served_s, info = time.monotonic() - began, runtime.read(home)
            assert info is not None
            all_s, of_store_s = processor_seconds(info.pid), processor_seconds(info.children["store"])
    seconds = (store_s, served_s, served_s - store_s, of_store_s, all_s - of_store_s)
    return tuple(f"{one:.2f}" for one in seconds)


def _many_queues() -> None:
    """Print how late a thousand messages are, each the only one of its queue, due within the same few seconds."""
    names = [f"many-{number:04}" for number in range(MANY)]
    with running_karin(names) as karin:
        sqs = karin.client()
        rows: list[tuple[object, ...]] = [("", "p50", "p99", "worst")]
        for within_s in WITHIN_SECONDS:
            late_ms = _one_each(karin, sqs, names, within_s)
            title = f"due within {within_s} s"
            rows.append((title, percentile(late_ms, 50), percentile(late_ms, 99), max(late_ms)))
    print_table(f"Lateness in ms, {MANY:,} queues with one message each", rows)


def _one_each(karin: Karin, sqs: Any, names: Sequence[str], within_s: int) -> list[float]:
    """Return how late messages are, one in each queue, due at instants that spread over so many seconds."""
    began = time.time()
    for number, name in enumerate(names):
        delay = round(began + AHEAD_SECONDS + number % within_s - time.time())
        url = f"{karin.url}/000000000000/{name}"
        sqs.send_message(QueueUrl=url, MessageBody=str(delay), DelaySeconds=delay)
    assert time.time() < began + AHEAD_SECONDS, "the first was due before the last was sent"
    return [one.late_ms for one in karin.functions.arrived(len(names))]


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="karin-bench-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
