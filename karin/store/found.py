"""Connections whose address is looked up each time they connect: of a primary that may be another one tomorrow."""

import socket
import weakref
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

import redis
from redis.connection import AbstractConnection
from redis.sentinel import Sentinel

from karin.redis_url import Address, RedisUrl
from karin.store.tls import TlsConnection


class Finder:
    """Knows where to connect, and which connections it has led there."""

    def __init__(self) -> None:
        self._connections: weakref.WeakSet[_Found] = weakref.WeakSet()

    def find(self) -> Sequence[Address]:
        """Return the addresses to try, the best first. Raises redis.RedisError."""
        raise NotImplementedError

    def led(self, connection: "_Found") -> None:
        """Note who was led somewhere."""
        self._connections.add(connection)

    def hang_up_elsewhere(self, addresses: Collection[Address]) -> None:
        """End the connections to any other address: a machine that is gone does not close its own."""
        for connection in list(self._connections):
            if connection.address not in addresses:
                connection.hang_up()


class Sentinels(Finder):
    """Asks the sentinels of a URL for the primary."""

    def __init__(self, url: RedisUrl, options: dict[str, Any]) -> None:
        super().__init__()
        self._service = url.service
        self._sentinel = Sentinel([])  # type: ignore[no-untyped-call]
        self._sentinel.sentinels = [redis.Redis.from_url(url.of_sentinel(address), **options) for address in url.hosts]

    def find(self) -> Sequence[Address]:
        """Return the primary."""
        address: Address = self._sentinel.discover_master(self._service)  # type: ignore[no-untyped-call]
        self.hang_up_elsewhere([address])
        return [address]


class _Found:
    """The part of a connection that finds its address."""

    host: str
    port: int
    _sock: Any

    def __init__(self, *, finder: Finder, **options: Any) -> None:
        super().__init__(**options)
        self._finder = finder

    @property
    def address(self) -> Address:
        """Return where it is connected to, or was."""
        return self.host, self.port

    def hang_up(self) -> None:
        """End the connection from any thread: whoever waits for an answer is told that there will be none."""
        with suppress(OSError, AttributeError):  # it has just been closed
            self._sock.shutdown(socket.SHUT_RDWR)

    def _connect(self) -> Any:
        error: Exception = OSError("nobody told an address")
        for host, port in self._finder.find():
            self.host, self.port = host, port
            try:
                connected = super()._connect()  # type: ignore[misc]
            except OSError as failure:
                error = failure
            else:
                self._finder.led(self)
                return connected
        raise error


class FoundConnection(_Found, redis.Connection):
    """Such a connection over TCP."""


class FoundTlsConnection(_Found, TlsConnection):
    """Such a connection over TLS."""


def led_by(finder: Finder, *, is_encrypted: bool) -> dict[str, Any]:
    """Return the options of a pool whose connections find their address."""
    kind: type[AbstractConnection] = FoundTlsConnection if is_encrypted else FoundConnection
    return {"connection_class": kind, "finder": finder}
