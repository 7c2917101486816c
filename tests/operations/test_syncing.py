"""What a sync makes of a deployment here: its queues exist, as they are there, and no message is touched."""

import json
from collections.abc import Sequence

import pytest
import redis
from msgspec.structs import replace

from karin.aws.unavailable import CatalogUnavailable
from karin.mapping.changes import FieldChange, MappingChange
from karin.mapping.model import FunctionUrl, LambdaFunction, MappedQueue, Mapping, Snapshot
from karin.operations import overriding
from karin.operations.context import Context
from karin.operations.syncing import MOST_URLS, QUEUES_KEPT_MS, URLS_KEPT_MS, QueueChange, SyncReport, preview, sync
from karin.operations.wording import sync_lines
from karin.sqs.names import QueueId, queue_id_from_arn
from karin.store.store import Store
from tests.clocks import ManualClock
from tests.store.dead_letters import DEAD, DEAD_FIFO, REGION, fail, redrive_policy
from tests.store.support import ACCOUNT, FIFO, QUEUE, claim, counts, send


class Deployment:
    """Stands in for AWS: a deployment which a test redeploys, and which functions were asked for their URLs."""

    def __init__(
        self,
        *queues: MappedQueue,
        mappings: tuple[Mapping, ...] = (),
        functions: tuple[LambdaFunction, ...] = (),
    ) -> None:
        self.queues = queues
        self.mappings = mappings
        self.functions = functions
        self.is_down = False
        self.asked: list[str] = []
        self.known: list[QueueId | None] = []

    def read(self, now_ms: int, region: str, known: Sequence[MappedQueue] = ()) -> Snapshot:
        """Return the deployment as it is now, but for what is known."""
        if self.is_down:
            raise CatalogUnavailable("ListFunctions: no answer")
        self.known = [queue_id_from_arn(queue.arn) for queue in known]
        queues = tuple(replace(queue, read_at_ms=now_ms) for queue in self.queues)
        return Snapshot(now_ms, ACCOUNT, region, self.functions, self.mappings, queues)

    def read_urls(
        self, functions: Sequence[LambdaFunction], now_ms: int, region: str
    ) -> tuple[tuple[LambdaFunction, ...], str | None]:
        """Return the functions, each with a URL that tells when it was asked for."""
        assert region == REGION
        self.asked += [function.name for function in functions]
        return tuple(
            replace(one, urls=(FunctionUrl(f"https://{one.name}/{now_ms}", "NONE", one.arn),), urls_read_at_ms=now_ms)
            for one in functions
        ), None


def function(name: str, revision: str = "1") -> LambdaFunction:
    """Return a function."""
    return LambdaFunction(name, f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}", revision=revision)


def mapping(uuid: str = "id-1", name: str = "work", **fields: object) -> Mapping:
    """Return a mapping of QUEUE that AWS does not poll for."""
    return Mapping(uuid, QUEUE.arn(REGION), function(name).arn, **fields)  # type: ignore[arg-type]


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


def test_what_karin_cannot_accept_of_a_queue_costs_that_attribute_and_a_warning(context: Context) -> None:
    report = sync_with(
        context,
        deployed(DEAD_FIFO, FifoQueue="true"),
        deployed(QUEUE, RedrivePolicy=redrive_policy(DEAD_FIFO, 1), VisibilityTimeout=9, DelaySeconds="soon"),
    )

    redrive, delay = report.warnings
    assert redrive.startswith("queue work: ")
    assert "Dead-letter queue must be same type of queue as the source" in redrive
    assert delay == "queue work: Invalid value for the parameter DelaySeconds. Its DelaySeconds is left as it is here."
    assert report.created_queues == (str(DEAD_FIFO), str(QUEUE))
    found = attributes_of(context, QUEUE)
    assert (found["VisibilityTimeout"], found["DelaySeconds"], "RedrivePolicy" in found) == ("9", "0", False)


def test_attributes_and_fields_that_karin_does_not_know_are_passed_over(context: Context) -> None:
    report = sync_with(context, deployed(QUEUE, QuantumEntanglement="true"))

    assert (report.warnings, report.created_queues) == ((), (str(QUEUE),))


def test_messages_are_left_alone_by_a_sync(context: Context, store: Store, clock: ManualClock) -> None:
    sync_with(context, deployed(QUEUE))
    send(store, clock.now_ms())

    sync_with(context)

    assert counts(store, clock.now_ms()) == (1, 0, 0)


def test_a_mapping_that_is_gone_leaves_its_queue_and_messages(
    context: Context, store: Store, clock: ManualClock
) -> None:
    deployment = Deployment(deployed(QUEUE), mappings=(mapping(),))
    sync(context, deployment)
    send(store, clock.now_ms())
    deployment.mappings = deployment.queues = ()

    report = sync(context, deployment)

    assert (report.removed, report.changed_queues) == (("work -> work",), ())
    assert sync_lines(report) == ["gone: work -> work (its queue and messages stay)"]
    assert counts(store, clock.now_ms()) == (1, 0, 0)


def test_a_report_tells_what_is_new_changed_and_gone_field_by_field(context: Context) -> None:
    deployment = Deployment(
        deployed(QUEUE, VisibilityTimeout=30),
        mappings=(mapping("id-1"), mapping("id-2", "old")),
    )
    sync(context, deployment)
    deployment.queues = (deployed(DEAD), deployed(QUEUE, VisibilityTimeout=60, DelaySeconds=0))
    deployment.mappings = (
        mapping("id-1", batch_size=5, window_seconds=2, max_concurrency=3, state="Enabled"),
        mapping("id-3", "young", filters=('{"body":["x"]}',)),
    )

    report = sync(context, deployment)

    changes = (
        FieldChange("state", "Disabled", "Enabled"),
        FieldChange("batch size", "10", "5"),
        FieldChange("window", "0 s", "2 s"),
        FieldChange("max concurrency", "none", "3"),
    )
    assert report.added == ("work -> young",)
    assert report.changed == (MappingChange("work -> work", changes),)
    assert report.removed == ("work -> old",)
    assert report.created_queues == (str(DEAD),)
    assert report.changed_queues == (QueueChange(str(QUEUE), (FieldChange("VisibilityTimeout", "30", "60"),)),)
    assert str(changes[1]) == "batch size 10 -> 5"
    assert sync_lines(report)[:5] == [
        "new: work -> young",
        f"changed: work -> work: {', '.join(map(str, changes))}",
        "gone: work -> old (its queue and messages stay)",
        f"new queue: {DEAD}",
        f"changed queue: {QUEUE}: VisibilityTimeout 30 -> 60",
    ]


def test_a_sync_that_changes_nothing_says_so_and_writes_to_no_queue(context: Context, raw: redis.Redis) -> None:
    policy = redrive_policy(DEAD, 3)
    reordered = json.dumps(dict(reversed(json.loads(policy).items())))
    deployment = Deployment(deployed(DEAD), deployed(QUEUE, RedrivePolicy=policy, VisibilityTimeout=9))
    sync(context, deployment)
    deployment.queues = (deployed(DEAD), deployed(QUEUE, RedrivePolicy=reordered, VisibilityTimeout="9"))
    before = raw.info("commandstats")["cmdstat_evalsha"]["calls"]

    report = sync(context, deployment)

    assert sync_lines(report) == ["nothing changed"]
    assert raw.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 2  # both were looked at


def test_what_was_changed_here_follows_aws_again(context: Context) -> None:
    deployment = Deployment(deployed(QUEUE, VisibilityTimeout=9))
    sync(context, deployment)
    context.store.queues.set_attributes(QUEUE, context.clock.now_ms(), {"VisibilityTimeout": "99"})

    report = sync(context, deployment)

    assert report.changed_queues == (QueueChange(str(QUEUE), (FieldChange("VisibilityTimeout", "99", "9"),)),)
    assert attributes_of(context, QUEUE)["VisibilityTimeout"] == "9"


def test_a_preview_tells_the_same_and_changes_nothing(context: Context, raw: redis.Redis) -> None:
    sync(context, Deployment(deployed(QUEUE), mappings=(mapping(),)))
    stored = context.store.deployment.snapshot()
    deployment = Deployment(
        deployed(DEAD),
        deployed(QUEUE, VisibilityTimeout=60),
        mappings=(mapping(batch_size=5),),
        functions=(function("f"),),
    )
    before = set(raw.scan_iter())

    planned = preview(context, deployment)

    assert (context.store.deployment.snapshot(), set(raw.scan_iter()), deployment.asked) == (stored, before, [])
    assert attributes_of(context, QUEUE)["VisibilityTimeout"] == "30"
    done = sync(context, deployment)
    assert planned.is_dry_run
    assert sync_lines(planned) == sync_lines(done)


def test_a_failure_to_read_leaves_the_old_snapshot_standing(context: Context) -> None:
    deployment = Deployment(deployed(QUEUE), mappings=(mapping(),))
    before = sync(context, deployment).snapshot
    deployment.is_down = True

    with pytest.raises(CatalogUnavailable):
        sync(context, deployment)

    assert context.store.deployment.snapshot() == before


def test_a_mapping_that_aws_polls_is_served_once_a_person_says_so_and_stays_so(context: Context) -> None:
    deployment = Deployment(deployed(QUEUE), mappings=(mapping(state="Enabled"),))
    [warning] = sync(context, deployment).warnings
    assert "karin leaves it alone: deploy it with enabled: false, or say `karin serve work`" in warning

    overriding.serve_anyway(context, deployment.mappings[0])

    snapshot = context.store.deployment.snapshot()
    assert snapshot
    assert [one.is_served for one in snapshot.mappings] == [True]
    report = sync(context, deployment)
    assert (report.changed, [one.is_served for one in report.snapshot.mappings]) == ((), [True])
    assert "karin delivers for it all the same, as you said" in report.warnings[0]

    assert overriding.serve_as_deployed(context, deployment.mappings[0])
    assert not overriding.serve_as_deployed(context, deployment.mappings[0])
    snapshot = context.store.deployment.snapshot()
    assert snapshot
    assert [one.is_served for one in snapshot.mappings] == [False]


def test_urls_are_asked_for_when_a_function_is_new_or_changed_or_a_day_has_passed(
    context: Context, clock: ManualClock
) -> None:
    deployment = Deployment(functions=(function("a"), function("b")))
    sync(context, deployment)
    deployment.functions = (function("a"), function("b", "2"), function("c"))

    report = sync(context, deployment)

    assert deployment.asked == ["a", "b", "b", "c"]
    assert [len(one.urls) for one in report.snapshot.functions] == [1, 1, 1]
    assert context.store.deployment.snapshot() == report.snapshot
    clock.advance(ms=URLS_KEPT_MS)
    sync(context, deployment)
    assert deployment.asked[4:] == ["a", "b", "c"]


def test_a_queue_is_not_looked_at_again_within_an_hour_unless_a_person_asks(
    context: Context, clock: ManualClock
) -> None:
    deployment = Deployment(deployed(QUEUE))
    sync(context, deployment)
    assert deployment.known == []

    sync(context, deployment)
    assert deployment.known == [QUEUE]
    sync(context, deployment, thoroughly=True)
    assert deployment.known == []
    preview(context, deployment)
    assert deployment.known == []
    clock.advance(ms=QUEUES_KEPT_MS)
    sync(context, deployment)
    assert deployment.known == []


def test_a_person_is_shown_every_url_as_it_is_now(context: Context) -> None:
    deployment = Deployment(functions=(function("a"), function("b")))
    sync(context, deployment)

    sync(context, deployment, thoroughly=True)

    assert deployment.asked == ["a", "b", "a", "b"]


def test_a_sync_that_nobody_waits_for_asks_for_some_urls_at_a_time(context: Context) -> None:
    deployment = Deployment(functions=tuple(function(f"f{number}") for number in range(MOST_URLS + 3)))
    sync(context, deployment)
    assert len(deployment.asked) == MOST_URLS

    sync(context, deployment)

    assert sorted(deployment.asked) == sorted(one.name for one in deployment.functions)
