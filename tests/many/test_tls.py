"""A store that speaks TLS alone: all of karin goes over it, and a certificate that does not fit is told in one line."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from karin.settings import mask_url
from karin.store.connection import StoreUnavailable
from karin.store.faults import UNTRUSTED
from karin.store.store import Store
from tests.many.tls import Secured, running_tls_store
from tests.support import short_folder, wait_until
from tests.system.whole import running_karin

LARGE = "x" * 300_000  # goes over the other connection, and comes back over the shared one in many pieces
CALLERS, EACH = 3, 5
CONNECTIONS = 15  # of which a third was once refused


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    with short_folder() as home, running_tls_store(home) as running:
        yield running


def test_all_of_karin_works_over_tls(secured: Secured) -> None:
    with running_karin(REDIS_URL=secured.url()) as karin:
        sqs = karin.client()
        mapped = sqs.get_queue_url(QueueName="hello")["QueueUrl"]
        kept = sqs.create_queue(QueueName="kept")["QueueUrl"]

        def send(caller: int) -> list[str]:
            bodies = [LARGE if number == 0 else f"small {number}" for number in range(EACH)]
            own = karin.client()
            return [str(own.send_message(QueueUrl=kept, MessageBody=body)["MessageId"]) for body in bodies]

        with ThreadPoolExecutor(CALLERS) as pool:
            sent = [message_id for ids in pool.map(send, range(CALLERS)) for message_id in ids]
        assert len(set(sent)) == CALLERS * EACH
        seen: dict[str, str] = {}
        while received := sqs.receive_message(QueueUrl=kept, MaxNumberOfMessages=10).get("Messages"):
            seen |= {message["MessageId"]: message["Body"] for message in received}
        assert seen.keys() == set(sent)
        assert sum(body == LARGE for body in seen.values()) == CALLERS
        delivered = sqs.send_message(QueueUrl=mapped, MessageBody="over TLS")["MessageId"]
        wait_until(lambda: delivered in karin.delivered(), "a nudge and a claim go over TLS", 30)
        status = karin.command("status")
        assert (status.returncode, status.stderr) == (0, "")
        assert mask_url(secured.url()) in status.stdout + karin.log.read_text()


def test_what_a_server_sends_once_a_connection_stands_is_not_taken_for_a_refusal(secured: Secured) -> None:
    for _ in range(CONNECTIONS):  # tickets for later sessions arrive before or after it is looked whether anything has
        assert Store.open(secured.url(), max_connections=1).queues.names() is not None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ssl_check_hostname": "true"}, "certificate verify failed"),
        ({"ssl_ca_certs": "{folder}/other.pem"}, "certificate verify failed"),
        ({"host": "127.0.0.1", "ssl_ca_certs": "{folder}/ca.pem"}, "not valid for '127.0.0.1'"),
        ({"ssl_ca_certs": "{folder}/server.key"}, "certificate"),
    ],
    ids=["unknown CA", "another CA", "another host", "no certificates in the file"],
)
def test_a_certificate_that_does_not_fit_is_told_in_one_line(
    secured: Secured, wrong: dict[str, str], said: str
) -> None:
    url = secured.url(**{name: value.format(folder=secured.folder) for name, value in wrong.items()})
    with pytest.raises(StoreUnavailable) as caught:
        Store.open(url, max_connections=1).queues.names()
    assert said in str(caught.value).lower()
    assert "\n" not in str(caught.value)
    assert caught.value.fault is UNTRUSTED


def test_a_server_that_wants_a_certificate_and_gets_none_is_unavailable(secured: Secured) -> None:
    # Whether its alert arrives before it closes the connection is a matter of chance.
    words = r"certificate|closed by server|reset by peer|EOF|[Bb]roken pipe"
    for _ in range(CONNECTIONS):
        with pytest.raises(StoreUnavailable, match=words):
            Store.open(secured.url(ssl_ca_certs=str(secured.folder / "ca.pem")), max_connections=1).queues.names()
