"""``karin backup`` and ``karin restore``: what went in comes out, also of a store that is used meanwhile."""

import os
from pathlib import Path

import redis

from karin.operations import backing_up
from karin.operations.context import Context
from karin.store import keys
from karin.store.copying import Piece
from karin.store.messages import Verdict
from karin.store.schema import VERSION
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store import fifo
from tests.store.support import FIFO, OTHER, QUEUE, bodies, claim, create, outgoing, settlement
from tests.system.backups import DEAD, FAIR, Contents, contents, run


def test_every_key_comes_back_as_it_was(filled: Contents, store_url: str, raw: redis.Redis, tmp_path: Path) -> None:
    parts = {key.decode().rpartition(":")[2] for key in filled}
    known = {part.rpartition(":")[2] for part in keys.of_queue(FIFO) + keys.of_queue(QUEUE)}
    assert parts >= known - {"moves", "remembered-until"}  # the latter is of older layouts
    path = tmp_path / "backup"
    code, said, _ = run(store_url, "backup", str(path))
    assert (code, said) == (0, f"wrote 5 queues with 10 messages to {path}, {path.stat().st_size:,} bytes\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert contents(store_url) == filled
    raw.flushall()
    code, said, _ = run(store_url, "restore", str(path))
    assert (code, said.split(" as of ")[0]) == (0, "restored 5 queues with 10 messages")
    assert contents(store_url) == filled
    assert not raw.exists(keys.SCHEDULERS, keys.handover(QUEUE))  # those of processes that lived then
    assert raw.get(keys.SCHEMA) == str(VERSION)
    assert os.listdir(tmp_path) == ["backup"]  # noqa: PTH208


def test_what_was_restored_is_received_as_it_would_have_been(
    filled: Contents, store: Store, clock: ManualClock, store_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "backup"
    assert run(store_url, "backup", str(path))[0] == 0
    assert run(store_url, "restore", str(path), "--replace", "--yes")[0] == 0
    clock.advance(seconds=40)
    taken = bodies(fifo.take(store, clock.now_ms()))
    assert sorted(taken) == ["a1", "a2", "b1"]
    assert taken.index("a1") < taken.index("a2")
    assert sorted(bodies(claim(store, clock.now_ms(), queue=FAIR))) == ["one", "one", "two"]
    assert bodies(claim(store, clock.now_ms(), queue=DEAD)) == ["fails"]


def test_what_was_to_expire_meanwhile_does(
    context: Context, clock: ManualClock, store_url: str, tmp_path: Path
) -> None:
    queue = create(context.store, clock.now_ms())
    context.store.queues.delete(queue, clock.now_ms())
    clock.advance(seconds=-120)
    backing_up.back_up(context, tmp_path / "backup")
    header, _ = backing_up.examine(tmp_path / "backup")
    assert contents(store_url)
    backing_up.restore(context, tmp_path / "backup", header)
    assert contents(store_url) == {}


def test_a_queue_is_as_it_was_at_one_instant(
    context: Context, clock: ManualClock, store_url: str, tmp_path: Path
) -> None:
    """Half of it is deleted and as much sent after its first piece was read."""
    store = context.store
    queue = create(store, clock.now_ms())
    store.messages.send(queue, clock.now_ms(), [outgoing(clock.now_ms(), f"{n:04}") for n in range(3_000)])
    before = {key: value for key, value in contents(store_url).items() if key != keys.QUEUES.encode()}
    reading = store.copying.read(clock.now_ms())
    read = [next(reading)]
    taken = claim(store, clock.now_ms(), most=1_000).messages
    store.messages.settle(queue, clock.now_ms(), [settlement(one, Verdict.DELETE) for one in taken])
    store.messages.send(queue, clock.now_ms(), [outgoing(clock.now_ms(), "late") for _ in range(1_000)])
    read += [piece for piece in reading if isinstance(piece, Piece)]
    redis.Redis.from_url(store_url).flushall()
    store.copying.write([piece for piece in read if isinstance(piece, Piece)])
    after = {key: value for key, value in contents(store_url).items() if key != keys.QUEUES.encode()}
    assert after == before


def test_nothing_is_left_of_a_backup_that_was_killed(store: Store, clock: ManualClock, raw: redis.Redis) -> None:
    create(store, clock.now_ms())
    before = set(raw.keys("*"))
    raw.set(keys.copy_of(keys.queue(OTHER)), "left")
    pieces_read = [one for one in store.copying.read(clock.now_ms()) if isinstance(one, Piece)]
    assert {piece.key.decode() for piece in pieces_read} == before == set(raw.keys("*"))


def test_two_backups_at_once_would_read_each_others_copies(
    filled: Contents, store: Store, clock: ManualClock, store_url: str, tmp_path: Path
) -> None:
    reading = store.copying.read(clock.now_ms())
    next(reading)
    code, _, said = run(store_url, "backup", str(tmp_path / "backup"))
    assert (code, said.split(":")[1]) == (1, " a backup of this store is being made, or was broken off")
    assert list(tmp_path.iterdir()) == []
    reading.close()  # type: ignore[attr-defined]
    assert run(store_url, "backup", str(tmp_path / "backup"))[0] == 0
