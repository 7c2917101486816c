"""What a message takes of the store's memory beyond its body, and what a body costs to compress."""

import json
import os
import statistics
import tempfile
import time
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from benchmarks.harness import print_table
from karin.sqs.message import Message
from karin.sqs.names import QueueId
from karin.sqs.queue_attributes import defaults_for
from karin.sqs.stored import pack_message, unpack_message
from karin.store import keys
from karin.store.messages import Outgoing
from karin.store.store import Store
from tests.processes import running_store
from tests.support import wait_until

ACCOUNT = "000000000000"
MESSAGES = 100_000
AT_ONCE = 200
BODY_BYTES = 100
DELAY_MS = 600_000
ROUNDS = 15
KINDS = {
    "standard, delayed": ("stored", {}),
    "standard, delayed, each in one of 100 groups": ("grouped", {"group_id": True}),
    "FIFO, each in one of 100 groups": ("stored.fifo", {"group_id": True, "deduplication_id": True}),
}


def main() -> None:
    """Print the bytes beyond the body, and the milliseconds that packing and unpacking take."""
    rows: list[tuple[object, ...]] = [("", "bytes beyond the body", "five minutes later")]
    rows += [(title, *beyond_the_body(name, fields)) for title, (name, fields) in KINDS.items()]
    print_table(f"Memory of a stored message, {MESSAGES:,} with bodies of {BODY_BYTES} bytes", rows)
    costs: list[tuple[object, ...]] = [("", "stored, of its length", "pack ms", "zlib ms", "unpack ms")]
    for size in (1_024, 16_384, 262_144, 1_048_576):
        costs.append((f"JSON of {size:,} bytes", *costs_of(text(size))))
        costs.append((f"hexadecimal chance of {size:,} bytes", *costs_of(os.urandom(size // 2).hex().ljust(size, "x"))))
    print_table(f"Compressing bodies, median of {ROUNDS}", costs)


def beyond_the_body(name: str, fields: dict[str, bool]) -> tuple[float, float]:
    """Return how many bytes a message takes of the store, without its body: with what deduplication remembers of it,
    and when that is forgotten.
    """
    queue = QueueId(ACCOUNT, name)
    with empty_store() as (store, raw):
        now_ms = time.time_ns() // 1_000_000  # beside karin's clock: nothing here is timed by it
        store.queues.create(queue, now_ms, {}, defaults_for(fifo=queue.is_fifo))
        before = used_memory(raw)
        for start in range(0, MESSAGES, AT_ONCE):
            some = [outgoing(number, now_ms, fields, fifo=queue.is_fifo) for number in range(start, start + AT_ONCE)]
            store.messages.send(queue, now_ms, some)
        at_first = used_memory(raw)
        raw.delete(keys.remembered(queue), keys.forgetting(queue))
        wait_until(lambda: not memory(raw)["lazyfree_pending_objects"], "it is forgotten")
        return (at_first - before) / MESSAGES - BODY_BYTES, (used_memory(raw) - before) / MESSAGES - BODY_BYTES


def outgoing(number: int, now_ms: int, fields: dict[str, bool], *, fifo: bool) -> Outgoing:
    """Return a message that is due after a while."""
    given: dict[str, Any] = {}
    if "group_id" in fields:
        given["group_id"] = f"group-{number % 100}"
    if "deduplication_id" in fields:
        given["deduplication_id"] = str(number)
    message = Message(str(uuid.uuid4()), "x" * BODY_BYTES, now_ms, ACCOUNT, **given)
    return Outgoing(message, 0, None if fifo else DELAY_MS + number)


@contextmanager
def empty_store() -> Iterator[tuple[Store, "redis.Redis"]]:
    """Run a store of its own."""
    with tempfile.TemporaryDirectory(prefix="karin-bench-", dir="/tmp") as folder, running_store(Path(folder)) as url:
        yield Store.open(url, max_connections=1), redis.Redis.from_url(url)


def used_memory(raw: "redis.Redis") -> int:
    """Return what the store says that it uses."""
    return int(memory(raw)["used_memory"])


def memory(raw: "redis.Redis") -> dict[str, Any]:
    """Return what the store tells of its memory."""
    told: Any = raw.info("memory")
    return dict(told)


def costs_of(body: str) -> tuple[object, ...]:
    """Return what is stored of a body, as a share, and how long it takes."""
    message = Message(str(uuid.uuid4()), body, 1_700_000_000_000, ACCOUNT)
    packed = pack_message(message, ACCOUNT)
    return (
        f"{len(packed) / len(body):.0%}",
        f"{median_ms(lambda: pack_message(message, ACCOUNT)):.3f}",
        f"{median_ms(lambda: zlib.compress(body.encode(), 1)):.3f}",
        f"{median_ms(lambda: unpack_message('', packed, ACCOUNT)):.3f}",
    )


def median_ms(do: Any) -> float:
    """Return how long something takes."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        do()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def text(size: int) -> str:
    """Return JSON such as programs send, with as much chance in it."""
    orders: list[dict[str, object]] = []
    length = 0
    while length < size:
        one = {"orderId": str(uuid.uuid4()), "customer": os.urandom(4).hex(), "status": "PAID", "amount": length}
        orders.append(one)
        length += len(json.dumps(one)) + 2
    return json.dumps(orders)[:size]
