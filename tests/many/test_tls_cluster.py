"""A cluster whose nodes speak TLS alone: all of karin goes over it, and what does not fit is told in one line."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from karin.sqs.names import QueueId
from karin.store import keys
from karin.store.connection import StoreUnavailable
from karin.store.faults import UNTRUSTED, Faults
from karin.store.store import Store
from tests.many.cluster import Cluster, running_cluster
from tests.many.tls import HOST, make_certificates
from tests.store.support import ACCOUNT
from tests.support import short_folder, wait_until
from tests.system.whole import definition, running_karin

QUEUES = tuple(f"queue-{number}" for number in range(3))  # one on each node
MOST_CONNECTIONS = 6
SECONDS = 60


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with short_folder() as home:
        make_certificates(home)
        with running_cluster(home, tls=home) as running:
            yield running


def test_all_of_karin_works_over_a_cluster_with_tls(cluster: Cluster, tmp_path: Path) -> None:
    mapped = definition(tmp_path / "functions", [{"name": name} for name in QUEUES])
    assert {cluster.owner(keys.queue(QueueId(ACCOUNT, name))) for name in QUEUES} == set(cluster.servers)
    with running_karin(mapped, REDIS_URL=cluster.tls_url()) as karin:
        sqs = karin.client()
        urls = [sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in QUEUES]
        sent = {sqs.send_message(QueueUrl=url, MessageBody="now")["MessageId"] for url in urls}
        sent |= {sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=1)["MessageId"] for url in urls}
        for number in range(len(QUEUES)):
            kept = sqs.create_queue(QueueName=f"kept-{number}")["QueueUrl"]
            body = sqs.send_message(QueueUrl=kept, MessageBody="kept")["MD5OfMessageBody"]
            (received,) = sqs.receive_message(QueueUrl=kept, WaitTimeSeconds=1)["Messages"]
            assert received["MD5OfBody"] == body
            sqs.delete_message(QueueUrl=kept, ReceiptHandle=received["ReceiptHandle"])
        wait_until(lambda: sent <= set(karin.delivered()), "all messages are delivered", SECONDS)
        status = karin.command("status")
        assert (status.returncode, status.stderr) == (0, "")
        assert "Traceback" not in karin.log.read_text()
        for server in cluster.servers:
            held = server.held()
            assert 2 <= len(held) <= MOST_CONNECTIONS, held


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ssl_check_hostname": "true"}, "certificate verify failed"),
        ({"ssl_ca_certs": "{folder}/other.pem"}, "certificate verify failed"),
    ],
    ids=["unknown CA", "another CA"],
)
def test_a_ca_that_does_not_fit_is_told_in_one_line_and_logged_once_for_a_node(
    cluster: Cluster, wrong: dict[str, str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = cluster.tls_url(**{name: value.format(folder=cluster.tls) for name, value in wrong.items()})
    store = Store.open(url, max_connections=1, faults=Faults(logging.getLogger("karin.test")))
    with pytest.raises(StoreUnavailable) as caught:
        store.queues.names()
    assert said in str(caught.value).lower()
    assert "\n" not in str(caught.value)
    assert caught.value.fault is UNTRUSTED
    logged = [record.getMessage() for record in caplog.records]
    assert 1 <= len(logged) <= len(cluster.servers)
    assert all(sum(f"{HOST}:{server.port}." in line for line in logged) <= 1 for server in cluster.servers)


def test_nodes_that_tell_addresses_where_the_certificate_has_a_name_are_told_in_one_line(cluster: Cluster) -> None:
    for server in cluster.servers:
        server.client.config_set("cluster-preferred-endpoint-type", "ip")
    with pytest.raises(StoreUnavailable, match=r"not valid for '127\.0\.0\.1'") as caught:
        Store.open(cluster.tls_url(), max_connections=1).queues.names()
    assert caught.value.fault is UNTRUSTED
    assert "\n" not in str(caught.value)
