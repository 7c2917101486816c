"""karin on a real cluster: what other tests ask of one store, and slots and primaries that come and go."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from karin.clock import SystemClock
from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.connection import StoreUnavailable
from karin.store.faults import Faults
from karin.store.signals import SyncAsked
from karin.store.slots import slot_of
from karin.store.store import Store
from tests.many.again import run_again
from tests.many.cluster import Cluster, Server, running_cluster
from tests.store.support import ACCOUNT, create, send
from tests.support import short_folder, wait_until
from tests.system.whole import definition, running_karin

QUEUES = tuple(f"queue-{number}" for number in range(6))  # on all three primaries
FAILOVER_SECONDS = 60
LOAD_PAUSE_SECONDS = 0.05
ENOUGH = 4  # messages, until the next harm
AGAIN = (
    *("tests/store/test_sweep.py", "tests/store/test_moves.py", "tests/store/test_quotas.py"),
    *("tests/store/test_sources.py", "tests/store/test_deployment.py", "tests/scheduler/test_dead_letters.py"),
)


def test_what_other_tests_ask_of_a_store_holds_on_a_cluster() -> None:
    run_again("cluster", *AGAIN)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with short_folder() as home, running_cluster(home, with_replicas=True) as cluster:
        yield cluster


class Load(threading.Thread):
    """Sends to all queues in turn, each message until it is accepted, as SDKs do."""

    def __init__(self, sqs: Any) -> None:
        super().__init__(daemon=True)
        self.accepted: list[str] = []
        self._sqs = sqs
        self._ended = threading.Event()

    def run(self) -> None:
        urls = [self._sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in QUEUES]
        while not self._ended.wait(LOAD_PAUSE_SECONDS):
            url = urls[len(self.accepted) % len(urls)]
            self.accepted.append(self._sqs.send_message(QueueUrl=url, MessageBody="load")["MessageId"])

    def wait_for_more(self) -> None:
        """Wait until each queue has taken messages since now."""
        before = len(self.accepted)
        enough = before + ENOUGH * len(QUEUES)
        wait_until(lambda: len(self.accepted) > enough, "all queues take messages", FAILOVER_SECONDS)

    def stop(self) -> None:
        self._ended.set()
        self.join()


def test_slots_move_and_primaries_change_and_die_under_load_and_every_accepted_message_is_delivered(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.flush()
    deployment = definition(tmp_path / "functions", [{"name": name} for name in QUEUES])
    with running_karin(deployment, REDIS_URL=cluster.url) as karin:
        load = Load(karin.client())
        load.start()
        load.wait_for_more()
        moved = keys.queue(QueueId(ACCOUNT, QUEUES[0]))
        other = next(server for server in cluster.primaries if server is not cluster.owner(moved))
        cluster.migrate(slot_of(moved), other)
        load.wait_for_more()
        at_once = keys.queue(QueueId(ACCOUNT, QUEUES[2]))
        cluster.migrate_whole(
            slot_of(at_once), next(one for one in cluster.primaries if one is not cluster.owner(at_once))
        )
        load.wait_for_more()
        cluster.migrate(slot_of(keys.SCHEDULERS), other)
        retired = cluster.hand_over(keys.queue(QueueId(ACCOUNT, QUEUES[3])))
        load.wait_for_more()
        wait_until(lambda: not retired.held(), "nothing is held to a node that has become a replica", FAILOVER_SECONDS)
        victim = cluster.owner(keys.queue(QueueId(ACCOUNT, QUEUES[1])))
        victim.kill()
        load.wait_for_more()
        load.stop()
        accepted = set(load.accepted)
        wait_until(lambda: accepted <= set(karin.delivered()), "every accepted message is delivered", FAILOVER_SECONDS)
        wait_until(karin.is_healthy, "karin is healthy on two of the first primaries and a replica")
        status = karin.command("status", "--json")
        assert status.returncode == 0, status.stderr
        assert "Traceback" not in karin.log.read_text()


def test_a_node_that_is_away_takes_only_its_own_queues_along(tmp_path: Path) -> None:
    now_ms = SystemClock().now_ms()
    with short_folder() as home, running_cluster(home) as cluster:
        for server in cluster.servers:
            server.client.config_set("cluster-require-full-coverage", "no")
        store = Store.open(cluster.url, max_connections=2, faults=Faults(logging.getLogger("karin.test")))
        queues = [create(store, now_ms, QueueId(ACCOUNT, name)) for name in QUEUES]
        owners: dict[QueueId, Server] = {queue: cluster.owner(keys.queue(queue)) for queue in queues}
        lost = owners[queues[0]]
        lost.kill()
        for _ in range(3):
            for queue, owner in owners.items():
                if owner is not lost:
                    send(store, now_ms, queue=queue)
                    continue
                with pytest.raises(StoreUnavailable):
                    send(store, now_ms, queue=queue)
        assert store.signals.publish(SyncAsked()) == 0  # whoever listens on the others would hear it
        swept = store.sweeping.sweep(queues, "me", now_ms)
        assert set(swept.heads) == {queue for queue, owner in owners.items() if owner is not lost}
