"""The version of the data: written once, read at each start, and refused when it is a newer karin's."""

import subprocess
import sys

import pytest
import redis

from karin.store import keys
from karin.store.schema import EXIT_NEWER_STORE, VERSION, NewerStore
from karin.store.store import Store
from tests.processes import bare_environ, free_port, process, running_endpoint, status_of
from tests.support import START_SECONDS, short_folder, wait_until
from tests.wire.monitoring import commands

SENTENCE = (
    f"this store was written by a newer karin (schema {VERSION + 1}, this one knows {VERSION}):"
    " upgrade this karin, or restore a backup"
)


def karin(store_url: str, *arguments: str, module: str = "karin") -> "subprocess.CompletedProcess[str]":
    """Run a command over a store until it ends."""
    with short_folder() as home:
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=bare_environ(REDIS_URL=store_url, KARIN_HOME=str(home), KARIN_BIND=f"127.0.0.1:{free_port()}"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def test_the_first_to_claim_an_unversioned_store_writes_its_version(store: Store, raw: redis.Redis) -> None:
    assert store.schema.check() is None
    store.schema.claim()
    assert raw.get(keys.SCHEMA) == str(VERSION)
    assert store.schema.check() == VERSION


def test_a_claimed_store_is_claimed_again_with_one_command(store: Store, raw: redis.Redis) -> None:
    store.schema.claim()
    with commands(raw) as seen:
        store.schema.claim()
    assert seen == ["GET"]


@pytest.mark.parametrize(
    "written", [str(VERSION + 1), "10000000000000000000000", "1.5", "", "-1", "\N{SUPERSCRIPT TWO}"]
)
def test_whatever_else_is_written_is_a_newer_karins(store: Store, raw: redis.Redis, written: str) -> None:
    raw.set(keys.SCHEMA, written)
    with pytest.raises(NewerStore):
        store.schema.claim()
    assert raw.get(keys.SCHEMA) == written


def test_commands_refuse_a_newer_store_and_leave_it_alone(store_url: str, raw: redis.Redis) -> None:
    raw.set(keys.SCHEMA, VERSION + 1)
    for arguments in (["status"], ["send", "work", "hello"], ["backup", "/nonexistent/backup"]):
        done = karin(store_url, *arguments)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"karin: {SENTENCE}\n")
    assert raw.keys("*") == [keys.SCHEMA]


def test_looking_at_an_unversioned_store_writes_nothing(store_url: str, raw: redis.Redis) -> None:
    assert karin(store_url, "queues").returncode == 0
    assert raw.keys("*") == []


def test_a_scheduler_refuses_a_newer_store_before_it_writes_anything(store_url: str, raw: redis.Redis) -> None:
    raw.set(keys.SCHEMA, VERSION + 1)
    done = karin(store_url, "scheduler")
    assert (done.returncode, done.stdout) == (EXIT_NEWER_STORE, f"ERROR {SENTENCE}\n")
    assert raw.keys("*") == [keys.SCHEMA]


def test_an_endpoint_refuses_a_newer_store(store_url: str, raw: redis.Redis) -> None:
    raw.set(keys.SCHEMA, VERSION + 1)
    done = karin(store_url, "endpoint")
    assert done.returncode == EXIT_NEWER_STORE
    assert done.stderr.splitlines()[-1] == f"karin: {SENTENCE}"
    assert "Traceback" not in done.stderr


def test_up_gives_up_at_once_and_says_why(store_url: str, raw: redis.Redis) -> None:
    raw.set(keys.SCHEMA, VERSION + 1)
    done = karin(store_url, "up")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout
    (said,) = done.stderr.splitlines()
    assert said.endswith(SENTENCE)
    assert "is beyond repair (exit code 78): its store was written by a newer karin" in said


def test_an_endpoint_and_a_scheduler_write_the_version_of_an_unversioned_store(
    store_url: str, raw: redis.Redis
) -> None:
    with running_endpoint(store_url):
        assert raw.get(keys.SCHEMA) == str(VERSION)
    raw.delete(keys.SCHEMA)
    with process([sys.executable, "-m", "karin", "scheduler"], bare_environ(REDIS_URL=store_url)):
        wait_until(lambda: raw.get(keys.SCHEMA) == str(VERSION), "the scheduler writes the version")


def test_an_endpoint_that_found_no_store_looks_once_there_is_one(store_url: str, raw: redis.Redis) -> None:
    raw.set(keys.SCHEMA, VERSION + 1)
    with short_folder() as home:
        late = home / "late.sock"
        environ = bare_environ(REDIS_URL=f"unix://{late}", KARIN_BIND=f"127.0.0.1:{free_port()}")
        url = f"http://{environ['KARIN_BIND']}/healthz"
        with process([sys.executable, "-m", "karin", "endpoint"], environ, home / "log") as endpoint:
            assert wait_until(lambda: status_of(url), "the endpoint answers", START_SECONDS) == 503
            late.symlink_to(store_url.removeprefix("unix://"))
            wait_until(lambda: endpoint.poll() is not None, "the endpoint ends", 20)
            assert endpoint.returncode == EXIT_NEWER_STORE
