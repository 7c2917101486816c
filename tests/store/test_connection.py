"""Connections: what redis-py would do by itself is switched off, and every fault of the store is StoreUnavailable."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.exceptions import ResponseError

from karin.clock import SystemClock
from karin.embedded import STORE_FOLDER
from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.moves import ActiveMove, MoveTask
from karin.store.connection import StoreUnavailable, connect, connection_options
from karin.store.store import Store
from tests.processes import free_port, running_store
from tests.store.servers import monitored, started_store
from tests.store.support import QUEUE, claim, create, outgoing, send
from tests.support import short_folder, wait_until

ANY_INSTANT_MS = 1_700_000_000_000
MOVE = MoveTask("10f57157-fc38-4da9-a113-4de7e12d05dd", QUEUE.arn("us-east-1"), None, None, ANY_INSTANT_MS, 1)
ACTIVE = ActiveMove(QUEUE, MOVE.task_id, ANY_INSTANT_MS)
STORE_OPERATIONS: dict[str, Callable[[Store], object]] = {
    "send": lambda store: store.messages.send(QUEUE, ANY_INSTANT_MS, [outgoing(ANY_INSTANT_MS)]),
    "claim": lambda store: claim(store, ANY_INSTANT_MS),
    "settle": lambda store: store.messages.settle(QUEUE, ANY_INSTANT_MS, []),
    "purge": lambda store: store.messages.purge(QUEUE, ANY_INSTANT_MS),
    "create": lambda store: create(store, ANY_INSTANT_MS),
    "delete": lambda store: store.queues.delete(QUEUE, ANY_INSTANT_MS),
    "describe": lambda store: store.queues.describe(QUEUE, ANY_INSTANT_MS),
    "set attributes": lambda store: store.queues.set_attributes(QUEUE, ANY_INSTANT_MS, {}),
    "names": lambda store: store.queues.names(),
    "tag": lambda store: store.queues.tag(QUEUE, {"team": "blue"}),
    "untag": lambda store: store.queues.untag(QUEUE, ["team"]),
    "sources": lambda store: store.queues.sources(QUEUE),
    "has sources": lambda store: store.queues.has_sources(QUEUE),
    "sweep": lambda store: store.sweeping.sweep([QUEUE], "me", ANY_INSTANT_MS),
    "start a move": lambda store: store.moves.start(QUEUE, ANY_INSTANT_MS, MOVE),
    "list moves": lambda store: store.moves.listed(QUEUE, ANY_INSTANT_MS, 1),
    "cancel a move": lambda store: store.moves.cancel(QUEUE, ANY_INSTANT_MS, MOVE.task_id),
    "advance a move": lambda store: store.moves.advance(ACTIVE, ANY_INSTANT_MS, "me", 1),
    "end a move": lambda store: store.moves.end(ACTIVE, ANY_INSTANT_MS, "me", MOVE),
    "forget a move": lambda store: store.moves.forget(ACTIVE),
    "snapshot": lambda store: store.deployment.snapshot(),
    "may ask": lambda store: store.deployment.may_ask_for_sync(),
    "last sweeps": lambda store: store.deployment.last_sweeps(),
    "goodbye": lambda store: store.deployment.say_goodbye("me"),
    "listen": lambda store: next(store.signals.listen()),
}


@pytest.fixture
def home() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture
def own_url(home: Path) -> Iterator[str]:
    """Run a store that a test may spoil."""
    with running_store(home) as url:
        yield url


@pytest.fixture
def own_raw(own_url: str) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(own_url, decode_responses=True)
    yield client
    client.close()


def clients_of(raw: redis.Redis) -> list[dict[str, str]]:
    found: Any = raw.client_list()
    return list(found)


def test_a_connection_sends_nothing_before_its_first_command(own_url: str, own_raw: redis.Redis) -> None:
    before = len(clients_of(own_raw))
    Store.open(own_url, max_connections=2)
    assert len(clients_of(own_raw)) == before


def test_a_new_connection_sends_only_what_it_is_asked_for(own_url: str, own_raw: redis.Redis) -> None:
    stats: Any = own_raw.info("commandstats")
    before = {name: entry["calls"] for name, entry in stats.items()}
    store = Store.open(own_url, max_connections=2)
    store.queues.names()
    with closing(store.signals.listen()) as heard:
        next(heard)
    stats = own_raw.info("commandstats")
    sent = {name: entry["calls"] - before.get(name, 0) for name, entry in stats.items()}
    assert {name: calls for name, calls in sent.items() if calls and name != "cmdstat_info"} == {
        "cmdstat_zrangebylex": 1,
        "cmdstat_subscribe": 1,
    }


def test_every_command_on_messages_is_one_evalsha(own_url: str) -> None:
    store = Store.open(own_url, max_connections=2)
    create(store, ANY_INSTANT_MS)
    send(store, ANY_INSTANT_MS)
    (received,) = claim(store, ANY_INSTANT_MS).messages
    assert received.receive_count == 1
    store.messages.settle(QUEUE, ANY_INSTANT_MS, [])  # now the server knows all four scripts
    with monitored(own_url) as commands:
        send(store, ANY_INSTANT_MS)
        claim(store, ANY_INSTANT_MS)
        store.messages.settle(QUEUE, ANY_INSTANT_MS, [])
        asked = [command.split()[0] for command in commands()]
    assert asked == ["EVALSHA", "EVALSHA", "EVALSHA"]


def test_scripts_are_loaded_again_after_the_server_forgot_them(own_url: str, own_raw: redis.Redis) -> None:
    store = Store.open(own_url, max_connections=2)
    create(store, ANY_INSTANT_MS)
    own_raw.script_flush()
    send(store, ANY_INSTANT_MS)
    assert len(claim(store, ANY_INSTANT_MS).messages) == 1


def test_a_pool_opens_no_more_connections_than_it_may(own_url: str, own_raw: redis.Redis) -> None:
    store = Store.open(own_url, max_connections=2)
    create(store, ANY_INSTANT_MS)
    own = len(clients_of(own_raw))
    threads = 12
    barrier = threading.Barrier(threads)

    def work(_: int) -> None:
        barrier.wait()
        for _ in range(40):
            send(store, ANY_INSTANT_MS)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
        assert len(clients_of(own_raw)) - own <= 2
    assert store.queues.describe(QUEUE, ANY_INSTANT_MS).ready == threads * 40


def test_a_full_pool_makes_callers_wait_and_then_says_so(own_url: str, own_raw: redis.Redis) -> None:
    client = connect(own_url, max_connections=1)
    client.connection_pool.timeout = 0.05  # type: ignore[attr-defined]
    store = Store.over(client, client)
    held = client.connection_pool.get_connection()
    with pytest.raises(StoreUnavailable):
        store.queues.names()
    client.connection_pool.release(held)
    assert store.queues.names() == []


def test_a_connection_closed_while_idle_is_opened_again_without_a_word(own_url: str, own_raw: redis.Redis) -> None:
    store = Store.open(own_url, max_connections=1)
    create(store, ANY_INSTANT_MS)
    for _ in range(3):
        own_raw.client_kill_filter(_type="normal", skipme=True)
        send(store, ANY_INSTANT_MS)
    assert store.queues.describe(QUEUE, ANY_INSTANT_MS).ready == 3


def test_options_hold_for_each_kind_of_address() -> None:
    local, remote = connection_options("unix:///tmp/store.sock"), connection_options("rediss://host:6379")
    for options in (local, remote):
        assert options["protocol"] == 2
        assert options["retry"].get_retries() == 1
        assert options["health_check_interval"] == 0
        assert options["socket_timeout"] == 5
    assert "socket_keepalive" not in local
    assert remote["socket_keepalive"]
    assert remote["socket_keepalive_options"][socket.TCP_KEEPIDLE] == 30


@pytest.mark.parametrize("operation", STORE_OPERATIONS.values(), ids=STORE_OPERATIONS)
@pytest.mark.parametrize("url", ["unix:///nonexistent/store.sock", "redis://127.0.0.1:{port}"])
def test_an_absent_store_is_unavailable_to_every_operation(url: str, operation: Callable[[Store], object]) -> None:
    store = Store.open(url.format(port=free_port()), max_connections=1)
    with pytest.raises(StoreUnavailable, match=r"^the store does not serve: .+"):
        operation(store)


def test_a_store_without_memory_is_unavailable_to_those_who_write(own_url: str, own_raw: redis.Redis) -> None:
    store = Store.open(own_url, max_connections=1)
    create(store, ANY_INSTANT_MS)
    own_raw.config_set("maxmemory", 1)
    with pytest.raises(StoreUnavailable, match="maxmemory"):
        send(store, ANY_INSTANT_MS)
    assert own_raw.dbsize() == 2  # nothing half done: the queue and the list of names
    own_raw.config_set("maxmemory", 0)
    send(store, ANY_INSTANT_MS)
    assert store.queues.describe(QUEUE, ANY_INSTANT_MS).ready == 1


def test_a_replica_is_unavailable_to_those_who_write(own_url: str, own_raw: redis.Redis) -> None:
    store = Store.open(own_url, max_connections=1)
    create(store, ANY_INSTANT_MS)
    own_raw.replicaof("127.0.0.1", free_port())
    with pytest.raises(StoreUnavailable, match=r"(?i)read.?only"):
        send(store, ANY_INSTANT_MS)
    with pytest.raises(StoreUnavailable, match=r"(?i)read.?only"):
        store.deployment.may_ask_for_sync()
    own_raw.replicaof("NO", "ONE")
    send(store, ANY_INSTANT_MS)


def test_a_store_busy_with_a_script_is_unavailable(own_url: str, own_raw: redis.Redis) -> None:
    store = Store.open(own_url, max_connections=1)
    create(store, ANY_INSTANT_MS)
    own_raw.config_set("busy-reply-threshold", 1)
    second = redis.Redis.from_url(own_url)

    def spin() -> None:
        with pytest.raises(ResponseError, match=r"(?i)killed"):
            second.eval("while true do end", 0)

    def is_busy() -> bool:
        try:
            own_raw.get("x")
        except ResponseError as error:
            return "BUSY" in type(error).__name__.upper() or "BUSY" in str(error)
        return False

    with ThreadPoolExecutor(1) as pool:
        spinning = pool.submit(spin)
        wait_until(is_busy, "the script keeps the server busy")
        with pytest.raises(StoreUnavailable, match=r"(?i)busy"):
            send(store, ANY_INSTANT_MS)
        own_raw.script_kill()
        spinning.result()
    second.close()
    send(store, ANY_INSTANT_MS)


def test_a_store_that_loads_its_data_is_unavailable_until_it_has(home: Path) -> None:
    with running_store(home) as url:
        store = Store.open(url, max_connections=1)
        create(store, ANY_INSTANT_MS)
        with closing(redis.Redis.from_url(url)) as raw:
            raw.mset({f"filler-{number}": "x" * 100 for number in range(2_000)})
            raw.save()
    assert (home / STORE_FOLDER / "dump.rdb").is_file()
    slowly = ["--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024"]
    errors: list[str] = []

    def is_up() -> bool:
        try:
            return bool(store.queues.names())
        except StoreUnavailable as error:
            errors.append(str(error))
            return False

    with started_store(home, *slowly):
        wait_until(is_up, "the store has loaded its data")
        send(store, ANY_INSTANT_MS)
    assert any("loading" in error.lower() for error in errors)


def test_a_store_that_hangs_is_unavailable_after_a_bounded_wait(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("karin.store.connection.COMMAND_TIMEOUT_SECONDS", 0.1)
    with started_store(home) as server:
        store = Store.open(f"unix://{home}/store.sock", max_connections=1)
        wait_until(lambda: answers(store), "the store answers")
        server.send_signal(signal.SIGSTOP)
        started_ms = SystemClock().now_ms()
        with pytest.raises(StoreUnavailable):
            store.queues.names()
        assert SystemClock().now_ms() - started_ms < 2_000
        server.send_signal(signal.SIGCONT)
        wait_until(lambda: answers(store), "the store answers again")
        with pytest.raises(QueueDoesNotExist):
            send(store, ANY_INSTANT_MS)


def answers(store: Store) -> bool:
    try:
        store.queues.names()
    except StoreUnavailable:
        return False
    return True


def test_a_visitor_counts_each_command_as_the_store_does(private_store_url: str, raw: redis.Redis) -> None:
    def processed() -> int:
        info: Any = raw.info("stats")
        return int(info["total_commands_processed"])

    charged = [0]
    before = processed()
    with closing(connect(private_store_url, max_connections=1, charged=charged)) as client:
        client.set("key", "x")
        client.get("key")
        pipeline: Any
        with client.pipeline() as pipeline:
            pipeline.get("key").get("key").get("key")
            pipeline.execute()
    assert charged == [processed() - before - 1] == [7]  # the reading itself; a pipeline has MULTI and EXEC
