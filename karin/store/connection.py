"""How karin connects to Redis: every default of redis-py that is unsafe here, overridden with its reason."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import LifoQueue
from typing import Any

import redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.connection import AbstractConnection
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from karin.redis_url import Kind, RedisUrl
from karin.store.charged import ChargedClient
from karin.store.faults import Cells, Faults, StoreUnavailable, unavailable
from karin.store.guard import GuardedClient, Shared, guarded
from karin.store.tls import TlsConnection

__all__ = ["Client", "StoreUnavailable", "connect", "connect_listener", "connection_options", "store_errors"]

Client = redis.Redis

CONNECT_TIMEOUT_SECONDS = 1  # and no second try after it: a caller is told within two seconds
COMMAND_TIMEOUT_SECONDS = 5  # longer than the longest script, shorter than any client's patience
POOL_WAIT_SECONDS = 1.7  # longer than the endpoint waits for an answer: whoever waits here learns what that tells
RETRY_PAUSE_SECONDS = 0.05
KEEPALIVE_IDLE_SECONDS = 30
SENTINEL_LIMITS = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5, "retry": Retry(NoBackoff(), 0)}


def connect(
    url: str,
    *,
    max_connections: int,
    waiting: Callable[[int], Any] = LifoQueue,
    faults: Faults | None = None,
    patience_seconds: float | None = None,
    sharing: Callable[[AbstractConnection, float], Shared] | None = None,
    charged: Cells | None = None,
) -> Client:
    """Return a client over a bounded pool; nothing is sent before its first command.

    ``max_connections`` bounds the pool: free Redis plans allow 30 connections in all, and a machine may use 6.
    ``waiting`` is the queue in which callers wait for a connection; the default is fit for threads. With ``faults`` a
    store that does not serve is left alone for ever longer pauses. ``patience_seconds`` bounds the wait for the answer
    to a command, if not by COMMAND_TIMEOUT_SECONDS. With ``sharing`` and ``faults`` all scripts are run over
    what it makes of a connection of its own, beside the pool, and of that patience. Without ``faults``, commands are
    counted in ``charged`` if it is given.
    """
    where = RedisUrl.parse(url)
    if where.kind is Kind.CLUSTER:
        from karin.store.cluster import ClusterClient  # noqa: PLC0415 - only for those who have one

        def open_node(node_url: str, node_faults: Faults | None) -> Client:
            return connect(
                node_url,
                max_connections=max_connections,
                waiting=waiting,
                faults=node_faults,
                patience_seconds=patience_seconds,
                sharing=sharing,
                charged=charged,
            )

        return ClusterClient(where, open_node, faults)
    options = connection_options(url)
    if patience_seconds is not None:
        options["socket_timeout"] = patience_seconds
    # redis-py opens up to 100 connections and raises when they are used up: we open few and wait for one.
    pool = redis.BlockingConnectionPool.from_url(
        _first_server(where),
        max_connections=max_connections,
        timeout=POOL_WAIT_SECONDS,
        queue_class=guarded(waiting, faults) if faults else waiting,
        **options | _finding(where),
    )
    if faults is None:
        return redis.Redis(connection_pool=pool) if charged is None else ChargedClient(pool, charged)
    shared = sharing(pool.connection_class(**pool.connection_kwargs), options["socket_timeout"]) if sharing else None
    return GuardedClient(pool, faults, shared)


def connect_listener(url: str, client: Client | None = None) -> Client:
    """Return a client for one subscription, which tells when its connection is lost.

    redis-py would connect and subscribe again in silence, and nudges sent meanwhile would never be missed. Where there
    are several servers it follows ``client``: to the primary, or to any of a cluster's.
    """
    where = RedisUrl.parse(url)
    if where.kind is not Kind.SERVER and client is not None:
        from karin.store.found import led_by  # noqa: PLC0415 - only for those who need it

        finding = led_by(_finder_of(client), is_encrypted=where.is_encrypted)
    else:
        finding = _finding(where)
    options = connection_options(url) | {"retry": Retry(NoBackoff(), 0)}
    pool = redis.ConnectionPool.from_url(_first_server(where), **options | finding)
    return redis.Redis(connection_pool=pool)


def _first_server(url: RedisUrl) -> str:
    """Return a URL whose host counts only if connections do not find their own."""
    return url.of_server(url.hosts[0]) if url.hosts else url.text


def _finding(url: RedisUrl) -> dict[str, Any]:
    """Return the options of connections that find their address; none if it is the URL's own."""
    if url.kind is not Kind.SENTINEL:
        return {}
    from karin.store.found import Sentinels, led_by  # noqa: PLC0415 - only for those who have them

    sentinels = Sentinels(url, connection_options(url.text) | SENTINEL_LIMITS)
    return led_by(sentinels, is_encrypted=url.is_encrypted)


def _finder_of(client: Any) -> Any:
    """Return who tells a client's connections where to go, so that a subscription goes there as well."""
    return getattr(client, "finder", None) or client.connection_pool.connection_kwargs["finder"]


def connection_options(url: str) -> dict[str, Any]:
    """Return the options of one connection."""
    options: dict[str, Any] = {
        # RESP2 needs no HELLO: one handshake command fewer, and nothing of karin needs RESP3's types.
        "protocol": 2,
        # Ten retries with backoff by default: a caller would wait for minutes. One retry covers a connection that
        # the server closed while idle; sending is idempotent by message id, so a retry cannot send twice. A store that
        # let one timeout pass would let another pass.
        "retry": Retry(ConstantBackoff(RETRY_PAUSE_SECONDS), 1, (redis.ConnectionError,)),
        # No PING before commands and no CLIENT SETINFO, CLIENT MAINT_NOTIFICATIONS after connecting: plans count them.
        "health_check_interval": 0,
        "driver_info": None,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        "socket_timeout": COMMAND_TIMEOUT_SECONDS,
        "decode_responses": False,
    }
    if not url.startswith("unix:"):
        options["socket_connect_timeout"] = CONNECT_TIMEOUT_SECONDS
        # The subscriber may be silent for days: the kernel, not a PING, finds out that its peer is gone.
        options["socket_keepalive"] = True
        options["socket_keepalive_options"] = _keepalive_options()
    if url.startswith("rediss"):
        options["connection_class"] = TlsConnection
    return options


def _keepalive_options() -> dict[int, int]:
    wanted = {"TCP_KEEPIDLE": KEEPALIVE_IDLE_SECONDS, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
    return {getattr(socket, name): value for name, value in wanted.items() if hasattr(socket, name)}


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn every way in which Redis can be out of reach or out of order into StoreUnavailable."""
    try:
        yield
    except redis.RedisError as error:
        raise unavailable(error) from error
