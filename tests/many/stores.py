"""The kinds of store on which the tests that share one can run (``--store``), and a plain client for each."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import redis

from karin.redis_url import Kind, RedisUrl
from karin.store.cluster import ClusterClient
from tests.many.cluster import running_cluster
from tests.processes import running_store


class RawCluster(ClusterClient):
    """A plain client of all nodes."""

    def flushall(self, *_: Any, **__: Any) -> bool:
        """Empty all nodes."""
        return all(node.client.flushall() for node in self.nodes())

    def keys(self, pattern: Any = "*", **_: Any) -> list[Any]:
        """Return the keys of all nodes."""
        return list(self.scan_iter(match=pattern))

    def dbsize(self, **_: Any) -> int:
        """Return how many keys all nodes have."""
        return len(self.keys())


def raw_client(url: str, **options: Any) -> redis.Redis:
    """Return a client, to look behind a store's back; it sends nothing before its first command."""
    where = RedisUrl.parse(url)
    if where.kind is Kind.CLUSTER:
        return RawCluster(where, lambda node, _: redis.Redis.from_url(node, **options))
    return redis.Redis.from_url(url, **options)


@contextmanager
def _cluster(home: Path) -> Iterator[str]:
    with running_cluster(home) as cluster:
        yield cluster.url


STORES: dict[str, Callable[[Path], AbstractContextManager[str]]] = {"socket": running_store, "cluster": _cluster}
