"""redis-py's client and the line for its connections, both of which ask ``Faults`` before they ask the store."""

import hashlib
import queue
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

import hiredis
import redis
from redis.client import Pipeline

from karin.store.faults import Faults, StoreUnavailable

MOST_SHARED_BYTES = 64 * 1024  # of one command


class Shared(Protocol):
    """A connection on which many ask at once."""

    def ask(self, packed: bytes) -> Any:
        """Return the answer to one command in Redis's protocol; raises redis.RedisError."""
        ...

    def let_go(self) -> None:
        """Close the connection once nobody waits for an answer."""
        ...


class GuardedClient(redis.Redis):
    """A client whose commands are refused at once while the store does not serve; each may raise StoreUnavailable.

    Scripts, which are nearly all that an endpoint asks, go over the ``shared`` connection if there is one.
    """

    def __init__(self, pool: redis.BlockingConnectionPool, faults: Faults, shared: Shared | None = None) -> None:
        super().__init__(connection_pool=pool)
        self._faults = faults
        self._shared = shared

    def register_script(self, script: Any) -> Any:
        """Return a script to be called with ``keys`` and ``args``."""
        own = _PooledScript(self.connection_pool, self._faults, script)
        return own if self._shared is None else _SharedScript(self._shared, self._faults, script, own)

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run one command."""
        command = str(args[1] if args[0] == "EVALSHA" else args[0])  # each script meets a full store in its own way
        with self._faults.guarding(command), _leaving_replicas(self.connection_pool):
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def let_go(self) -> None:
        """Close the connections, those that are in use once they are not."""
        self.connection_pool.disconnect(inuse_connections=False)
        if self._shared is not None:
            self._shared.let_go()

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        """Return a pipeline that is guarded as a whole."""
        made = _GuardedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        made.faults = self._faults
        return made


class _Script:
    """A script, which the store may not know yet."""

    def __init__(self, faults: Faults, text: str) -> None:
        self._faults = faults
        self._text = text
        self._sha = hashlib.sha1(text.encode()).hexdigest()  # EVALSHA's own name for it
        self._guard = faults.guarding(self._sha)

    def _packed(self, keys: Sequence[str], args: Sequence[str | bytes | int]) -> bytes:
        """Return the command that runs it."""
        return _packed("EVALSHA", self._sha, len(keys), *keys, *args)

    def _run(self, ask: Callable[[bytes], Any], packed: bytes) -> Any:
        """Return the answer to the command that runs it; raises redis.RedisError."""
        try:
            return ask(packed)
        except redis.exceptions.NoScriptError:
            self._faults.count(2)
            ask(_packed("SCRIPT", "LOAD", self._text))
            return ask(packed)


class _PooledScript(_Script):
    """A script that is run over one of a pool's connections.

    As redis-py runs it, retry included, but for what it does around each command, which takes longer than the command.
    """

    def __init__(self, pool: Any, faults: Faults, text: str) -> None:
        super().__init__(faults, text)
        self._pool = pool

    def __call__(self, keys: Sequence[str], args: Sequence[str | bytes | int]) -> Any:
        with self._guard, _leaving_replicas(self._pool):
            connection = _borrowed(self._pool)
            try:
                return self._run(partial(_asked, connection), self._packed(keys, args))
            finally:
                _give_back(self._pool, connection)


def _borrowed(pool: Any) -> Any:
    """Return a connection of a pool, as it does itself: but one that is in order without the metrics of that."""
    try:
        connection = pool.pool.get(block=True, timeout=pool.timeout)
    except queue.Empty:
        raise redis.ConnectionError("No connection available.") from None
    try:
        if connection is not None and connection.is_connected and not connection.can_read():
            return connection
    except redis.ConnectionError:  # it was closed while nobody used it
        pass
    except BaseException:
        pool.pool.put_nowait(connection)
        raise
    pool.pool.put_nowait(connection)
    return pool.get_connection()


def _give_back(pool: Any, connection: Any) -> None:
    if connection.should_reconnect() or not pool.owns_connection(connection):
        pool.release(connection)
    else:
        pool.pool.put_nowait(connection)


def _asked(connection: Any, packed: bytes) -> Any:
    """Return the answer to one command; raises redis.RedisError."""

    def ask() -> Any:
        connection.send_packed_command((packed,))
        return connection.read_response()

    return connection.retry.call_with_retry(ask, lambda _: connection.disconnect())


class _SharedScript(_Script):
    """A script that is run over a shared connection unless it is told much: then ``own`` is, over one of the pool.

    So what is large holds up nothing small, and is held in memory once more for as many as have a connection.
    """

    def __init__(self, shared: Shared, faults: Faults, text: str, own: Callable[..., Any]) -> None:
        super().__init__(faults, text)
        self._ask = shared.ask
        self._own = own

    def __call__(self, keys: Sequence[str], args: Sequence[str | bytes | int]) -> Any:
        packed = self._packed(keys, args)
        if len(packed) > MOST_SHARED_BYTES:
            del packed  # it may have to wait for a connection
            return self._own(keys=keys, args=args)
        with self._guard:
            return self._run(self._ask, packed)


def _packed(*command: str | bytes | int) -> bytes:
    """Return a command as Redis's protocol has it."""
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # its stub means one word
    return packed


@contextmanager
def _leaving_replicas(pool: Any) -> Iterator[None]:
    """Give up a pool's connections when they turn out to lead to a replica: new ones may find who is primary now."""
    try:
        yield
    except redis.ReadOnlyError:
        pool.disconnect(inuse_connections=False)
        raise


class _GuardedPipeline(Pipeline):
    faults: Faults

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        with self.faults.guarding("PIPELINE"):
            self.faults.count(len(self.command_stack) - 1)
            return super().execute(raise_on_error)


def guarded(waiting: Callable[[int], Any], faults: Faults) -> Callable[[int], Any]:
    """Return the maker of a line as ``waiting`` makes them, that sends home all who wait when the store goes away.

    Without it each would wait for a connection first and then for the store, one after the other.
    """
    return lambda size: _GuardedLine(waiting(size), faults)


class _GuardedLine:
    """The part of a queue that redis-py's pool uses."""

    def __init__(self, line: Any, faults: Faults) -> None:
        self._line = line
        self._faults = faults

    @property
    def queue(self) -> Any:
        return self._line.queue

    def full(self) -> bool:
        return bool(self._line.full())

    def put_nowait(self, item: Any) -> None:
        self._line.put_nowait(item)

    def get_nowait(self) -> Any:
        return self._line.get_nowait()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        item = self._line.get(block=block, timeout=timeout)
        try:
            self._faults.check()
        except StoreUnavailable:
            self._line.put_nowait(item)
            raise
        return item
