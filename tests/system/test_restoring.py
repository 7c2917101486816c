"""What ``karin restore`` puts in the place of what a store holds, and what that takes."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis

from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.schema import VERSION
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.commands import run_command
from tests.processes import bare_environ, process
from tests.store.support import ACCOUNT, bodies, claim, create, outgoing
from tests.support import short_folder, wait_until
from tests.system.backups import Contents, contents, run
from tests.system.whole import running_karin

MEASURING = """
import os, sys
from karin.cli.main import main
main(sys.argv[1:], os.environ)
print(next(line.strip() for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


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
            karin.sqs.create_queue(QueueName="idle")
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


def test_thirty_megabytes_of_messages_take_little_memory(store_url: str, store: Store, clock: ManualClock) -> None:
    """Both are measured in processes of their own; the figures are printed with ``-s``."""
    queue = create(store, clock.now_ms())
    body = os.urandom(750).hex()
    for _ in range(20):
        store.messages.send(queue, clock.now_ms(), [outgoing(clock.now_ms(), body) for _ in range(1_000)])
    with short_folder() as folder:
        path = str(folder / "backup")
        for arguments in (["backup", path], ["restore", path, "--replace", "--yes"]):
            seconds, megabytes, said = _measured(store_url, arguments)
            print(f"{arguments[0]}: {seconds:.1f} s, {megabytes} MB at most, {Path(path).stat().st_size:,} bytes")
            assert "1 queue with 20000 messages" in said
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
    done = run_command(environ, *arguments)
    assert code is None or done.returncode == code, done.stderr
    return done
