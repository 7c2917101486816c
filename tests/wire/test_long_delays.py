"""Delays beyond those of SQS, where ``KARIN_MAX_DELAY_SECONDS`` allows them; it does not unless it is raised."""

from collections.abc import Callable, Iterator

import botocore.session
import pytest

from karin.clock import SystemClock
from karin.settings import YEAR_SECONDS
from karin.sqs.limits import RETENTION_SECONDS
from karin.sqs.message import Message
from karin.sqs.names import QueueId
from karin.store.messages import Claim, Settlement, Verdict
from karin.store.store import Store
from tests.processes import running_endpoint
from tests.wire.sdk import ACCOUNT, INVALID_ATTRIBUTE_VALUE, INVALID_PARAMETER, WORK, Protocol, SqsClient

FIFO = QueueId(ACCOUNT, "work.fifo")
SHORTEST_RETENTION = {"MessageRetentionPeriod": str(RETENTION_SECONDS[0])}
SHORTEST_RETENTION_MS = RETENTION_SECONDS[0] * 1000
OUT_OF_RANGE = "Value {} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= {}."

Delays = Callable[[], list[int]]


@pytest.fixture(scope="session")
def patient_url(private_store_url: str) -> Iterator[str]:
    """Run an endpoint that takes delays of up to a year."""
    with running_endpoint(private_store_url, KARIN_MAX_DELAY_SECONDS=str(YEAR_SECONDS)) as url:
        yield url


@pytest.fixture
def patient(
    protocol: Protocol, session: botocore.session.Session, patient_url: str, store_url: str
) -> Iterator[SqsClient]:
    """Return a client of that endpoint for each of the protocols, with an empty store behind it."""
    client = SqsClient(protocol, session, patient_url)
    yield client
    client.close()


def claim(store: Store, now_ms: int, queue: QueueId = WORK) -> Claim:
    """Claim what is due at an instant."""
    return store.messages.claim(queue, now_ms, most=10, most_bytes=1_000_000)


def due_at_ms(store: Store, queue: QueueId = WORK) -> int:
    """Return when the next message of a queue is due."""
    state = store.queues.describe(queue, SystemClock().now_ms())
    assert (state.ready, state.leased, state.delayed) == (0, 0, 1)
    assert state.next_due_at_ms is not None
    return state.next_due_at_ms


def bodies(taken: Claim) -> list[str]:
    """Return the bodies of what was claimed."""
    return [received.message.body for received in taken.messages]


@pytest.mark.parametrize("seconds", [901, 43_201, 1_209_601, YEAR_SECONDS])
def test_a_message_is_due_after_its_long_delay(patient: SqsClient, delays_ms: Delays, seconds: int) -> None:
    url = patient.create("work")

    patient.call("SendMessage", QueueUrl=url, MessageBody="later", DelaySeconds=seconds)
    patient.call(
        "SendMessageBatch",
        QueueUrl=url,
        Entries=[{"Id": "a", "MessageBody": "later", "DelaySeconds": seconds - 1}, {"Id": "b", "MessageBody": "now"}],
    )

    assert delays_ms() == [0, (seconds - 1) * 1000, seconds * 1000]


def test_a_queue_may_have_a_long_delay_and_shows_it(patient: SqsClient, delays_ms: Delays) -> None:
    created = patient.create("work", DelaySeconds=str(YEAR_SECONDS))
    assert patient.attributes(created)["DelaySeconds"] == str(YEAR_SECONDS)
    assert patient.create("work", DelaySeconds=str(YEAR_SECONDS)) == created
    patient.call("SendMessage", QueueUrl=created, MessageBody="later")

    patient.call("SetQueueAttributes", QueueUrl=created, Attributes={"DelaySeconds": "2592000"})
    assert patient.attributes(created)["DelaySeconds"] == "2592000"
    patient.call("SendMessage", QueueUrl=created, MessageBody="sooner")

    assert delays_ms() == [2_592_000_000, YEAR_SECONDS * 1000]


def test_a_delay_beyond_what_is_allowed_is_refused_as_sqs_does_it(patient: SqsClient, delays_ms: Delays) -> None:
    url = patient.create("work")
    seconds = YEAR_SECONDS + 1

    said = patient.refused("SendMessage", INVALID_PARAMETER, QueueUrl=url, MessageBody="x", DelaySeconds=seconds)
    assert said == OUT_OF_RANGE.format(seconds, YEAR_SECONDS)
    said = patient.refused("SendMessage", INVALID_PARAMETER, QueueUrl=url, MessageBody="x", DelaySeconds=-1)
    assert said == OUT_OF_RANGE.format(-1, YEAR_SECONDS)

    batch = [{"Id": "a", "MessageBody": "x", "DelaySeconds": seconds}]
    [failed] = patient.call("SendMessageBatch", QueueUrl=url, Entries=batch)["Failed"]
    assert (failed["Code"], failed["Message"]) == ("InvalidParameterValue", OUT_OF_RANGE.format(seconds, YEAR_SECONDS))

    for action, name in (("CreateQueue", {"QueueName": "new"}), ("SetQueueAttributes", {"QueueUrl": url})):
        said = patient.refused(action, INVALID_ATTRIBUTE_VALUE, **name, Attributes={"DelaySeconds": str(seconds)})
        assert said == "Invalid value for the parameter DelaySeconds."
    assert delays_ms() == []


def test_a_queue_of_sqs_has_no_long_delay_unless_it_is_allowed(client: SqsClient, queue_url: str) -> None:
    for action, name in (("CreateQueue", {"QueueName": "new"}), ("SetQueueAttributes", {"QueueUrl": queue_url})):
        said = client.refused(action, INVALID_ATTRIBUTE_VALUE, **name, Attributes={"DelaySeconds": "901"})
        assert said == "Invalid value for the parameter DelaySeconds."


def test_a_message_whose_delay_is_longer_than_its_retention_is_delivered_when_it_is_due(
    patient: SqsClient, store: Store
) -> None:
    url = patient.create("work", **SHORTEST_RETENTION)
    patient.call("SendMessage", QueueUrl=url, MessageBody="later", DelaySeconds=YEAR_SECONDS)
    due_ms = due_at_ms(store)
    assert claim(store, due_ms - 1).messages == ()

    taken = claim(store, due_ms)

    assert bodies(taken) == ["later"]
    store.messages.settle(WORK, due_ms, [Settlement(taken.messages[0].receipt, Verdict.RETRY, due_ms + 1000)])
    assert bodies(claim(store, due_ms + SHORTEST_RETENTION_MS - 1)) == ["later"]  # its retention counts from there
    assert claim(store, due_ms + SHORTEST_RETENTION_MS + 60_000).messages == ()
    assert claim(store, due_ms + SHORTEST_RETENTION_MS + 60_000).next_due_at_ms is None


def test_a_message_delayed_by_its_queue_for_longer_than_its_retention_is_delivered_when_it_is_due(
    patient: SqsClient, store: Store
) -> None:
    url = patient.create("work", DelaySeconds="86400", **SHORTEST_RETENTION)
    patient.call("SendMessage", QueueUrl=url, MessageBody="later")
    due_ms = due_at_ms(store)

    assert claim(store, due_ms - 1).messages == ()
    assert bodies(claim(store, due_ms)) == ["later"]


def test_a_fifo_queue_takes_a_long_delay_for_all_its_messages_and_none_of_their_own(
    patient: SqsClient, store: Store
) -> None:
    url = patient.create(
        "work.fifo", FifoQueue="true", ContentBasedDeduplication="true", DelaySeconds="86400", **SHORTEST_RETENTION
    )
    sent_from_ms = SystemClock().now_ms()
    patient.call("SendMessage", QueueUrl=url, MessageBody="later", MessageGroupId="g")
    patient.refused(
        "SendMessage", INVALID_PARAMETER, QueueUrl=url, MessageBody="x", MessageGroupId="g", DelaySeconds=901
    )
    due_ms = due_at_ms(store, FIFO)
    assert 0 <= due_ms - sent_from_ms - 86_400_000 < 60_000

    assert claim(store, due_ms - 1, FIFO).messages == ()
    taken = claim(store, due_ms, FIFO)
    assert bodies(taken) == ["later"]

    patient.call("SetQueueAttributes", QueueUrl=url, Attributes={"DelaySeconds": str(YEAR_SECONDS)})
    assert patient.attributes(url)["DelaySeconds"] == str(YEAR_SECONDS)


def test_a_message_keeps_the_instant_of_its_send(patient: SqsClient, store: Store) -> None:
    url = patient.create("work", **SHORTEST_RETENTION)
    sent_from_ms = SystemClock().now_ms()
    patient.call("SendMessage", QueueUrl=url, MessageBody="later", DelaySeconds=YEAR_SECONDS)

    [received] = claim(store, due_at_ms(store)).messages

    message: Message = received.message
    assert 0 <= message.sent_at_ms - sent_from_ms < 60_000
