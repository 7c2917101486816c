"""What a sync makes of a deployment's queues here: all of them exist, as they are there, and no message is touched."""

import json

from karin.mapping.model import MappedQueue, Snapshot
from karin.operations.context import Context
from karin.operations.syncing import SyncReport, sync
from karin.sqs.names import QueueId
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.dead_letters import DEAD, DEAD_FIFO, REGION, fail, redrive_policy
from tests.store.support import ACCOUNT, FIFO, QUEUE, claim, counts, send


class Deployment:
    """Stands in for AWS: a deployment of queues alone, which a test redeploys."""

    def __init__(self, *queues: MappedQueue) -> None:
        self.queues = queues

    def read(self, now_ms: int, region: str) -> Snapshot:
        """Return the deployment as it is now."""
        return Snapshot(now_ms, ACCOUNT, region, queues=self.queues)


def deployed(queue: QueueId, **attributes: object) -> MappedQueue:
    """Return a queue as AWS describes it, with what nobody may set beside the rest."""
    described = {name: str(value) for name, value in attributes.items()}
    return MappedQueue(queue.arn(REGION), described | {"QueueArn": queue.arn(REGION), "CreatedTimestamp": "1"})


def sync_with(context: Context, *queues: MappedQueue) -> SyncReport:
    """Sync with a deployment of these queues."""
    return sync(context, Deployment(*queues))


def attributes_of(context: Context, queue: QueueId) -> dict[str, str]:
    """Return what a queue has."""
    return context.store.queues.describe(queue, context.clock.now_ms()).attributes


def test_a_fifo_queue_is_made_with_its_own_attributes_and_defaults(context: Context) -> None:
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "DeduplicationScope": "messageGroup"}
    per_group = {"FifoThroughputLimit": "perMessageGroupId"}
    other = QueueId(ACCOUNT, "other.fifo")

    report = sync_with(
        context, deployed(FIFO, **fifo, **per_group, VisibilityTimeout=7), MappedQueue(other.arn(REGION))
    )

    assert (report.warnings, report.created_queues) == ((), (str(FIFO), str(other)))
    assert attributes_of(context, FIFO).items() >= (fifo | per_group | {"VisibilityTimeout": "7"}).items()
    defaults = {"FifoQueue": "true", "ContentBasedDeduplication": "false", "DeduplicationScope": "queue"}
    assert attributes_of(context, other).items() >= defaults.items()


def test_a_fifo_queue_that_exists_is_changed_as_it_was_changed_there(context: Context) -> None:
    sync_with(context, deployed(FIFO, FifoQueue="true", ContentBasedDeduplication="false"))

    report = sync_with(context, deployed(FIFO, FifoQueue="true", ContentBasedDeduplication="true", DelaySeconds=5))

    assert (report.warnings, report.created_queues) == ((), ())
    found = attributes_of(context, FIFO)
    assert (found["ContentBasedDeduplication"], found["DelaySeconds"]) == ("true", "5")


def test_dead_letters_of_a_synced_queue_have_somewhere_to_go(
    context: Context, store: Store, clock: ManualClock
) -> None:
    policy = redrive_policy(DEAD, 1)

    report = sync_with(context, deployed(DEAD, MessageRetentionPeriod=1_209_600), deployed(QUEUE, RedrivePolicy=policy))

    assert (report.warnings, report.created_queues) == ((), (str(DEAD), str(QUEUE)))
    assert json.loads(attributes_of(context, QUEUE)["RedrivePolicy"]) == json.loads(policy)
    send(store, clock.now_ms())
    fail(store, clock.now_ms())
    taken = claim(store, clock.now_ms())
    assert (len(taken.dead), taken.dead_letter_target) == (1, DEAD)


def test_a_redrive_policy_that_was_taken_away_there_is_taken_away_here(
    context: Context, store: Store, clock: ManualClock
) -> None:
    sync_with(context, deployed(DEAD), deployed(QUEUE, RedrivePolicy=redrive_policy(DEAD, 1)))
    send(store, clock.now_ms())
    fail(store, clock.now_ms())

    sync_with(context, deployed(QUEUE, VisibilityTimeout=9))

    assert "RedrivePolicy" not in attributes_of(context, QUEUE)
    taken = claim(store, clock.now_ms())
    assert (len(taken.messages), taken.dead) == (1, ())


def test_a_queue_that_aws_does_not_describe_keeps_what_it_has(context: Context) -> None:
    sync_with(context, deployed(DEAD), deployed(QUEUE, RedrivePolicy=redrive_policy(DEAD, 4), VisibilityTimeout=9))

    sync_with(context, MappedQueue(DEAD.arn(REGION)), MappedQueue(QUEUE.arn(REGION)))

    found = attributes_of(context, QUEUE)
    assert (json.loads(found["RedrivePolicy"])["maxReceiveCount"], found["VisibilityTimeout"]) == (4, "9")


def test_a_dead_letter_queue_of_the_other_type_is_refused_with_a_warning(context: Context) -> None:
    report = sync_with(
        context, deployed(DEAD_FIFO, FifoQueue="true"), deployed(QUEUE, RedrivePolicy=redrive_policy(DEAD_FIFO, 1))
    )

    [warning] = report.warnings
    assert warning.startswith("queue work: ")
    assert "Dead-letter queue must be same type of queue as the source" in warning
    assert report.created_queues == (str(DEAD_FIFO),)


def test_messages_are_left_alone_by_a_sync(context: Context, store: Store, clock: ManualClock) -> None:
    sync_with(context, deployed(QUEUE))
    send(store, clock.now_ms())

    sync_with(context)

    assert counts(store, clock.now_ms()) == (1, 0, 0)
