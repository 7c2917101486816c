"""What a cluster says of itself is the worst of its nodes, and what is said on one is heard on all."""

from collections.abc import Iterator

import pytest

from karin.clock import SystemClock
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.connection import StoreUnavailable
from karin.store.signals import SyncAsked
from karin.store.slots import slot_of
from karin.store.store import Store
from tests.many.cluster import Cluster, running_cluster
from tests.processes import free_port, running_store
from tests.store.support import QUEUE, claim, create, send
from tests.support import short_folder


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with short_folder() as home, running_cluster(home) as running:
        yield running


def test_the_worst_of_each_node_is_told(cluster: Cluster) -> None:
    _, second, third = cluster.primaries
    second.client.config_set("maxmemory-policy", "allkeys-lru")
    third.client.config_set("maxmemory", 10_000_000)
    told = Store.open(cluster.url, max_connections=1).inspection.look(SystemClock())
    assert told.drops_messages
    assert told.number("maxmemory") == 10_000_000
    assert told.nodes == 3
    assert set(told.lonely) == {f"127.0.0.1:{server.port}" for server in cluster.primaries}
    assert (told.uncovered, told.refusals) == (0, {})
    assert told.save == ""
    assert told.clock_ahead_ms is not None


def test_whoever_publishes_is_heard_on_all_nodes_and_told_by_how_many(cluster: Cluster) -> None:
    stores = [Store.open(cluster.url, max_connections=1) for _ in range(6)]
    listeners = [store.signals.listen(requests=True) for store in stores]  # on nodes that chance chooses
    for listener in listeners:
        assert next(listener) is None
    assert stores[0].signals.publish(SyncAsked()) == len(listeners)
    for listener in listeners:
        assert next(listener) == SyncAsked()
        listener.close()


def test_while_the_keys_of_a_queue_are_on_their_way_its_callers_are_told_so(cluster: Cluster) -> None:
    now_ms = SystemClock().now_ms()
    store = Store.open(cluster.url, max_connections=1)
    create(store, now_ms)
    sent = send(store, now_ms)
    slot, origin = slot_of(keys.queue(QUEUE)), cluster.owner(keys.queue(QUEUE))
    target = next(server for server in cluster.primaries if server is not origin)
    cluster.move_keys(slot, origin, target)
    with pytest.raises(StoreUnavailable, match="moves this queue from one node to another"):
        send(store, now_ms)
    with pytest.raises(StoreUnavailable, match="moves this queue from one node to another"):
        list(store.copying.read(now_ms))  # in a transaction
    cluster.assign(slot, origin, target)
    assert [one.message.message_id for one in claim(store, now_ms).messages] == [sent]


def test_a_node_that_knows_no_name_for_another_means_its_own(cluster: Cluster) -> None:
    for server in cluster.servers:
        server.client.config_set("cluster-preferred-endpoint-type", "hostname")  # and none has one: it says "?"
    store = Store.open(cluster.url, max_connections=1)
    queue = QueueId(QUEUE.account, "moved")
    create(store, SystemClock().now_ms(), queue)
    slot = slot_of(keys.queue(queue))
    for target in (one for one in cluster.primaries if one is not cluster.owner_of(slot)):
        cluster.migrate_whole(slot, target)
        send(store, SystemClock().now_ms(), queue=queue)


def test_a_url_of_the_wrong_kind_is_told_in_one_line(cluster: Cluster) -> None:
    taken = cluster.owner(keys.queue(QUEUE))
    other = next(server for server in cluster.primaries if server is not taken)
    with pytest.raises(StoreUnavailable, match=r"is a node of a cluster: write REDIS_URL=redis\+cluster://"):
        create(Store.open(f"redis://127.0.0.1:{other.port}", max_connections=1), SystemClock().now_ms())
    port = free_port()
    said = pytest.raises(StoreUnavailable, match=rf"127.0.0.1:{port} is no cluster: write REDIS_URL=redis://")
    with short_folder() as home, running_store(home, "--port", str(port)), said:
        Store.open(f"redis+cluster://127.0.0.1:{port}", max_connections=1).queues.names()
