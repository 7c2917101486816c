"""``karin backup`` and ``karin restore``: what went in comes out, of a store that is used, and only of a whole file."""

import gzip
import io
import json
import os
import resource
import subprocess
import sys
import uuid
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from karin.cli.main import main
from karin.mapping.invocation import Invocation, pack_invocation
from karin.mapping.model import Snapshot
from karin.mapping.outcome import OutcomeKind
from karin.mapping.pause import paused_by_user
from karin.operations import backing_up
from karin.operations.backup_file import BadBackup, check, pieces, writing
from karin.operations.context import Context
from karin.sqs.message import MessageAttribute
from karin.sqs.moves import MoveStatus, MoveTask
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.copying import OF_THE_LIVING, Piece
from karin.store.messages import Call, Verdict
from karin.store.schema import VERSION
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.processes import bare_environ, process
from tests.store import fifo
from tests.store.support import ACCOUNT, FIFO, OTHER, QUEUE, bodies, claim, create, outgoing, send, settlement
from tests.support import short_folder, wait_until
from tests.system.whole import running_karin

DEAD = QueueId(ACCOUNT, "dead")
FAIR = QueueId(ACCOUNT, "fair")
ODD_BODY = "\x00\r\n\ud55c\U0001f600}{" * 50
Contents = dict[bytes, Any]
MEASURING = """
import os, sys
from karin.cli.main import main
main(sys.argv[1:], os.environ)
print(next(line.strip() for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def contents(store_url: str) -> Contents:
    """Return every key of a store with its value and, of the few that expire, when that is, within five seconds."""
    client: Any = redis.Redis.from_url(store_url)
    read = {
        b"hash": client.hgetall,
        b"zset": lambda key: sorted(client.zrange(key, 0, -1, withscores=True)),
        b"list": lambda key: client.lrange(key, 0, -1),
        b"string": client.get,
    }
    living = {key.encode() for key in OF_THE_LIVING}
    found = {key: (read[client.type(key)](key), client.ttl(key) >= 0) for key in client.keys("*") if key not in living}
    client.close()
    return found


def run(store_url: str, *arguments: str) -> tuple[int, str, str]:
    """Run a command over a store; return its exit code and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments, bare_environ(REDIS_URL=store_url, KARIN_HOME="/nonexistent"))
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def filled(store: Store, clock: ManualClock, store_url: str, raw: redis.Redis) -> Contents:
    """Fill a store with every type of key that karin writes, and return all of it."""
    now_ms = clock.now_ms()
    store.schema.claim()
    create(store, now_ms, DEAD)
    policy = json.dumps({"deadLetterTargetArn": DEAD.arn("us-east-1"), "maxReceiveCount": 1})
    create(store, now_ms, QUEUE, RedrivePolicy=policy)
    store.queues.tag(QUEUE, {"team": "blue", "empty": ""})
    send(store, now_ms, "fails", queue=DEAD, dead_letter_source_arn=QUEUE.arn("us-east-1"))
    binary = MessageAttribute("Binary", binary_value=bytes(range(256)))
    send(store, now_ms, ODD_BODY, attributes={"raw": binary})
    send(store, now_ms, "delayed", delay_ms=900_000)
    call = Call("uuid", "call", now_ms + 60_000)
    (first,) = claim(store, now_ms, most=1, call=call).messages
    record = Invocation(
        id=str(uuid.uuid4()),
        queue=QUEUE,
        mapping_uuid="uuid",
        function_arn="arn:f",
        outcome=OutcomeKind.FUNCTION_ERROR,
        started_at_ms=now_ms,
        duration_ms=5,
    )
    settled = [settlement(first, Verdict.RETRY, now_ms + 1_000)]
    store.messages.settle(QUEUE, now_ms, settled, call=call, goes_on=True, invocation=pack_invocation(record))
    send(store, now_ms, "done")
    store.messages.settle(
        QUEUE, now_ms, [settlement(one, Verdict.DELETE) for one in claim(store, now_ms, most=1).messages]
    )
    send(store, now_ms, "leased")
    claim(store, now_ms)
    create(store, now_ms, FAIR)
    for group in ("one", "one", "two"):
        send(store, now_ms, group, queue=FAIR, group_id=group)
    create(store, now_ms, FIFO)
    fifo.send(store, now_ms, "a1", "a2", "b1")
    fifo.take(store, now_ms, most=1, attempt_id="again")
    create(store, now_ms, OTHER)
    for queue in (OTHER, DEAD):
        task = MoveTask(str(uuid.uuid4()), queue.arn("us-east-1"), None, None, now_ms, to_move=1)
        active = store.moves.start(queue, now_ms, task)
        store.moves.advance(active, now_ms, "scheduler", 15_000)
        if queue is OTHER:  # it is over: past tasks are a key of their own
            done = msgspec.structs.replace(task, status=MoveStatus.COMPLETED)
            assert store.moves.end(active, now_ms, "scheduler", done)
    create(store, now_ms, QueueId(ACCOUNT, "gone"))
    store.queues.delete(QueueId(ACCOUNT, "gone"), now_ms)
    store.deployment.replace_snapshot(Snapshot(now_ms, ACCOUNT, "us-east-1"))
    store.deployment.override("uuid", now_ms)
    store.pauses.pause("uuid", paused_by_user("because", now_ms))
    raw.hset(keys.SCHEDULERS, "long-gone", 1)
    return contents(store_url)


def test_every_key_comes_back_as_it_was(filled: Contents, store_url: str, raw: redis.Redis, tmp_path: Path) -> None:
    parts = {key.decode().rpartition(":")[2] for key in filled}
    assert parts >= {part.rpartition(":")[2] for part in keys.of_queue(FIFO) + keys.of_queue(QUEUE)} - {"moves"}
    path = tmp_path / "backup"
    code, said, _ = run(store_url, "backup", str(path))
    assert (code, said) == (0, f"wrote 5 queues with 10 messages to {path}, {path.stat().st_size:,} bytes\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert contents(store_url) == filled
    raw.flushall()
    code, said, _ = run(store_url, "restore", str(path))
    assert (code, said.split(" as of ")[0]) == (0, "restored 5 queues with 10 messages")
    assert contents(store_url) == filled
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


def test_a_store_that_holds_queues_is_only_replaced_when_told(
    filled: Contents, store_url: str, tmp_path: Path, store: Store, clock: ManualClock
) -> None:
    path = str(tmp_path / "backup")
    assert run(store_url, "backup", path)[0] == 0
    create(store, clock.now_ms(), QueueId(ACCOUNT, "new"))
    changed = contents(store_url)
    code, _, said = run(store_url, "restore", path)
    assert code == 1
    assert said.endswith("holds 6 queues with 10 messages: say --replace to delete them\n")
    assert run(store_url, "restore", path, "--replace")[0] == 2  # nobody can be asked here
    assert contents(store_url) == changed
    code, said, _ = run(store_url, "restore", path, "--replace", "--yes", "--json")
    assert (code, json.loads(said)["messages"]) == (0, 10)
    assert contents(store_url) == filled


def test_a_store_that_is_served_is_only_replaced_by_force(
    filled: Contents, store_url: str, tmp_path: Path, raw: redis.Redis, clock: ManualClock
) -> None:
    path = str(tmp_path / "backup")
    assert run(store_url, "backup", path)[0] == 0
    raw.hset(keys.SCHEDULERS, "alive", clock.now_ms())
    code, _, said = run(store_url, "restore", path, "--replace", "--yes")
    assert (code, said.split(":")[1]) == (1, " a karin serves this store")
    assert run(store_url, "restore", path, "--replace", "--yes", "--force")[0] == 0


def spoilt(path: Path, change: Callable[[bytes], bytes]) -> Path:
    """Write a file beside a backup that is the same but for a change."""
    other = path.with_name("spoilt")
    other.write_bytes(change(path.read_bytes()))
    return other


def repacked(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Return a change of what is in a file, whose own checksum is right."""
    return lambda whole: gzip.compress(change(gzip.decompress(whole)))


CHANGES = {
    "empty": lambda _: b"",
    "a text": lambda _: b"hello",
    "cut": lambda whole: whole[:-1],
    "cut in half": lambda whole: whole[: len(whole) // 2],
    "a bit": lambda whole: whole[:200] + bytes([whole[200] ^ 1]) + whole[201:],
    "more": lambda whole: whole + b"x",
    "twice": lambda whole: whole + whole,
    "a letter inside": repacked(lambda inside: inside.replace(b"delayed", b"belayed")),
    "a letter that is none": repacked(lambda inside: inside.replace(b"zset", b"\xdcset", 1)),
    "without its end": repacked(lambda inside: inside[: inside.rindex(b"\xa3end") - 5]),
    "cut inside": repacked(lambda inside: inside[:-1]),
    "another program's": repacked(lambda _: b"hello"),
    "no text inside": repacked(lambda inside: inside.replace(b"\xa6header", b"\xa6h\xffader")),
    "a giant": repacked(lambda inside: inside[:13] + b"\xff\xff\xff\xff" + inside[17:]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_file_that_is_not_whole_changes_nothing(
    filled: Contents, store_url: str, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "backup"
    assert run(store_url, "backup", str(path))[0] == 0
    code, out, said = run(store_url, "restore", str(spoilt(path, change)), "--replace", "--yes")
    assert (code, out, said.count("\n")) == (1, "", 1)
    assert contents(store_url) == filled


def test_a_newer_karins_file_is_refused_by_name(filled: Contents, store_url: str, tmp_path: Path) -> None:
    path = tmp_path / "backup"
    assert run(store_url, "backup", str(path))[0] == 0
    header, _ = check(path)
    for newer, expected in (
        (msgspec.structs.replace(header, format=2), "was made by a newer karin ("),
        (
            msgspec.structs.replace(header, schema=VERSION + 1),
            f"was made by a newer karin (schema {VERSION + 1}, this one knows {VERSION})",
        ),
    ):
        with writing(path, newer) as writer:
            writer.end(0, 0)
        code, _, said = run(store_url, "restore", str(path), "--replace", "--yes")
        assert code == 1
        assert expected in said


def test_a_file_is_there_as_a_whole_or_as_it_was(
    filled: Contents, raw: redis.Redis, store_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "backup"
    path.write_text("the last one")
    raw.xadd("karin:strange", {"a": "b"})
    code, _, said = run(store_url, "backup", str(path))
    assert (code, said) == (
        1,
        "karin: karin:strange is a stream, which is nothing that this karin writes: is it another program's?\n",
    )
    assert path.read_text() == "the last one"
    assert [found.name for found in tmp_path.iterdir()] == ["backup"]
    assert not raw.exists(keys.COPYING)
    with pytest.raises(BadBackup):
        list(pieces(path))


def test_what_is_no_file_is_not_replaced_by_one(filled: Contents, store_url: str, tmp_path: Path) -> None:
    """A rename would put a backup in the place of /dev/null."""
    pipe, link, target = tmp_path / "pipe", tmp_path / "link", tmp_path / "target"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        code, out, said = run(store_url, "backup", str(path))
        assert (code, out, said) == (1, "", f"karin: {pipe} is not a file: name one, or a new one\n")
    assert pipe.is_fifo()
    missing = tmp_path / "missing"
    assert run(store_url, "backup", str(missing / "b"))[2] == f"karin: {missing} is no folder: make it first\n"
    link.unlink()
    link.symlink_to(target)
    assert run(store_url, "backup", str(link))[0] == 0
    assert link.is_symlink()
    assert check(target)


def test_a_disk_without_room_leaves_the_last_backup(filled: Contents, store_url: str, tmp_path: Path) -> None:
    path = tmp_path / "backup"
    assert run(store_url, "backup", str(path))[0] == 0
    last = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(last) // 2, hard))
    try:
        code, out, said = run(store_url, "backup", str(path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (code, out, said) == (1, "", f"karin: {path}: File too large\n")
    assert path.read_bytes() == last
    assert [found.name for found in tmp_path.iterdir()] == ["backup"]


def test_an_upgrade_is_taken_back_by_restoring_the_backup_from_before_it(
    filled: Contents, store_url: str, tmp_path: Path, raw: redis.Redis
) -> None:
    path = str(tmp_path / "backup")
    assert run(store_url, "backup", path)[0] == 0
    raw.set(keys.SCHEMA, 99)
    raw.xadd("karin:what-this-one-does-not-know", {"a": "b"})
    newer = contents_but_streams(raw)
    code, _, said = run(store_url, "restore", path)
    assert (code, "written by a newer karin (schema 99" in said) == (1, True)
    code, _, said = run(store_url, "restore", path, "--replace")
    assert (code, "what a newer karin wrote" in said) == (2, True)  # nobody can be asked here
    assert contents_but_streams(raw) == newer
    assert run(store_url, "restore", path, "--replace", "--yes")[0] == 0
    assert contents(store_url) == filled
    assert raw.get(keys.SCHEMA) == str(VERSION)


def contents_but_streams(raw: redis.Redis) -> dict[str, object]:
    """Return all keys and what they hold as the server itself writes it."""
    client: Any = raw
    return {key: client.execute_command("OBJECT", "ENCODING", key) for key in client.keys("*")}


def test_the_embedded_store_is_saved_while_karin_runs_and_restored_when_it_does_not() -> None:
    with short_folder() as folder:
        path = str(folder / "backup")
        with running_karin() as karin:
            karin.client().create_queue(QueueName="idle")
            karin.command("send", "idle", "kept")
            assert karin.command("restore", path).returncode == 1
            saved = karin.command("backup", path, "--json")
            assert json.loads(saved.stdout)["messages"] == 1
            refused = karin.command("restore", path, "--replace", "--yes")
            assert refused.stderr.startswith("karin: a karin serves this store")
            bind = {"KARIN_BIND": karin.environ["KARIN_BIND"]}
        environ = karin.environ | {"KARIN_HOME": str(folder / "home")} | bind
        _command(environ, "backup", path, code=1)  # there is nothing yet
        _command(environ, "restore", path)
        held = _command(environ, "restore", path, code=1)
        assert "(embedded) holds" in held.stderr
        again = _command(environ, "backup", str(folder / "again"), "--json")
        assert json.loads(again.stdout)["messages"] == 1
        with process([sys.executable, "-m", "karin", "up"], environ):
            wait_until(lambda: _command(environ, "messages", "idle", code=None).stdout, "karin is up", 30)
            assert "kept" in _command(environ, "messages", "idle").stdout


def test_a_hundred_thousand_messages_take_little_memory(store_url: str, store: Store, clock: ManualClock) -> None:
    """Both are measured in processes of their own; the figures are printed with ``-s``."""
    queue = create(store, clock.now_ms())
    body = os.urandom(150).hex()
    for _ in range(100):
        store.messages.send(queue, clock.now_ms(), [outgoing(clock.now_ms(), body) for _ in range(1_000)])
    with short_folder() as folder:
        path = str(folder / "backup")
        for arguments in (["backup", path], ["restore", path, "--replace", "--yes"]):
            seconds, megabytes, said = _measured(store_url, arguments)
            print(f"{arguments[0]}: {seconds:.1f} s, {megabytes} MB at most, {Path(path).stat().st_size:,} bytes")
            assert "1 queue with 100000 messages" in said
            assert megabytes < 80
    assert bodies(claim(store, clock.now_ms(), most=2)) == [body, body]


def _measured(store_url: str, arguments: Sequence[str]) -> tuple[float, int, str]:
    """Return how long a command took, its greatest resident memory in MB, and what it printed."""
    with short_folder() as home:
        started = os.times().elapsed
        done = subprocess.run(
            [sys.executable, "-c", MEASURING, *arguments],
            env=bare_environ(REDIS_URL=store_url, KARIN_HOME=str(home)),
            capture_output=True,
            text=True,
            timeout=100,
            check=True,
        )
    said, most = done.stdout.splitlines()
    return os.times().elapsed - started, int(most.split()[1]) // 1024, said


def _command(environ: dict[str, str], *arguments: str, code: int | None = 0) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-m", "karin", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert code is None or done.returncode == code, done.stderr
    return done
