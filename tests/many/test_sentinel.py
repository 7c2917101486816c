"""A primary that sentinels watch: when it dies or stands still, karin goes on with its replica within seconds."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from karin.clock import SystemClock
from karin.embedded import store_binary
from karin.store.connection import StoreUnavailable
from karin.store.store import Store
from tests.many.cluster import Server
from tests.processes import bare_environ, free_port, process
from tests.support import short_folder, wait_until
from tests.system.whole import Karin, running_karin

SERVICE, PASSWORD = "mymaster", "sentinel-word"
DOWN_AFTER_MS, FAILOVER_MS = 1_000, 2_000
CLOCK = SystemClock()
SECONDS = 60  # generous: it takes about five
WITHIN_MS = 30_000  # well under the minute after which a sweep would find what a lost nudge left


class Watched:
    """A primary and its replica, in the order in which they were started, and the sentinel's port."""

    def __init__(self, servers: list[Server], sentinel: int) -> None:
        self.servers = servers
        self._sentinel = sentinel

    @property
    def url(self) -> str:
        """Return the URL that leads to the primary, by way of a sentinel that is away and one that is there."""
        hosts = f"127.0.0.1:{free_port()},127.0.0.1:{self._sentinel}"
        return f"redis+sentinel://{hosts}/{SERVICE}/0?sentinel_password={PASSWORD}"

    def primary(self) -> Server:
        """Return who is the primary by the sentinel's word."""
        client: Any = redis.Redis(port=self._sentinel, password=PASSWORD, decode_responses=True)
        _, port = client.sentinel_get_master_addr_by_name(SERVICE)
        return next(server for server in self.servers if server.port == port)


@contextmanager
def watched_pair(home: Path) -> Iterator[Watched]:
    with ExitStack() as stack:

        def started(name: str, port: int, *options: str) -> Server:
            (home / name).mkdir()
            (home / name / "conf").write_text("\n".join((f"port {port}", "bind 127.0.0.1", *options)) + "\n")
            command = [str(store_binary()), str(home / name / "conf")]
            command += ["--sentinel"] if name == "sentinel" else ["--dir", str(home / name), "--save", ""]
            running = stack.enter_context(process(command, bare_environ(), home / name / "log"))
            return Server(port, running, command)

        primary_port, sentinel_port = free_port(), free_port()
        primary = started("primary", primary_port)
        replica = started("replica", free_port(), f"replicaof 127.0.0.1 {primary_port}", "repl-diskless-sync-delay 0")
        wait_until(lambda: _link(replica) == "up", "the replica is in step", SECONDS)
        started(
            "sentinel",
            sentinel_port,
            f"requirepass {PASSWORD}",
            f"sentinel monitor {SERVICE} 127.0.0.1 {primary_port} 1",
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}",
            f"sentinel failover-timeout {SERVICE} {FAILOVER_MS}",
        )
        watched = Watched([primary, replica], sentinel_port)
        wait_until(lambda: _knows_replica(sentinel_port), "the sentinel knows the replica", SECONDS)
        yield watched


def _link(server: Server) -> str:
    try:
        return str(server.client.info("replication").get("master_link_status", ""))
    except redis.RedisError:
        return ""


def _knows_replica(port: int) -> bool:
    client: Any = redis.Redis(port=port, password=PASSWORD, decode_responses=True)
    try:
        return any("slave" in one["flags"] for one in client.sentinel_slaves(SERVICE))
    except redis.RedisError:
        return False


def test_karin_goes_on_with_the_replica_when_the_primary_stands_still_and_when_it_dies() -> None:
    with short_folder() as home, watched_pair(home) as watched, running_karin(REDIS_URL=watched.url) as karin:
        old = goes_on(watched, karin, signal.SIGSTOP)
        old.running.send_signal(signal.SIGCONT)
        wait_until(lambda: _link(old) == "up", "the old primary is a replica", SECONDS)
        goes_on(watched, karin, signal.SIGKILL)
        assert "Traceback" not in karin.log.read_text()


def goes_on(watched: Watched, karin: Karin, harm: signal.Signals) -> Server:
    """Do harm to the primary; see that karin delivers what waited and what came after; return who was the primary."""
    sqs = karin.client()
    url = sqs.get_queue_url(QueueName="hello")["QueueUrl"]
    before = sqs.send_message(QueueUrl=url, MessageBody="before")["MessageId"]
    later = sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=5)["MessageId"]
    wait_until(lambda: before in karin.delivered(), "the first message is delivered", SECONDS)
    wait_until(lambda: len({*map(_offset, watched.servers)}) == 1, "the replica has all", SECONDS)
    primary = watched.primary()
    primary.running.send_signal(harm)
    wait_until(lambda: watched.primary() is not primary, "the replica is the primary", SECONDS)
    failed_over_at_ms = CLOCK.now_ms()
    after = wait_until(lambda: _sent(sqs, url), "messages are accepted again", SECONDS)
    wait_until(lambda: after in karin.delivered(), "what is sent now is delivered", SECONDS)
    took_ms = CLOCK.now_ms() - failed_over_at_ms
    print(f"{harm.name}: delivers {took_ms} ms after the failover")
    assert took_ms < WITHIN_MS
    wait_until(lambda: later in karin.delivered(), "what waited is delivered", SECONDS)
    wait_until(karin.is_healthy, "karin is healthy", SECONDS)
    return primary


def test_without_a_sentinel_or_its_service_one_line_says_so() -> None:
    for service in (SERVICE, "other"):
        with pytest.raises(StoreUnavailable) as caught:
            Store.open(f"redis+sentinel://127.0.0.1:{free_port()}/{service}", max_connections=1).queues.names()
        assert service in str(caught.value)
        assert "\n" not in str(caught.value)


def _sent(sqs: Any, url: str) -> str | None:
    try:
        return str(sqs.send_message(QueueUrl=url, MessageBody="after")["MessageId"])
    except sqs.exceptions.ClientError:
        return None


def _offset(server: Server) -> int:
    info: Any = server.client.info("replication")
    return int(info["master_repl_offset"])
