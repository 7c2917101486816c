"""A client of a Redis cluster: each command goes to the node that serves the slot of its key.

Every command of karin names keys of one slot, at a place that is known. So this is a map of slots, a client for each
node, and what to do when a node says that it is not the right one. Each node has connections and faults of its own: one
that is lost takes only its own queues along. Why not redis-py's own client for clusters, docs/decisions.md says.
"""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import redis
from redis.client import Pipeline
from redis.exceptions import AskError, ClusterDownError, MovedError, TryAgainError

from karin.clock import Clock, SystemClock
from karin.redis_url import Address, RedisUrl
from karin.store.faults import Faults, StoreUnavailable
from karin.store.found import Finder
from karin.store.guard import GuardedClient
from karin.store.slots import UNKNOWN_HOSTS, Slots, slot_of

MOST_HOPS = 5  # from one node to the next, until keys are waited for or the command is given up
LOOK_AGAIN_MS = 500  # between two looks at who serves what
LOOKS_MS = 1_500  # for one look, at one node after the other: a caller is told within two seconds
SIGNS_OF_NO_CLUSTER = ("cluster support disabled", "unknown command")
TRY_AGAIN_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4)  # while keys of one queue are on two nodes

T = TypeVar("T")
Argument = str | bytes | int
Script = Callable[..., Any]


class Node:
    """One node: its client and the scripts that were registered with it."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self._scripts: dict[str, Script] = {}

    def run(self, *command: Any, **options: Any) -> Any:
        """Run a command here."""
        return self.client.execute_command(*command, **options)  # type: ignore[no-untyped-call]

    def script(self, text: str) -> Script:
        """Return a script of this node."""
        found = self._scripts.get(text)
        if found is None:
            found = self._scripts[text] = self.client.register_script(text)
        return found

    def asking(self, *command: Argument, **options: Any) -> Any:
        """Run a command on keys that are on their way here."""
        pipeline: Any = self.client.pipeline(transaction=False)
        pipeline.execute_command("ASKING").execute_command(*command, **options)
        # As the node says it: redis-py would put the command, so a script's text, before its words.
        answers = pipeline.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers[1]

    def let_go(self) -> None:
        """Close the connections, those that are in use once they are not."""
        if isinstance(self.client, GuardedClient):
            self.client.let_go()
        else:
            self.client.connection_pool.disconnect(inuse_connections=False)


class ClusterClient(redis.Redis):
    """A client of all nodes. Safe to share between threads and greenlets; nothing is sent before its first command.

    ``open_node`` returns the client of one node; without ``faults`` those have none.
    """

    def __init__(
        self,
        url: RedisUrl,
        open_node: Callable[[str, Faults | None], redis.Redis],
        faults: Faults | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(connection_pool=redis.ConnectionPool(protocol=2))  # for its callbacks: it never connects
        self._url = url
        self._open_node = open_node
        self._faults = faults
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._nodes: dict[Address, Node] = {}
        self._slots: Slots | None = None
        self._looked_at_ms: int | None = None
        self.finder = _AnyPrimary(self)

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command on the node of its key, which is its first argument; one without a key on any node."""
        if len(args) < 2 or args[0] in ("INFO", "CONFIG GET", "TIME"):
            return self.nodes()[0].run(*args, **options)
        key = args[3] if args[0] in ("EVALSHA", "EVAL") else args[1]
        return self.ask(
            slot_of(key),
            lambda node: node.run(*args, **options),
            lambda node: node.asking(*args, **options),
        )

    def register_script(self, script: Any) -> Any:
        """Return a script to be called with ``keys`` of one slot and ``args``."""

        def call(keys: Sequence[str], args: Sequence[Argument]) -> Any:
            return self.ask(
                slot_of(keys[0]),
                lambda node: node.script(script)(keys=keys, args=args),
                lambda node: node.asking("EVAL", script, len(keys), *keys, *args),
            )

        return call

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        """Return a pipeline. A transaction has keys of one slot; without one, each command goes its own way."""
        made = _ClusterPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        made.nodes_of, made.is_transaction = self, transaction
        return made

    def publish(self, channel: Any, message: Any, **options: Any) -> Any:
        """Publish to all nodes by way of any; return how many heard it, wherever they listen."""
        heard, is_published = 0, False
        error: Exception = ClusterDownError("CLUSTERDOWN Hash slot not served")
        for node in self.nodes():
            try:
                if is_published:
                    told: Any = node.client.pubsub_numsub(channel)
                    heard += told[0][1]
                else:
                    heard += int(node.client.publish(channel, message, **options))
                    is_published = True
            except (redis.ConnectionError, redis.TimeoutError, ClusterDownError, StoreUnavailable) as failure:
                error = failure  # nobody hears it there
        if not is_published:
            raise error
        return heard

    def scan_iter(self, *args: Any, **options: Any) -> Iterator[Any]:
        """Yield the keys of all nodes."""
        for node in self.nodes():
            yield from node.client.scan_iter(*args, **options)

    def unlink(self, *names: Any) -> Any:
        """Delete keys of any slots."""
        return sum(int(self.execute_command("UNLINK", name)) for name in names)

    def nodes(self) -> list[Node]:
        """Return all primaries; raises redis.RedisError when nobody tells them."""
        return [self._node(address) for address in self._known().primaries]

    def known_slots(self) -> Slots:
        """Return who serves what, as it was told last; raises redis.RedisError when nobody tells it."""
        return self._known()

    def ask(self, slot: int, question: Callable[[Node], T], asking: Callable[[Node], T]) -> T:
        """Return the answer of whoever serves a slot; ``asking`` asks whoever is about to.

        Raises redis.RedisError or StoreUnavailable, as the node's own client does.
        """
        pauses = iter(TRY_AGAIN_SECONDS)
        next_hop: Address | None = None
        hops = 0
        while hops < MOST_HOPS:
            hops += 1
            owner = self._owner(slot)
            asked = next_hop or owner
            try:
                return asking(self._node(asked)) if next_hop else question(self._node(asked))
            except MovedError as error:
                self._follow(slot, _place(error, asked), told_by=asked)
                next_hop = None
            except AskError as error:
                next_hop = _place(error, asked)
            except TryAgainError:  # also of the next hop, for as long as a key is named that does not exist
                pause = next(pauses, None)
                if pause is None:
                    raise StoreUnavailable(
                        "the store moves this queue from one node to another, which takes longer than usual"
                    ) from None
                threading.Event().wait(pause)
                next_hop, hops = None, 0
            except (redis.ConnectionError, redis.TimeoutError, ClusterDownError, StoreUnavailable):
                next_hop = None
                if hops == MOST_HOPS or not self._is_elsewhere(slot, owner):
                    raise
        raise redis.ConnectionError("the nodes of the cluster do not agree on who serves this queue")

    def _owner(self, slot: int) -> Address:
        found = self._known().owner(slot)
        if found is None:
            self._look_again()
            found = self._known().owner(slot)
        if found is None:
            raise ClusterDownError("CLUSTERDOWN Hash slot not served")
        return found

    def _node(self, address: Address) -> Node:
        with self._lock:
            found = self._nodes.get(address)
            if found is None:
                faults = self._faults.of(f"{address[0]}:{address[1]}") if self._faults else None
                found = self._nodes[address] = Node(self._open_node(self._url.of_server(address), faults))
            return found

    def _known(self) -> Slots:
        if self._slots is None:
            with self._looking:
                if self._slots is None:
                    self._look_first()
        assert self._slots is not None  # noqa: S101 - else that raised
        return self._slots

    def _look_first(self) -> None:
        if self._faults is None:
            self._look(self._url.hosts)
            return
        with self._faults.guarding("CLUSTER SLOTS"):  # while no node answers, callers are refused at once
            self._look(self._url.hosts)

    def _follow(self, slot: int, address: Address, told_by: Address) -> None:
        """Note that a slot has moved, and look, since others may have moved with it."""
        self._look_again(told_by)
        self._known().move(slot, address)

    def _is_elsewhere(self, slot: int, address: Address) -> bool:
        """Tell whether somebody else serves a slot by now than who did not answer."""
        self._look_again(avoided=address)
        return self._known().owner(slot) not in (address, None)

    def _look_again(self, first: Address | None = None, avoided: Address | None = None) -> None:
        """Look who serves what, unless somebody has just looked; what cannot be learnt stays as it was."""
        now_ms = self._clock.now_ms()
        if self._looked_at_ms is not None and 0 <= now_ms - self._looked_at_ms < LOOK_AGAIN_MS:
            return
        if not self._looking.acquire(blocking=False):
            return
        try:
            others = self._known().primaries
            random.shuffle(others)
            others += [*self._url.hosts, *self._known().addresses]
            wanted = dict.fromkeys(([first] if first else []) + [other for other in others if other != avoided])
            self._look(list(wanted))
        except (redis.RedisError, StoreUnavailable):
            return
        finally:
            self._looked_at_ms = self._clock.now_ms()
            self._looking.release()

    def _look(self, addresses: Sequence[Address]) -> None:
        """Ask one node after the other who serves what."""
        until_ms = self._clock.now_ms() + LOOKS_MS
        error: Exception = redis.ConnectionError("no node of the cluster answers")
        for address in addresses:
            try:
                told: Any = self._node(address).run("CLUSTER SLOTS")
            except (redis.ConnectionError, redis.TimeoutError, StoreUnavailable) as failure:
                error = failure
            except redis.ResponseError as refusal:
                if not any(sign in str(refusal) for sign in SIGNS_OF_NO_CLUSTER):
                    raise
                host, port = address
                raise redis.ConnectionError(f"{host}:{port} is no cluster: write REDIS_URL=redis://...") from None
            else:
                if told:
                    self._slots = Slots(told, address)
                    self._let_others_go(self._slots)
                    self.finder.hang_up_elsewhere(self._slots.primaries)
                    return
                error = ClusterDownError("CLUSTERDOWN Hash slot not served")
            if self._clock.now_ms() > until_ms:
                break
        raise error

    def _let_others_go(self, slots: Slots) -> None:
        """Let go of nodes that serve no slots any more, and of the names by which others were first reached."""
        primaries = slots.primaries
        with self._lock:
            others = [self._nodes.pop(address) for address in list(self._nodes) if address not in primaries]
        for node in others:
            node.let_go()
        if self._faults:
            self._faults.keep(f"{host}:{port}" for host, port in slots.addresses)


class _AnyPrimary(Finder):
    """Where a subscription may be: what is published on any node reaches all primaries."""

    def __init__(self, client: ClusterClient) -> None:
        super().__init__()
        self._client = client

    def find(self) -> Sequence[Address]:
        """Return all primaries, in any order."""
        known = self._client.known_slots().primaries
        random.shuffle(known)
        return known


class _ClusterPipeline(Pipeline):
    nodes_of: ClusterClient
    is_transaction: bool

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands, is_transaction = list(self.command_stack), self.is_transaction
        self.reset()
        if not is_transaction:
            return [self.nodes_of.execute_command(*args, **options) for args, options in commands]

        def run(node: Node) -> list[Any]:
            pipeline: Any = node.client.pipeline(transaction=True)
            for args, options in commands:
                pipeline.execute_command(*args, **options)
            return pipeline.execute(raise_on_error)  # type: ignore[no-any-return]

        def wait(_: Node) -> list[Any]:
            # With keys that are yet to be written, the next node would refuse it until the slot has moved.
            raise TryAgainError

        (_, first_key, *_), _ = commands[0]
        return self.nodes_of.ask(slot_of(first_key), run, wait)


def _place(error: AskError, asked: Address) -> Address:
    """Return where a node refers to; without a host, its own is meant."""
    return (asked[0] if error.host in UNKNOWN_HOSTS else error.host), error.port
