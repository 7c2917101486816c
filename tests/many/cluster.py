"""A real cluster of servers on this machine: three primaries, each with a replica if they are wanted.

They are the bundled Valkey, or, where the cluster is to speak TLS alone, the Redis of tests.many.tls.
"""

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS

from karin.embedded import store_binary
from karin.store.slots import slot_of
from karin.store.tls import TlsConnection
from tests.many.tls import HOST, client_options, server_options, tls_server
from tests.processes import bare_environ, free_port, process
from tests.support import wait_until

PRIMARIES = 3
NODE_TIMEOUT_MS = 1_000  # after which the others take a silent node for dead
UP_SECONDS = 60
LAST_WORDS = 2_000  # letters
BUS = 10_000  # how far from a node's port that for the other nodes is


class Server:
    """One node, as a process that a test may kill."""

    def __init__(
        self, port: int, running: "subprocess.Popen[bytes]", command: list[str], host: str = "127.0.0.1", **options: Any
    ) -> None:
        self.port = port
        self.running = running
        self.command = command
        self.client: Any = redis.Redis.from_url(f"redis://{host}:{port}", decode_responses=True, protocol=2, **options)

    @property
    def id(self) -> str:
        """Return its name among the nodes."""
        return str(self.client.execute_command("CLUSTER MYID"))

    def held(self) -> list[Any]:
        """Return the connections of all others that are no nodes."""
        own = self.client.client_id()
        listed = self.client.client_list(_type="normal") + self.client.client_list(_type="pubsub")
        return [one for one in listed if int(one["id"]) != own]

    def kill(self) -> None:
        """End it without a warning."""
        self.running.send_signal(signal.SIGKILL)
        self.running.wait()


class Cluster:
    """The nodes: first the primaries, then their replicas in the same order."""

    def __init__(self, servers: list[Server], stack: ExitStack, tls: Path | None = None) -> None:
        self.servers = servers
        self.tls = tls  # the folder of its certificates
        self._stack = stack

    @property
    def primaries(self) -> list[Server]:
        """Return the nodes that were primaries in the beginning."""
        return self.servers[:PRIMARIES]

    @property
    def url(self) -> str:
        """Return the URL that leads to it."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{server.port}" for server in self.primaries)

    def tls_url(self, **parameters: str) -> str:
        """Return the URL with these parameters, or with all that are needed."""
        assert self.tls
        hosts = ",".join(f"{HOST}:{server.port}" for server in self.primaries)
        return f"rediss+cluster://{hosts}?" + urlencode(parameters or client_options(self.tls))

    def owner(self, key: str) -> Server:
        """Return who serves a key's slot, by the word of a node that lives."""
        return self.owner_of(slot_of(key))

    def owner_of(self, slot: int) -> Server:
        """Return who serves a slot, by the word of a node that lives."""
        for server in self.servers:
            if server.running.poll() is None and (found := self._told_by(server, slot)):
                return found
        raise AssertionError(f"nobody serves slot {slot}")

    def owner_beside(self, key: str, silent: Server) -> Server:
        """Return who serves a key by the word of the others."""
        others = [server for server in self.servers if server is not silent]
        return next(found for server in others if (found := self._told_by(server, slot_of(key))))

    def current(self) -> list[Server]:
        """Return who serves slots now."""
        ports = {port for _, _, (_, port, *_), *_ in self._any().execute_command("CLUSTER SLOTS")}
        return [server for server in self.servers if server.port in ports]

    def revive(self, server: Server) -> None:
        """Bring a node back that was killed or stopped, as a replica that is in step."""
        if server.running.poll() is None:
            server.running.send_signal(signal.SIGCONT)
        else:
            server.running = self._stack.enter_context(process(server.command, bare_environ()))
        wait_until(lambda: _answers(server) and _is_in_step(server), "a node is back as a replica", UP_SECONDS)

    def _told_by(self, server: Server, slot: int) -> Server | None:
        for first, last, (_, port, *_), *_ in server.client.execute_command("CLUSTER SLOTS"):
            if first <= slot <= last:
                return next(one for one in self.servers if one.port == port)
        return None

    def flush(self) -> None:
        """Empty all nodes."""
        for server in self.servers:
            with contextlib.suppress(redis.ReadOnlyError, redis.ConnectionError):
                server.client.flushall()

    def migrate(self, slot: int, target: Server) -> None:
        """Move a slot to another primary key by key, as redis-cli does."""
        origin = self.owner_of(slot)
        self.move_keys(slot, origin, target)
        self.assign(slot, origin, target)

    def move_keys(self, slot: int, origin: Server, target: Server) -> None:
        """Begin to move a slot, and move all its keys."""
        target.client.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", origin.id)
        origin.client.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", target.id)
        while keys := origin.client.execute_command("CLUSTER GETKEYSINSLOT", slot, 10):
            for key in keys:
                origin.client.execute_command("MIGRATE", "127.0.0.1", target.port, key, 0, 5_000)

    def assign(self, slot: int, origin: Server, target: Server) -> None:
        """Tell all primaries that a slot has moved."""
        for server in (target, origin, *self.current()):
            with contextlib.suppress(redis.ConnectionError, redis.ResponseError):  # a primary no longer
                server.client.execute_command("CLUSTER SETSLOT", slot, "NODE", target.id)

    def migrate_whole(self, slot: int, target: Server) -> None:
        """Move a slot to another primary in one piece, as Valkey does since 9.0."""
        origin = self.owner_of(slot)
        origin.client.execute_command("CLUSTER MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", target.id)
        wait_until(lambda: self.owner_of(slot) is target, "a slot has moved", UP_SECONDS)

    def hand_over(self, key: str) -> Server:
        """Make a replica the primary of a key's slot, in good order; return who was it before."""
        old = self.owner(key)
        replicas = [server for server in self.servers if _master_port(server) == old.port]
        replicas[0].client.execute_command("CLUSTER FAILOVER")
        wait_until(lambda: self.owner(key) is replicas[0], "a replica is the primary", UP_SECONDS)
        return old

    def _any(self) -> Any:
        return next(server.client for server in self.servers if server.running.poll() is None)


@contextmanager
def running_cluster(home: Path, *, with_replicas: bool = False, tls: Path | None = None) -> Iterator[Cluster]:
    """Run a cluster whose slots are all served; with the folder of certificates ``tls`` it speaks nothing else."""
    with ExitStack() as stack:
        servers = [_started(stack, home, port, tls) for port in _ports(PRIMARIES * (2 if with_replicas else 1))]
        for server in servers:
            wait_until(lambda one=server: _has_started(one, home), "a node answers", UP_SECONDS)  # type: ignore[misc]
        cluster = Cluster(servers, stack, tls)
        share = -(-REDIS_CLUSTER_HASH_SLOTS // PRIMARIES)
        for place, server in enumerate(servers):
            if place < PRIMARIES:
                last = min((place + 1) * share, REDIS_CLUSTER_HASH_SLOTS) - 1
                server.client.execute_command("CLUSTER ADDSLOTSRANGE", place * share, last)
            server.client.execute_command("CLUSTER SET-CONFIG-EPOCH", place + 1)
            if place:
                server.client.execute_command("CLUSTER MEET", "127.0.0.1", servers[0].port)
        wait_until(lambda: all(_is_whole(server, len(servers)) for server in servers), "the nodes know all", UP_SECONDS)
        for primary, replica in zip(servers, servers[PRIMARIES:], strict=False):
            replica.client.execute_command("CLUSTER REPLICATE", primary.id)
        for replica in servers[PRIMARIES:]:
            wait_until(lambda one=replica: _is_in_step(one), "a replica is in step", UP_SECONDS)  # type: ignore[misc]
        yield cluster


def _started(stack: ExitStack, home: Path, port: int, tls: Path | None) -> Server:
    command = _command(home, port, tls)
    running = stack.enter_context(process(command, bare_environ(), _log(home, port)))
    options: dict[str, Any] = {"host": HOST, "connection_class": TlsConnection, **client_options(tls)} if tls else {}
    return Server(port, running, command, **options)


def _log(home: Path, port: int) -> Path:
    return home / str(port) / "log"


def _command(home: Path, port: int, tls: Path | None) -> list[str]:
    folder = home / str(port)
    folder.mkdir(parents=True)
    options: dict[str, object] = {
        "port": port,
        "bind": "127.0.0.1",
        "dir": folder,
        "cluster-enabled": "yes",
        "cluster-node-timeout": NODE_TIMEOUT_MS,
        "save": "",
        "appendonly": "no",
        "loglevel": "warning",
        "repl-diskless-sync-delay": 0,
        "cluster-replica-validity-factor": 0,
    }
    if tls:
        options |= {"tls-cluster": "yes", "tls-replication": "yes", **server_options(tls, port)}
        # Else nodes tell their addresses, and a certificate is made out to a name.
        options |= {"cluster-announce-hostname": HOST, "cluster-preferred-endpoint-type": "hostname"}
    binary = tls_server() if tls else str(store_binary())
    return [binary, *(word for name, value in options.items() for word in (f"--{name}", str(value)))]


def _ports(count: int) -> list[int]:
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port(bus=BUS))
    return sorted(found)


def _has_started(server: Server, home: Path) -> bool:
    """Tell whether a node answers; fails at once, with its last words, when it has ended instead."""
    if (status := server.running.poll()) is not None:
        said = _log(home, server.port).read_text(errors="replace")[-LAST_WORDS:]
        raise AssertionError(f"a node ended with {status} when it was started:\n{said}")
    return _answers(server)


def _answers(server: Server) -> bool:
    try:
        return bool(server.client.ping())
    except redis.RedisError:
        return False


def _is_whole(server: Server, count: int) -> bool:
    info: Any = server.client.execute_command("CLUSTER INFO")
    text = info if isinstance(info, dict) else dict(line.split(":") for line in info.split())
    return text["cluster_state"] == "ok" and int(text["cluster_known_nodes"]) == count


def _master_port(server: Server) -> int | None:
    return server.client.info("replication").get("master_port") if server.running.poll() is None else None


def _is_in_step(server: Server) -> bool:
    return bool(server.client.info("replication").get("master_link_status") == "up")
