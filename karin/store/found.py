"""Connections whose address is looked up each time they connect: of a primary that may be another one tomorrow."""

from collections.abc import Callable, Iterable
from typing import Any

import redis
from redis.connection import AbstractConnection
from redis.sentinel import Sentinel

from karin.redis_url import Address, RedisUrl

Find = Callable[[], Iterable[Address]]


class _Found:
    """The part of a connection that finds its address; ``find`` gives those to try, the best first."""

    host: str
    port: int

    def __init__(self, *, find: Find, **options: Any) -> None:
        super().__init__(**options)
        self._find = find

    def _connect(self) -> Any:
        error: Exception = OSError("nobody told an address")
        for host, port in self._find():
            self.host, self.port = host, port
            try:
                return super()._connect()  # type: ignore[misc]
            except OSError as failure:
                error = failure
        raise error


class FoundConnection(_Found, redis.Connection):
    """Such a connection over TCP."""


class FoundTlsConnection(_Found, redis.SSLConnection):
    """Such a connection over TLS."""


def options_to_find(url: RedisUrl, find: Find) -> dict[str, Any]:
    """Return the options of a pool whose connections find their address."""
    kind: type[AbstractConnection] = FoundTlsConnection if url.is_encrypted else FoundConnection
    return {"connection_class": kind, "find": find}


def primary_by_sentinels(url: RedisUrl, options: dict[str, Any]) -> Find:
    """Return how to ask the sentinels of a URL for the primary; raises redis.ConnectionError when none knows it."""
    sentinel = Sentinel([])  # type: ignore[no-untyped-call]
    sentinel.sentinels = [redis.Redis.from_url(url.of_sentinel(address), **options) for address in url.hosts]

    def find() -> Iterable[Address]:
        return [sentinel.discover_master(url.service)]  # type: ignore[no-untyped-call]

    return find
